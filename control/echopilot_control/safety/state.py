"""Inputs, memory and decision of the safety check."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from echopilot_control.kinematics.chain import ArmKinematics
from echopilot_control.safety.patient.motion import BodyMemory
from echopilot_control.safety.reasons import Reason
from echopilot_control.safety.witness.force_witness import WitnessMemory
from echopilot_control.safety.zones import Zone
from echopilot_core import (
    BodyLandmarks,
    BodySurface,
    ProbeCommand,
    RobotState,
    SafeTwist,
    SafetyMode,
    SafetyState,
)


@dataclass(frozen=True)
class OperatorInputs:
    """Requests of the operator at one tick; `enabled` is the enabling device, None where there is none."""

    stop: bool = False
    reset: bool = False
    lift_off: bool = False
    enabled: bool | None = None


SKIN = "skin"
MAY_BE_ABSENT = frozenset({SKIN})
"""Evidence that an operator may declare absent, for a robot without the sensor."""


@dataclass(frozen=True)
class SafetyInputs:
    """Inputs of one safety tick; results of perception are not among them. What nobody supplies holds the robot.

    `preset` chooses the preset limits ("" or unknown: the strictest); `commanders` counts publishers of commands,
    `publishers` those of every other stream that safety takes, by its evidence's name (None: nobody counted).
    `surface` is the newest skin. `joint_limits_rad` (n, 2), `kinematics` and `manipulability` (NaN) come from the robot
    description; `zones` are forbidden beside the throat, `unplaced_zones` names those without a place on the skin.
    `lost_nodes` names processes that died (None: nobody watches them); `enabled` is the enabling device, None where
    there is none; `clock_offset_ns` is wall clock minus steady clock, constant where nobody sets the wall clock.
    `declared_absent` names evidence that the operator declared absent, out of MAY_BE_ABSENT; `robot_faults` are those
    of the arm that the robot side tells of (`arm_faults.ARM_FAULTS`).
    """

    now_ns: int
    robot: RobotState | None
    command: ProbeCommand | None
    landmarks: BodyLandmarks | None = None
    preset: str = ""
    commanders: int = 1
    operator_stop: bool = False
    reset: bool = False
    lift_off: bool = False
    joint_limits_rad: NDArray[np.float64] | None = None
    surface: BodySurface | None = None
    zones: tuple[Zone, ...] = ()
    manipulability: float = math.nan
    lost_nodes: tuple[str, ...] | None = None
    enabled: bool | None = None
    clock_offset_ns: int = 0
    kinematics: ArmKinematics | None = None
    unplaced_zones: tuple[str, ...] = ()
    publishers: Mapping[str, int] | None = None
    declared_absent: frozenset[str] = frozenset()
    robot_faults: tuple[str, ...] = ()


@dataclass(frozen=True)
class ClockMemory:
    """Time of the last tick and wall clock minus steady clock [ns], None before the first.

    `stable_ns` is for how long time ran steadily since its last jump, None when it never jumped.
    """

    now_ns: int | None = None
    offset_ns: int | None = None
    stable_ns: int | None = None


@dataclass(frozen=True)
class CommandMemory:
    """Last accepted sequence and its time; commands in a row that were not finite; since when a process is dead.

    `refused` is the sequence of the last command that was refused for its order; its successor may confirm it.
    """

    sequence: int = -1
    accepted_ns: int = -1
    broken: int = 0
    node_lost_ns: int = -1
    refused: int = -1


@dataclass(frozen=True)
class RobotMemory:
    """Stamp of the last usable state, from which its loss is counted [ns]; tick and stamp that the next one follows.

    `refused` is the tick of the last state that was refused for its leap, `disorder_ns` when one was out of order last.
    """

    used_ns: int = -1
    tick: int = -1
    stamp_ns: int = -1
    refused: int = -1
    disorder_ns: int | None = None


@dataclass(frozen=True, eq=False)
class SkinNear:
    """Points of the seen skin (n, 3) [m] in base, and one of them (3,) near the probe, None where none is."""

    points_m: NDArray[np.float64]
    near_m: NDArray[np.float64] | None


@dataclass(frozen=True)
class ForceMemory:
    """Last force and its stamp; fast rises in a row; since when a condition holds [ns], -1 while it does not; skin."""

    force_n: float = 0.0
    stamp_ns: int = -1
    fast_rises: int = 0
    bias_since_ns: int = -1
    pressed_since_ns: int = -1
    skin: SkinNear | None = None


@dataclass(frozen=True, eq=False)
class ArmMemory:
    """The last usable robot state, and how far its parts have drifted from each other.

    `pose_drift` (6,) [m, rad] is the way of the pose less that of the twist, `joint_drift` (n,) [rad] the same of the
    joints, `twist_gap` (6,) [m/s, rad/s] twist less J dq; all forget within a fraction of a second.
    """

    robot: RobotState | None = None
    pose_drift: tuple[float, ...] = (0.0,) * 6
    joint_drift: tuple[float, ...] = ()
    twist_gap: tuple[float, ...] = (0.0,) * 6
    still_since_ns: int = -1  # since when the arm stays where it is although it was told to move


@dataclass(frozen=True)
class SkinMemory:
    """Newest image of the skin that came in order, what is wrong with its points, when one came out of order last."""

    surface: BodySurface | None = None
    reasons: tuple[Reason, ...] = ()
    disorder_ns: int | None = None


@dataclass(frozen=True)
class LandmarkMemory:
    """The landmarks in use, the skin with which they were compared, and whether they lie off it."""

    used: BodyLandmarks | None = None
    seen: BodySurface | None = None
    apart: bool = False


@dataclass(frozen=True)
class RetractMemory:
    """Where [m], when and at which force a commanded retreat began; `done` once it has ended."""

    from_m: tuple[float, float, float] | None = None
    since_ns: int = -1
    start_n: float = 0.0
    done: bool = False


@dataclass(frozen=True)
class SafetyMemory:
    """Carried from tick to tick by the caller; start with `SafetyMemory()`. `moving`: the last tick sent a motion."""

    latched: tuple[Reason, ...] = ()
    clock: ClockMemory = ClockMemory()
    robot: RobotMemory = RobotMemory()
    force: ForceMemory = ForceMemory()
    command: CommandMemory = CommandMemory()
    body: BodyMemory = BodyMemory()  # noqa: RUF009
    retract: RetractMemory = RetractMemory()
    lift: RetractMemory | None = None  # while a lift-off that an operator asked for runs
    moving: bool = False
    manipulability: float = math.inf
    arm: ArmMemory = ArmMemory()
    skin: SkinMemory = SkinMemory()
    landmarks: LandmarkMemory = LandmarkMemory()
    witness: WitnessMemory = WitnessMemory()  # noqa: RUF009
    sent: tuple[float, ...] = ()  # the last twist that left; () when none did


@dataclass(frozen=True)
class SafetyDecision:
    """`twist` None: send nothing, the robot falls into its own compliant hold."""

    memory: SafetyMemory
    twist: SafeTwist | None
    state: SafetyState

    @property
    def mode(self) -> SafetyMode:
        return self.state.mode
