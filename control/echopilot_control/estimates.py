"""Estimates that the phases share: body, target, coordinates of views, and the force that coupling needs."""

from dataclasses import dataclass, replace
from math import isfinite

import numpy as np

from echopilot_control.body_axes import BodyAxes, body_axes, moved_m
from echopilot_control.observation import ControlInputs, Observation
from echopilot_control.sagittal_plane import aligned_to_sagittal_plane
from echopilot_control.search.fusion import TargetFuser
from echopilot_control.search.goal_start import level_with_start, start_at_place
from echopilot_control.search.pose_rounds import PoseRounds
from echopilot_control.search.priors import PRIORS, SearchStart, StartPriors
from echopilot_control.search.view_pose_model import expected_coordinates, pose_from_coordinates, view_coordinates
from echopilot_control.search.window_shift import AIM_M, STEP_M
from echopilot_control.search.windows import proxy_view_for, rotation_to_view
from echopilot_control.surface import SkinPatch, SkinSurface
from echopilot_control.tracking import ImageTarget
from echopilot_control.vectors import project_orthogonal
from echopilot_core import (
    Array,
    BodyLandmarks,
    BodySurface,
    ControlGoal,
    ControlPhase,
    EchoPilotError,
    GoalKind,
    SegmentationClass,
    View,
    se3,
    to_ns,
)
from echopilot_core.robot import FREE_N, SETTLED_N

_PATCH_TICKS, _PATCH_TICKS_FREE = 6, 3
_SKIN_KEPT_NS = to_ns(2.0)
_ANOTHER_BODY_M = 0.030  # landmarks that moved farther belong to another patient
_LUMEN_AREA_M2 = (4.0e-5, 8.0e-3)  # 7 mm to 100 mm in diameter
_LUMEN_DEPTH_M = (0.025, 0.155)
_WEAK_COUPLING = 0.55
_RAISE_AFTER_NS = 1_500_000_000
_TRACKED_NS = 700_000_000
_USABLE_M, _USABLE_RAD = 0.025, 0.45
_ENOUGH_FRAMES = 4
_LEAST_QUALITY = 0.08  # below, a rib or air hides the heart, and guidance is unreliable whatever its sigma
_FARTHEST_M = 0.080  # a target farther from its prior is an error
_VIEW_PASSES = 0.5  # view probability; above the limits of the cardiac acceptance gates
_QUALITY_PASSES = 0.3


@dataclass(frozen=True)
class HeldView:
    """The view held last, and the unit vector (3,) in base along which more of its structures were visible."""

    view: View
    richer: Array


def follows_aorta(goal: ControlGoal) -> bool:
    """True for goals whose target is the aortic lumen itself, visible from every pose near it."""
    return goal.kind is GoalKind.SWEEP or goal.view is View.AORTA_TRANS


def view_gate_passes(obs: Observation) -> bool:
    """The newest frame shows the goal's view in sufficient quality."""
    result = obs.result
    if result is None:
        return False
    return float(result.view_probability[int(obs.goal.view)]) >= _VIEW_PASSES and result.quality >= _QUALITY_PASSES


def admissible_setpoint_n(obs: Observation) -> float:
    """The goal's force inside the preset's limits; the preset's own when the goal's is not a number."""
    wanted_n, limits = obs.goal.force_setpoint_n, obs.preset_limits
    return min(max(wanted_n, 0.0), limits.setpoint_max_n) if isfinite(wanted_n) else limits.setpoint_n


class BodyModel:
    """Body of the patient: axes, skin, and the skin near the probe; None until they were observed.

    The skin is kept while the probe touches it or descends to it (`descending`), and renewed in the air at most every
    2 s. `body_error` says what was wrong with the newest landmarks or surface, "" when nothing was.
    """

    def __init__(self) -> None:
        self.axes: BodyAxes | None = None
        self.skin: SkinSurface | None = None
        self.local_skin: SkinPatch | None = None
        self.descending = False
        self.body_error = ""
        self._skin_built_ns = 0
        self._landmarks: BodyLandmarks | None = None
        self._aligned = False

    @property
    def landmarks(self) -> BodyLandmarks | None:
        """The landmarks that `axes` were made from, or refused for."""
        return self._landmarks

    def update(self, inputs: ControlInputs, tick: int) -> bool:
        """Take landmarks and surface of a tick; True when the landmarks are those of another patient.

        The local skin is fitted anew every 6 ticks of the count `tick`, in the air every 3.
        """
        robot, landmarks = inputs.robot, inputs.landmarks
        free = robot.contact_force_n < FREE_N
        another = False
        self.body_error = ""
        try:
            if landmarks is not None and landmarks is not self._landmarks:
                self.axes = body_axes(landmarks)
                another = self._landmarks is not None and moved_m(self._landmarks, landmarks) > _ANOTHER_BODY_M
                self._landmarks = landmarks
                self._aligned = False
            if inputs.surface is not None:
                self._update_skin(inputs.now_ns, free, inputs.surface)
        except EchoPilotError as error:
            self.body_error = str(error)
        every = _PATCH_TICKS_FREE if free else _PATCH_TICKS
        if self.skin is not None and (self.local_skin is None or tick % every == 0):
            self.local_skin = self.skin.patch(robot.T_base_probe[:3, 3])
        return another

    def _update_skin(self, now_ns: int, free: bool, surface: BodySurface) -> None:
        old = now_ns - self._skin_built_ns > _SKIN_KEPT_NS
        if self.skin is None or (free and old and not self.descending and surface.stamp_ns != self.skin.stamp_ns):
            self.skin = SkinSurface(surface)
            self._skin_built_ns = now_ns
        if not self._aligned and self.axes is not None and self._landmarks is not None:
            self.axes = aligned_to_sagittal_plane(self.axes, self._landmarks, self.skin)
            self._aligned = True


