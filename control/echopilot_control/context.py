"""What every phase sees of one tick, and what it may remember."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import isfinite

import numpy as np
from numpy.typing import NDArray

from echopilot_control.body_axes import BodyAxes
from echopilot_control.safety.limits import LimitRow, Limits
from echopilot_control.search.fusion import TargetFuser
from echopilot_control.search.homing import Homing
from echopilot_control.search.priors import Start, StartOffset
from echopilot_control.servo.centre_line import Section
from echopilot_control.surface import Skin, SkinPatch
from echopilot_control.tracking import ImageTarget
from echopilot_core import ControlGoal, ControlPhase, Outcome, Seen, View

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Context:
    """One tick. `fresh` is a result that was not seen before, `T_at_frame` the pose at its stamp; `image_age_s` NaN
    without any image; `skin` and `axes` None until the body was observed; `under` is the skin near the probe.
    """

    now_ns: int
    dt_s: float
    T: Array
    force_n: float
    seen: Seen | None
    fresh: Seen | None
    T_at_frame: Array | None
    image_age_s: float
    goal: ControlGoal
    row: LimitRow
    limits: Limits
    skin: Skin | None
    axes: BodyAxes | None
    under: SkinPatch | None
    start_offset: StartOffset | None = None
    found: Mapping[View, Array] = field(default_factory=dict)  # coordinates (5,) of the views found in this run
    beside_m: Array | None = None  # (3,) in base: how far from its place a view is tried that was held and refused
    hand: Array = field(default_factory=lambda: np.zeros(6))  # what the operator asks in guided mode, in `base`

    @property
    def position_m(self) -> Array:
        return self.T[:3, 3]

    @property
    def rotation(self) -> Array:
        return self.T[:3, :3]

    @property
    def z(self) -> Array:
        return self.T[:3, 2]

    @property
    def outward(self) -> Array:
        """Outward skin normal near the probe; against the probe when the skin is unknown."""
        return self.under.normal if self.under is not None else -self.z


def admissible_setpoint_n(goal: ControlGoal, row: LimitRow) -> float:
    """The goal's force inside its row; the row's own when the goal's is not a number."""
    return (
        min(max(goal.force_setpoint_n, 0.0), row.setpoint_max_n) if isfinite(goal.force_setpoint_n) else row.setpoint_n
    )


@dataclass
class Memory:
    """State of the goal that runs; made anew for every goal, except what lives in the controller itself."""

    phase: ControlPhase
    goal_since_ns: int
    phase_since_ns: int
    setpoint_n: float
    start: Start | None = None
    resume: ControlPhase | None = None  # where RECOVER goes back to
    recover_contact: bool = False  # RECOVER because of contact, not of images
    resume_since_ns: tuple[int, int] = (0, -1)  # phase and good time as RECOVER found them
    final: tuple[Outcome, str] | None = None  # how the goal ended, once it has
    touch_ticks: int = 0
    attempts: int = 0
    lift_from_m: Array | None = None
    recover_from_m: Array | None = None
    path_last_m: Array | None = None
    low_force_since_ns: int = -1
    good_since_ns: int = -1
    weak_since_ns: int = -1
    seen_ns: int = 0  # when the target was last believed
    image_seen_ns: int = -1
    search_travel_m: float = 0.0
    search_centre_m: Array | None = None
    R_search: Array | None = None
    best_score: float = 0.0
    T_best: Array | None = None
    descending: bool = False
    lifted: bool = False
    station_m: float = float("nan")
    sweep_lost_m: float = 0.0
    sections: list[Section] = field(default_factory=list)  # of the aorta, lately
    aorta_along: Array | None = None  # tangent of the tracked centre line, towards the feet
    score: float = 0.0
    hand: Array = field(default_factory=lambda: np.zeros(6))  # guided mode: twist that the hand has got so far
    detail: str = ""
    target: ImageTarget = field(default_factory=ImageTarget)
    fuser: TargetFuser = field(default_factory=TargetFuser)
    homing: Homing = field(default_factory=Homing)
    scout: View | None = None  # the view in whose picture the place of the goal's view is found first
    heard: dict[View, Array] = field(default_factory=dict)  # coordinates (5,) as the last look round said
    confirmed: bool = False  # the view was acquired and its gate agreed

    def enter(self, phase: ControlPhase, now_ns: int) -> None:
        """Change phase and forget what belongs to the old one."""
        if phase is not self.phase:
            self.phase, self.phase_since_ns = phase, now_ns
            self.good_since_ns = -1
            self.touch_ticks = 0
            self.low_force_since_ns = -1

    def sought(self, goal: ControlGoal) -> View:
        """The view that guidance is followed to now."""
        return self.scout or goal.view

    def in_phase_s(self, now_ns: int) -> float:
        return (now_ns - self.phase_since_ns) * 1e-9
