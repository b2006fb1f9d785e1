"""What the safety check takes, remembers and decides."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from echopilot_control.safety.reasons import Reason
from echopilot_core import BodyLandmarks, ProbeCommand, RobotState, SafeTwist, SafetyMode, SafetyState


@dataclass(frozen=True)
class SafetyInputs:
    """All that one tick of safety sees; perception is not among it.

    `preset` chooses the row of the limits ("" or unknown: the strictest); `commanders` counts publishers of commands;
    `joint_limits_rad` (n, 2) when known.
    """

    now_ns: int
    robot: RobotState | None
    command: ProbeCommand | None
    landmarks: BodyLandmarks | None = None
    preset: str = ""
    commanders: int = 1
    operator_stop: bool = False
    reset: bool = False
    joint_limits_rad: NDArray[np.float64] | None = None


@dataclass(frozen=True)
class SafetyMemory:
    """Carried from tick to tick by the caller; start with `SafetyMemory()`."""

    latched: tuple[Reason, ...] = ()
    last_now_ns: int = -1
    last_sequence: int = -1
    last_accepted_ns: int = -1
    robot_bad_since_ns: int = -1
    last_force_n: float = 0.0
    last_force_ns: int = -1
    fast_rises: int = 0
    same_since_ns: int = -1
    retract_from_m: tuple[float, float, float] | None = None
    retract_since_ns: int = -1
    retract_start_n: float = 0.0
    retract_done: bool = False


@dataclass(frozen=True)
class SafetyDecision:
    """`twist` None: send nothing, the robot falls into its own compliant hold."""

    memory: SafetyMemory
    twist: SafeTwist | None
    state: SafetyState

    @property
    def mode(self) -> SafetyMode:
        return self.state.mode