class Estimates:
    """One owner of what phases know beyond the present tick.

    `body` and the coordinates (5,) of found views last for the run, `begin_goal` resets the rest: `lumen`, `view_pose`
    and `rounds` track the target; `start` is where its search begins; `proxy_view` is the view by which the position
    of the goal's view is found first; `score` rates the newest image, `T_base_best` the pose of the best; `setpoint_n`
    is the force that coupling needs.
    """

    def __init__(self, priors: StartPriors) -> None:
        self.body = BodyModel()
        self._priors = priors
        self._found: dict[View, Array] = {}  # coordinates (5,) of views acquired in this run
        self._held: HeldView | None = None
        self.reset()

    def reset(self, setpoint_n: float = 0.0) -> None:
        """Forget what belongs to one goal."""
        self.setpoint_n = setpoint_n
        self.start: SearchStart | None = None
        self.proxy_view: View | None = None
        self.lumen = ImageTarget()
        self.view_pose = TargetFuser()
        self.rounds = PoseRounds()
        self.target_seen_ns = 0
        self.score = 0.0
        self.best_score = 0.0
        self.T_base_best: Array | None = None
        self._observed: dict[View, Array] = {}  # coordinates (5,) by the last round, of views of this goal
        self._confirmed = False
        self._shift_m: Array | None = None
        self._weak_since_ns = -1
        self.body.descending = False

    def observe_body(self, inputs: ControlInputs, tick: int) -> None:
        """Take landmarks and surface; views found on another patient are forgotten."""
        if self.body.update(inputs, tick):
            self._found, self._held = {}, None

    def begin_goal(self, obs: Observation) -> None:
        """Reset for the goal of a tick.

        A view that is asked for again after it was held is then tried a step to the side where more was visible.
        """
        goal, held = obs.goal, self._held
        self.reset(admissible_setpoint_n(obs))
        if goal.kind is not GoalKind.ACQUIRE_VIEW:
            return
        self._shift_m = STEP_M * held.richer if held is not None and held.view is goal.view else None
        if goal.T_base_start is None:
            self.proxy_view = proxy_view_for(goal.view, self._found.keys() - {goal.view})

    def find_start(self, goal: ControlGoal) -> SearchStart | None:
        """Set `start` to where the search of a goal begins on this patient; None while the body is unknown.

        Raises EchoPilotError for a view without a prior, and for a place of the goal's own that is refused.
        """
        axes, skin, landmarks = self.body.axes, self.body.skin, self.body.landmarks
        if axes is None or skin is None or landmarks is None:
            return None
        if goal.T_base_start is not None:
            self.start = start_at_place(goal, landmarks, skin)
            return self.start
        start = self._priors.place(goal, axes, skin)
        if self.proxy_view is not None:
            view = View.AORTA_TRANS if goal.kind is GoalKind.SWEEP else goal.view
            T = start.T_base_probe
            R = rotation_to_view(T[:3, :3], view, self.proxy_view)
            start = replace(start, T_base_probe=se3.transform(R, T[:3, 3]))
        self.start = start
        return start

    def sought_view(self, goal: ControlGoal) -> View:
        """The view whose guidance is followed now."""
        return self.proxy_view or goal.view

    def update(self, obs: Observation, phase: ControlPhase) -> None:
        """Update target, score and set-point from a new result, acquired in `phase`."""
        result, T_at_frame = obs.new_result, obs.T_base_probe_at_frame
        if result is None or T_at_frame is None:
            return
        view = self.sought_view(obs.goal)
        self.score = float(result.view_probability[int(view)]) * float(result.quality) ** 0.5
        if follows_aorta(obs.goal):
            self._update_lumen(obs)
        else:
            guidance = result.guidance_to(view)
            usable = result.quality >= _LEAST_QUALITY
            if usable and guidance is not None and self.view_pose.update(result.stamp_ns, T_at_frame, guidance):
                self.target_seen_ns = obs.now_ns
                if phase is ControlPhase.REFINE:
                    self.rounds.update(T_at_frame, result, guidance)
        if self.score > self.best_score and phase in (ControlPhase.SEARCH, ControlPhase.REFINE):
            self.best_score, self.T_base_best = self.score, T_at_frame
        self._raise_setpoint(obs, phase)

    def _update_lumen(self, obs: Observation) -> None:
        result, T_at_frame = obs.new_result, obs.T_base_probe_at_frame
        lumen = result.extent(SegmentationClass.AO_LUMEN) if result is not None else None
        if result is None or T_at_frame is None or lumen is None:
            return
        plausible = (
            _LUMEN_AREA_M2[0] < lumen.area_m2 < _LUMEN_AREA_M2[1]
            and _LUMEN_DEPTH_M[0] < lumen.centroid_y_m < _LUMEN_DEPTH_M[1]
            and np.isfinite(lumen.centroid_x_m)
            and np.isfinite(lumen.sigma_m2)
        )
        if plausible:
            sigma_m = 0.002 + 0.25 * float(np.sqrt(max(lumen.sigma_m2, 0.0)))
            self.lumen.update(result.stamp_ns, T_at_frame, lumen.centroid_x_m, lumen.centroid_y_m, sigma_m)
            self.target_seen_ns = obs.now_ns

    def _raise_setpoint(self, obs: Observation, phase: ControlPhase) -> None:
        """1 N more whenever coupling has stayed weak for 1.5 s at the settled force."""
        weak = obs.result is not None and float(np.mean(obs.result.coupling)) < _WEAK_COUPLING
        steady = abs(obs.force_n - self.setpoint_n) < SETTLED_N
        imaging = phase in (ControlPhase.SEARCH, ControlPhase.REFINE, ControlPhase.SWEEP)
        if not (weak and steady and imaging):
            self._weak_since_ns = -1
            return
        if self._weak_since_ns < 0:
            self._weak_since_ns = obs.now_ns
        if obs.now_ns - self._weak_since_ns > _RAISE_AFTER_NS:
            self.setpoint_n = min(self.setpoint_n + 1.0, obs.preset_limits.setpoint_max_n)
            self._weak_since_ns = -1

    def is_target_tracked(self, obs: Observation) -> bool:
        """True while the target is known well enough to servo on it."""
        if obs.now_ns - self.target_seen_ns > _TRACKED_NS:
            return False
        if follows_aorta(obs.goal):
            estimate = self.lumen.now(obs.now_ns, obs.T_base_probe)
            return estimate is not None and estimate.sigma_x_m < _USABLE_M
        T_base_target = self.view_pose.T_base_target
        if T_base_target is None or self.view_pose.count < _ENOUGH_FRAMES:
            return False
        if self.start is not None:
            T_base_target = level_with_start(obs.goal, T_base_target)
            offset = T_base_target[:3, 3] - self.start.T_base_probe[:3, 3]
            if float(offset @ offset) > _FARTHEST_M**2:
                return False
        sigma = self.view_pose.sigma
        return bool(sigma[:3].max() < _USABLE_M and sigma[3:].max() < _USABLE_RAD)

    def initial_rotation(self, obs: Observation) -> Array:
        """Rotation (3, 3) of the probe to begin with: of the start, else of the prior, else the present one."""
        if self.start is not None:
            return self.start.T_base_probe[:3, :3]
        prior = PRIORS.get(self.sought_view(obs.goal))
        if self.body.axes is None or prior is None:
            return obs.rotation.copy()
        return self.body.axes.R_base_patient @ prior.rotation

    def with_view_model(self, obs: Observation, T_base_view: Array, prior: bool = False) -> Array:
        """Pose (4, 4) of the sought view, given the views found earlier on this patient.

        `T_base_view` is only a guess of the pose with `prior`; without, `settle_round` has taken it as observed. A goal
        with a place of its own asks for the view elsewhere than usual, so that it is not corrected.
        """
        view, axes = self.sought_view(obs.goal), self.body.axes
        if axes is None or view not in PRIORS or obs.goal.T_base_start is not None:
            return T_base_view
        guess = view_coordinates(view, T_base_view, axes) if prior else None
        others = {other: value for other, value in self._found.items() if other is not obs.goal.view}
        expected = expected_coordinates(view, {**others, **self._observed}, axes, guess)
        if expected is None:
            return T_base_view
        T = pose_from_coordinates(view, expected, T_base_view, axes, obs.outward)
        if self._shift_m is None:
            return T
        return se3.shift_about_point(T, project_orthogonal(self._shift_m, obs.outward), AIM_M)

    def settle_round(self, obs: Observation, T_base_view: Array) -> Array:
        """Take the mean pose (4, 4) of a round as an observation; the pose given the views found earlier, too."""
        view, axes = self.sought_view(obs.goal), self.body.axes
        if axes is None or view not in PRIORS or obs.goal.T_base_start is not None:
            return T_base_view
        self._observed[view] = view_coordinates(view, T_base_view, axes)
        return self.with_view_model(obs, T_base_view)

    def confirm_view(self, confirmed: bool) -> None:
        """The view was acquired; its coordinates count for later views only when its gate passed (`confirmed`)."""
        self._confirmed = confirmed

    def end_tick(self, goal: ControlGoal, phase: ControlPhase) -> None:
        """Keep, for later goals, the coordinates of confirmed views, and the view that is being held."""
        if self._confirmed:
            self._found.update(self._observed)
        if phase is ControlPhase.HOLD and goal.kind is GoalKind.ACQUIRE_VIEW:
            self._held = HeldView(goal.view, self.rounds.richer)
