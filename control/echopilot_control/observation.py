"""Inputs of one control tick, and the observation derived from them for the estimates and the phases."""

from dataclasses import dataclass

import numpy as np

from echopilot_control.hand_guiding import Jog, hand_guiding_twist
from echopilot_control.safety.limits import DESIGN_LIMITS, Limits, PresetLimits
from echopilot_control.surface import SkinPatch
from echopilot_core import (
    Array,
    BodyLandmarks,
    BodySurface,
    ControlGoal,
    GoalKind,
    PerceptionResult,
    RobotState,
)
from echopilot_core.timing import TICK_S
from echopilot_core.timing.pose_history import PoseHistory

FROZEN_RESULTS = 5  # so many equal ones in a row are a frozen image (hazard 1)
_HISTORY_S, _HOLD_S = 1.5, 0.02  # of the poses at which frames were acquired; the newest one holds for two ticks


@dataclass(frozen=True)
class ControlInputs:
    """One tick; `result` is the newest result that is due, or None."""

    now_ns: int
    robot: RobotState
    result: PerceptionResult | None
    surface: BodySurface | None
    landmarks: BodyLandmarks | None
    goal: ControlGoal
    jog: Jog | None = None


@dataclass(frozen=True)
class Observation:
    """One tick as estimates and phases use it; poses, velocities and normals in `base`.

    `result` is the newest result, `new_result` the same in the tick in which it is new, `T_base_probe_at_frame` the
    probe pose at its stamp. `image_age_s` is NaN without any image. `local_skin` is the skin near the probe, None until
    the body was observed. `guiding_twist` (6,) is what the operator asks for in guided mode.
    """

    now_ns: int
    dt_s: float
    robot: RobotState
    T_base_probe: Array
    result: PerceptionResult | None
    new_result: PerceptionResult | None
    T_base_probe_at_frame: Array | None
    image_age_s: float
    goal: ControlGoal
    preset_limits: PresetLimits
    limits: Limits
    local_skin: SkinPatch | None
    guiding_twist: Array

    @property
    def force_n(self) -> float:
        """Contact force along probe z [N]."""
        return self.robot.contact_force_n

    @property
    def position_m(self) -> Array:
        """Probe origin (3,)."""
        return self.T_base_probe[:3, 3]

    @property
    def rotation(self) -> Array:
        """Probe orientation (3, 3)."""
        return self.T_base_probe[:3, :3]

    @property
    def z(self) -> Array:
        """Probe axis (3,), into the patient."""
        return self.T_base_probe[:3, 2]

    @property
    def outward(self) -> Array:
        """Outward skin normal (3,) near the probe; against the probe when the skin is unknown."""
        return self.local_skin.normal if self.local_skin is not None else -self.z


@dataclass(frozen=True)
class FrozenImageDetector:
    """The newest result, how many before it were equal to it, and the stamp of the first of them [ns]."""

    result: PerceptionResult | None = None
    equal: int = 0
    first_ns: int = 0

    def updated(self, result: PerceptionResult) -> "FrozenImageDetector":
        """The detector after one more result; the same sequence again changes nothing."""
        if self.result is not None and result.sequence == self.result.sequence:
            return self
        if self.result is not None and _equal(self.result, result):
            return FrozenImageDetector(result, self.equal + 1, self.first_ns)
        return FrozenImageDetector(result, 0, result.stamp_ns)

    @property
    def stamp_ns(self) -> int:
        """When the image last changed [ns]; needs a result."""
        assert self.result is not None
        return self.first_ns if self.equal + 1 >= FROZEN_RESULTS else self.result.stamp_ns


def _equal(a: PerceptionResult, b: PerceptionResult) -> bool:
    """Equal in every number: live images have noise. Results without a label map are never called equal."""
    labels_a, labels_b = a.label_map.labels, b.label_map.labels
    return (
        labels_a.size > 1
        and a.quality == b.quality
        and np.array_equal(a.view_probability, b.view_probability)
        and np.array_equal(labels_a, labels_b)
    )


class Observer:
    """Observations from inputs: step time, new results, the age of the image, and the pose at which it was acquired."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._history = PoseHistory(_HISTORY_S, hold_s=_HOLD_S)
        self._frozen = FrozenImageDetector()
        self._last_sequence = -1
        self._last_ns: int | None = None

    def observe(self, inputs: ControlInputs, local_skin: SkinPatch | None) -> Observation:
        """The observation of one tick; `local_skin` is the skin near the probe in it."""
        robot, now_ns, goal = inputs.robot, inputs.now_ns, inputs.goal
        self._history.add(robot.stamp_ns, robot.T_base_probe)
        dt_s = TICK_S if self._last_ns is None else min(max((now_ns - self._last_ns) * 1e-9, 0.001), 0.05)
        self._last_ns = now_ns
        result = inputs.result
        self._frozen = self._frozen if result is None else self._frozen.updated(result)
        new = result if result is not None and result.sequence != self._last_sequence else None
        if new is not None:
            self._last_sequence = new.sequence
        limits = self._limits
        return Observation(
            now_ns=now_ns,
            dt_s=dt_s,
            robot=robot,
            T_base_probe=robot.T_base_probe,
            result=result,
            new_result=new,
            T_base_probe_at_frame=self._history.at(new.stamp_ns) if new is not None else None,
            image_age_s=float("nan") if result is None else (now_ns - self._frozen.stamp_ns) * 1e-9,
            goal=goal,
            preset_limits=(
                limits.preset_limits(goal.preset) if goal.preset in DESIGN_LIMITS else limits.strictest_limits()
            ),
            limits=limits,
            local_skin=local_skin,
            guiding_twist=(
                hand_guiding_twist(robot, inputs.jog, now_ns) if goal.kind is GoalKind.HOLD else np.zeros(6)
            ),
        )
