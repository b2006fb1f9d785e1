"""What the safety check takes, remembers and decides."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from echopilot_control.safety.patient import BodyMemory
from echopilot_control.safety.reasons import Reason
from echopilot_control.safety.zones import Zone
from echopilot_core import BodyLandmarks, BodySurface, ProbeCommand, RobotState, SafeTwist, SafetyMode, SafetyState


@dataclass(frozen=True)
class SafetyInputs:
    """All that one tick of safety sees; perception's results are not among it.

    `preset` chooses the row of the limits ("" or unknown: the strictest); `commanders` counts publishers of commands;
    `joint_limits_rad` (n, 2) when known; `surface` is the newest skin; `zones` are forbidden beside the throat;
    `manipulability` of the arm, infinite when nobody tells;
    `lost_nodes` names processes that died; `enabled` is the enabling device, None where there is none;
    `clock_offset_ns` is wall clock minus steady clock, constant where nobody sets the wall clock.
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
    manipulability: float = math.inf
    lost_nodes: tuple[str, ...] = ()
    enabled: bool | None = None
    clock_offset_ns: int = 0


@dataclass(frozen=True)
class ClockMemory:
    """Time of the last tick, of the last jump, and wall clock minus steady clock [ns]; -1 and None before the first."""

    now_ns: int = -1
    jump_ns: int = -1
    offset_ns: int | None = None


@dataclass(frozen=True)
class CommandMemory:
    """Last accepted sequence and its time; commands in a row that were not finite; since when a process is dead."""

    sequence: int = -1
    accepted_ns: int = -1
    broken: int = 0
    node_lost_ns: int = -1


@dataclass(frozen=True)
class ForceMemory:
    """Last force and its stamp; fast rises in a row; since when a condition holds [ns], -1 while it does not."""

    force_n: float = 0.0
    stamp_ns: int = -1
    fast_rises: int = 0
    same_since_ns: int = -1
    bias_since_ns: int = -1
    pressed_since_ns: int = -1


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
    robot_ns: int = -1  # stamp of the last usable robot state
    force: ForceMemory = ForceMemory()
    command: CommandMemory = CommandMemory()
    body: BodyMemory = BodyMemory()  # noqa: RUF009
    retract: RetractMemory = RetractMemory()
    lift: RetractMemory | None = None  # while a lift-off that an operator asked for runs
    moving: bool = False
    manipulability: float = math.inf


@dataclass(frozen=True)
class SafetyDecision:
    """`twist` None: send nothing, the robot falls into its own compliant hold."""

    memory: SafetyMemory
    twist: SafeTwist | None
    state: SafetyState

    @property
    def mode(self) -> SafetyMode:
        return self.state.mode
