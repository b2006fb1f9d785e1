"""State and command of the robot, and the contact forces that all packages share."""

from dataclasses import dataclass, field
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from echopilot_core.frame import Preset
from echopilot_core.vocabulary import View

HARD_LIMIT_N = 20.0
"""No true normal force may pass this; every physics step above it is counted."""

CONTACT_N = 1.0
"""Above it the probe touches the patient: contact limits hold, and a latched stop is not reset."""

RESTING_N = 0.8
"""Above it an idle arm stays in contact; below CONTACT_N, because a light contact varies with breathing."""

REGAINED_N = 1.5
"""Contact that was lost counts as regained only clearly above CONTACT_N."""

SETTLED_N = 1.0
"""A force counts as settled within this of its set-point."""

FREE_N = 0.5
"""Below it the probe is free: the controller moves in air, resets its estimate of skin stiffness, and ends a lift."""

FRAME_KG = 1e-4
"""A link of less in a URDF is a frame: Gazebo drops links without any mass, so frames that it must keep have a little.
"""


class RobotMode(IntEnum):
    """Mode of the arm's own controller."""

    SERVO = 0  # follows valid commands
    COMPLIANT_HOLD = 1  # no valid command for 50 ms: local force hold
    RETRACT = 2
    FAULT = 3


@dataclass(frozen=True)
class RobotState:
    """One control tick of the arm.

    `wrench` (6,) [N, N m] is exerted by the patient on the probe, in `probe` at its origin, tool weight and bias
    removed: pressing with 5 N reads wrench[2] = -5. `twist` (6,) [m/s, rad/s] is in `base` at the probe origin.
    `joint_effort_n_m` are the torques of the motors, None where the arm does not report them.
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
    joint_names: tuple[str, ...] = ()
    joint_effort_n_m: NDArray[np.float64] | None = None

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
    """Mode of safety with its causes; `reasons` are the latched names (echopilot_control.safety.reasons)."""

    stamp_ns: int
    mode: SafetyMode
    reasons: tuple[str, ...]
    soft_cap_n: float
    trip_force_n: float
    frame_sequence: int = -1


class ControlPhase(IntEnum):
    """Phase of the controller."""

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


IMAGE_DRIVEN_PHASES = frozenset({ControlPhase.SEARCH, ControlPhase.REFINE, ControlPhase.HOLD, ControlPhase.SWEEP})
"""Phases in which the image determines the probe's motion; none continues without a fresh one."""

CONTACT_PHASES = IMAGE_DRIVEN_PHASES | {ControlPhase.TOUCH, ControlPhase.COUPLE}
"""The probe is meant to touch the patient."""


class GoalKind(IntEnum):
    """Kind of a goal that the exam gives the controller."""

    IDLE = 0
    ACQUIRE_VIEW = 1
    SWEEP = 2
    HOLD = 3
    RETREAT = 4


class Outcome(IntEnum):
    """Outcome of a goal."""

    RUNNING = 0
    SUCCEEDED = 1
    NOT_FOUND = 2  # searched within limits, view not reached
    ABORTED = 3  # fault; see ControlStatus.detail
    PREEMPTED = 4


@dataclass(frozen=True)
class ControlGoal:
    """One request; a new `goal_id` replaces the running goal.

    `T_base_start` (4, 4) is the probe pose at which the search or the sweep begins, None for the prior of the view; a
    place that is out of reach or off the patient aborts the goal with the reason. `sweep_m` is the length of a sweep
    along the skin [m], 0 for one to the end of the vessel.
    """

    goal_id: int
    kind: GoalKind
    view: View = View.NONE
    force_setpoint_n: float = 5.0
    preset: str = Preset.CARDIAC  # which row of the limits table holds
    timeout_s: float = 60.0
    speed_m_s: float = 0.008  # sweeps only
    T_base_start: NDArray[np.float64] | None = field(default=None, compare=False)
    sweep_m: float = 0.0


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
    frame_age_s: float  # NaN before the first result
