"""One robot under scripted twists: what is sent to it, and all states that it answered."""

import math

import numpy as np

from echopilot_control.robot_contract.rig import Rig
from echopilot_control.robot_contract.rules import ContractRule, ScenarioEndedError
from echopilot_core import Array, RobotInputs, RobotMode, RobotState, SafeTwist, SafetyMode, SafetyState
from echopilot_core.timing import TICK_S

SETPOINT_N = 5.0
_TOUCH_N, _TOO_MUCH_N = 2.0, 15.0
_APPROACH_M_S, _REACH_M = 0.015, 0.30
_GAIN_M_S_N, _SPEED_MAX_M_S = 0.004, 0.02


class ContractSession:
    """Sends twists to a fresh robot of a rig; `states` are its answers, oldest first."""

    def __init__(self, rig: Rig) -> None:
        self.rig = rig
        self._robot = rig.robot()
        self.states: list[RobotState] = [self._robot.step(RobotInputs(None, None))]

    @property
    def last(self) -> RobotState:
        """The newest state."""
        return self.states[-1]

    def along_z(self, speed_m_s: float) -> Array:
        """Twist (6,) in base along probe z as it is now."""
        return np.concatenate([speed_m_s * self.last.T_base_probe[:3, 2], np.zeros(3)])

    def send(
        self,
        twist: Array | None,
        age_ns: int = 0,
        safety: SafetyMode | None = SafetyMode.OK,
        safety_age_ns: int = 0,
        publishers: int = 1,
        safeties: int = 1,
    ) -> RobotState:
        """One tick: a twist (6,) in base and a state of safety, stamped so long before the last state (None: not)."""
        now_ns = self.last.stamp_ns
        state = None
        if safety is not None:
            state = SafetyState(now_ns - safety_age_ns, safety, (), soft_cap_n=math.inf, trip_force_n=math.inf)
        sent = None if twist is None else SafeTwist(now_ns - age_ns, twist)
        self.states.append(self._robot.step(RobotInputs(sent, state, publishers, safeties)))
        return self.last

    def silence(self, seconds: float) -> list[RobotState]:
        """No twist for so long, while safety publishes OK; the states of that time."""
        return [self.send(None) for _ in range(round(seconds / TICK_S))]

    def into_contact(self, seconds: float = 3.0) -> None:
        """Go down until the robot reads a touch, then hold the set-point of 5 N for so long.

        Raises ScenarioEndedError when the robot reads no touch, or the witness sees a force that it does not.
        """
        start_m = self.last.T_base_probe[:3, 3]
        while self.last.contact_force_n < _TOUCH_N:
            self.send(self.along_z(_APPROACH_M_S))
            self._compare_forces()
            if float(np.linalg.norm(self.last.T_base_probe[:3, 3] - start_m)) > _REACH_M or len(self.states) > 4000:
                raise ScenarioEndedError(ContractRule.FORCE_READING, f"no touch was read within {_REACH_M} m")
        for _ in range(round(seconds / TICK_S)):
            self.send(self.along_z(self.toward(SETPOINT_N)))
            self._compare_forces()

    def toward(self, force_n: float) -> float:
        """Speed [m/s] along probe z of a force control towards `force_n`."""
        return float(np.clip(_GAIN_M_S_N * (force_n - self.last.contact_force_n), -_SPEED_MAX_M_S, _SPEED_MAX_M_S))

    def _compare_forces(self) -> None:
        read_n, true_n = self.last.contact_force_n, self.rig.witness_force_n()
        if not math.isfinite(read_n) or (true_n > _TOO_MUCH_N and read_n < 0.5 * true_n):
            raise ScenarioEndedError(ContractRule.FORCE_READING, f"it reads {read_n:.1f} N, the witness {true_n:.1f} N")


def moved(before: RobotState, after: RobotState) -> Array:
    """Way (3,) [m] of the probe in base between two states."""
    return np.asarray(after.T_base_probe[:3, 3] - before.T_base_probe[:3, 3])


def advanced_m(before: RobotState, after: RobotState) -> float:
    """Way [m] along the probe's z axis between two states; negative is back."""
    return float(moved(before, after) @ before.T_base_probe[:3, 2])


def mean_force_n(states: list[RobotState]) -> float:
    """Mean contact force [N] that the robot read."""
    return float(np.mean([state.contact_force_n for state in states]))


def is_own_mode(state: RobotState) -> bool:
    """Whether the robot acts by itself rather than by a twist."""
    return state.mode in (RobotMode.COMPLIANT_HOLD, RobotMode.RETRACT)
