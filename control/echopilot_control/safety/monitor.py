"""Safety over a run: assembles the inputs of each check and carries its memory from tick to tick."""

import math
from collections import Counter
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from echopilot_control.kinematics.arm_model import ArmDynamics, read_arm
from echopilot_control.kinematics.chain import ArmKinematics, arm_kinematics, manipulability
from echopilot_control.kinematics.joint_limits import joint_limits_rad
from echopilot_control.safety.check import check
from echopilot_control.safety.limits import Limits
from echopilot_control.safety.reasons import Reason
from echopilot_control.safety.robot_checks import order
from echopilot_control.safety.state import (
    MAY_BE_ABSENT,
    OperatorInputs,
    RetractMemory,
    SafetyDecision,
    SafetyInputs,
    SafetyMemory,
)
from echopilot_control.safety.zones import MarkedZone, Zone, on_skin
from echopilot_control.vectors import all_finite
from echopilot_core import BodyLandmarks, BodySurface, EchoPilotError, ProbeCommand, RobotState, SafetyState


def log_line(state: SafetyState) -> str:
    """One line: the mode, then every reason with its text and hazard row; "OK" when there is none."""
    reasons = [Reason[name] for name in state.reasons]
    listed = "; ".join(f"{r.name} ({r.value.text}, hazard {r.value.row})" for r in reasons)
    return f"{state.mode.name} {listed}".rstrip()


_NO_OPERATOR = OperatorInputs()
_REFUSALS = {
    reason.name
    for reason in (
        Reason.ROBOT_ORDER,
        Reason.ROBOT_LEAP,
        Reason.ROBOT_FUTURE,
        Reason.COMMAND_FUTURE,
        Reason.COMMAND_LEAP,
        Reason.COMMAND_REPEATED,
        Reason.COMMAND_SEQUENCE,
    )
}


def _remembered(latched: tuple[Reason, ...]) -> SafetyMemory:
    return SafetyMemory(latched=latched, retract=RetractMemory(done=bool(latched)))


class SafetyMonitor:
    """The only place that builds `SafetyInputs`: the safety process and the loop without ROS both use it."""

    def __init__(
        self,
        limits: Limits,
        zones: tuple[MarkedZone, ...] = (),
        robot_description: str = "",
        latched: tuple[Reason, ...] = (),
        absent: frozenset[str] = frozenset(),
    ) -> None:
        """`zones` are marked by the operator; `robot_description` is a URDF, "" while it is not known.

        `latched` are the reasons of an earlier process that no operator has reset (`latches.latches_from_json`); the
        retreat that they asked for is not begun again. `absent` names evidence that this robot has no sensor for.

        Raises:
            EchoPilotError: something is declared absent that has to be there.
            ValueError: the description has no usable joint limits or no chain of joints.
        """
        self.limits = limits
        self.refused: Counter[str] = Counter()
        self._marked = zones
        self._memory = _remembered(latched)
        if not absent <= MAY_BE_ABSENT:
            wrong, valid = ", ".join(sorted(absent - MAY_BE_ABSENT)), ", ".join(sorted(MAY_BE_ABSENT))
            raise EchoPilotError(f"'{wrong}' cannot be declared absent; valid: {valid}")
        self._absent = absent
        self._zones: dict[str, Zone] = {}
        self._placed_for: BodyLandmarks | None = None
        self._joint_limits_rad: NDArray[np.float64] | None = None
        self._arm: ArmDynamics | None = None
        if robot_description:
            self.describe(robot_description)

    def describe(self, robot_description: str) -> None:
        """Take joint limits and arm model from a URDF; ValueError, keeping what was known, where it has none."""
        limits_rad, arm = joint_limits_rad(robot_description), read_arm(robot_description)
        self._joint_limits_rad, self._arm = limits_rad, arm

    @property
    def latched(self) -> tuple[Reason, ...]:
        """Reasons that only a reset ends; whoever outlives the process keeps them before they are announced."""
        return self._memory.latched

    def follows(self, robot: RobotState) -> bool:
        """Whether tick and stamp of a robot state are in order after those before."""
        return order(robot, self._memory.robot) is None

    def restart(self) -> None:
        """Another patient, or a robot that said that it begins again; a tick that falls does not say so.

        Robot description, marked zones and latched reasons stay.
        """
        self._memory = _remembered(self._memory.latched)
        self._zones, self._placed_for = {}, None

    def inputs(
        self,
        now_ns: int,
        robot: RobotState | None,
        command: ProbeCommand | None,
        surface: BodySurface | None,
        landmarks: BodyLandmarks | None,
        preset: str,
        commanders: int = 1,
        operator: OperatorInputs = _NO_OPERATOR,
        lost_nodes: tuple[str, ...] | None = None,
        clock_offset_ns: int = 0,
        publishers: Mapping[str, int] | None = None,
        robot_faults: tuple[str, ...] = (),
    ) -> SafetyInputs:
        """Inputs of the check of one tick; the arguments are those of `SafetyInputs`."""
        zones, unplaced = self._zones_on(surface, landmarks)
        kinematics = self._kinematics(robot)
        return SafetyInputs(
            now_ns=now_ns,
            robot=robot,
            command=command,
            landmarks=landmarks,
            preset=preset,
            commanders=commanders,
            operator_stop=operator.stop,
            reset=operator.reset,
            lift_off=operator.lift_off,
            joint_limits_rad=self._joint_limits_rad,
            surface=surface,
            zones=zones,
            manipulability=math.nan if kinematics is None else manipulability(kinematics.J),
            lost_nodes=lost_nodes,
            enabled=operator.enabled,
            clock_offset_ns=clock_offset_ns,
            kinematics=kinematics,
            unplaced_zones=unplaced,
            publishers=publishers,
            declared_absent=self._absent,
            robot_faults=robot_faults,
        )

    def decide(self, inputs: SafetyInputs) -> SafetyDecision:
        """Check one tick and remember what the next one needs; `refused` counts the ticks in which a message was."""
        decision = check(self._memory, inputs, self.limits)
        self.refused.update(name for name in decision.state.reasons if name in _REFUSALS)
        self._memory = decision.memory
        return decision

    def _zones_on(
        self, surface: BodySurface | None, landmarks: BodyLandmarks | None
    ) -> tuple[tuple[Zone, ...], tuple[str, ...]]:
        """Marked zones on the skin, and the names of those without a place.

        They are placed once landmarks and skin are known, and anew for other landmarks; a place that was good stays
        until a better one is found.
        """
        if self._marked and landmarks is not None and surface is not None and landmarks is not self._placed_for:
            placed = on_skin(self._marked, landmarks, surface)
            self._zones.update({zone.name: zone for zone in placed})
            if len(placed) == len(self._marked):
                self._placed_for = landmarks
        unplaced = tuple(zone.name for zone in self._marked if zone.name not in self._zones)
        return tuple(self._zones.values()), unplaced

    def _kinematics(self, robot: RobotState | None) -> ArmKinematics | None:
        """None while the arm is not described, or the joints are those of another one, or not finite."""
        if robot is None or self._arm is None:
            return None
        q = robot.joint_position_rad
        if q.shape != self._arm.mass_kg.shape or not all_finite(q):
            return None
        return arm_kinematics(self._arm, q)
