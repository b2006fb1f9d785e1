"""What the robot tells and what it is told."""

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from echopilot_core.views import View


class RobotMode(IntEnum):
    """What the arm itself is doing."""

    SERVO = 0  # follows valid commands
    COMPLIANT_HOLD = 1  # no valid command for 50 ms: local force hold
    RETRACT = 2
    FAULT = 3


@dataclass(frozen=True)
class RobotState:
    """One control tick of the arm.

    `wrench` (6,) [N, N m] is what the patient does to the probe, in `probe` at its origin, tool weight and bias
    removed: pressing with 5 N reads wrench[2] = -5. `twist` (6,) [m/s, rad/s] is in `base` at the probe origin.
    """

    stamp_ns: int
    tick: int
    T_base_probe: NDArray[np.float64]
    twist: NDArray[np.float64]
    wrench: NDArray[np.float64]
    joint_position_rad: NDArray[np.float64]
    joint_velocity_rad_s: NDArray[np.float64]
    mode: RobotMode
    due_frame_sequence: int = -1  # lockstep: newest frame whose result is due by this tick; -1 asks for no wait

    @property
    def contact_force_n(self) -> float:
        """Normal force [N], positive when pressing."""
        return -float(self.wrench[2])


@dataclass(frozen=True)
class ProbeCommand:
    """Controller to safety: a twist (6,) [m/s, rad/s] in `base` at the probe origin, valid for a limited time."""

    stamp_ns: int
    sequence: int
    twist: NDArray[np.float64]
    force_setpoint_n: float
    frame_sequence: int  # frame that it answers; -1 when none
    valid_for_ns: int


@dataclass(frozen=True)
class SafeTwist:
    """Safety to robot (plain TwistStamped on the wire): twist (6,) in `base` at the probe origin."""

    stamp_ns: int
    twist: NDArray[np.float64]


class SafetyMode(IntEnum):
    """State of the safety process."""

    OK = 0
    HOLD = 1  # compliant hold, clears when the cause is gone
    RETRACT = 2  # latched: retract 30 mm, then hold
    STOPPED = 3  # latched: compliant hold until an operator resets


@dataclass(frozen=True)
class SafetyState:
    """What safety does and why; `reasons` are the latched names (echopilot_control.safety.reasons)."""

    stamp_ns: int
    mode: SafetyMode
    reasons: tuple[str, ...]
    soft_cap_n: float
    trip_force_n: float
    frame_sequence: int = -1


class ControlPhase(IntEnum):
    """What the controller is doing."""

    IDLE = 0
    APPROACH = 1
    TOUCH = 2
    COUPLE = 3
    SEARCH = 4
    REFINE = 5
    HOLD = 6
    SWEEP = 7
    RETREAT = 8
    RECOVER = 9  # contact lost or image stale: lateral motion frozen


class GoalKind(IntEnum):
    """What the exam asks of the controller."""

    IDLE = 0
    ACQUIRE_VIEW = 1
    SWEEP = 2
    HOLD = 3
    RETREAT = 4


class Outcome(IntEnum):
    """How a goal stands."""

    RUNNING = 0
    SUCCEEDED = 1
    NOT_FOUND = 2  # searched within limits, view not reached
    ABORTED = 3  # fault; see ControlStatus.detail
    PREEMPTED = 4


@dataclass(frozen=True)
class ControlGoal:
    """One request; a new `goal_id` replaces the running goal."""

    goal_id: int
    kind: GoalKind
    view: View = View.NONE
    force_setpoint_n: float = 5.0
    preset: str = "cardiac"  # which row of the limits table holds
    timeout_s: float = 60.0
    speed_m_s: float = 0.008  # sweeps only


@dataclass(frozen=True)
class ControlStatus:
    """State of the controller at its own tick."""

    stamp_ns: int
    tick: int
    goal_id: int
    kind: GoalKind
    phase: ControlPhase
    outcome: Outcome
    detail: str
    progress: float  # 0..1
    force_setpoint_n: float
    contact_force_n: float
    station_m: float  # arc length swept so far; NaN outside sweeps
    view_score: float  # 0..1 how well the present frame fits the goal's view
    frame_sequence: int
    frame_age_s: float  # NaN when no frame was seen
