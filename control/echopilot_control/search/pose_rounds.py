"""Rounds of a dither pattern around the estimated pose of a view, each averaged over a breath."""

from collections.abc import Callable
from dataclasses import dataclass, field
from math import cos, pi, radians, sin

import numpy as np

from echopilot_control.search.fusion import TargetFuser
from echopilot_control.search.window_shift import richer_direction, visible_structure_count
from echopilot_core import Array, Guidance, PerceptionResult, se3

DITHER_S = 5.5
ENOUGH_FRAMES = 10
STEADY_M, STEADY_RAD = 0.0025, radians(3.0)
_TILT_RAD, _SPIN_RAD, _SHIFT_M = radians(9.0), radians(13.0), 0.009


@dataclass(frozen=True)
class RoundCount:
    """Fewest and most rounds about one view."""

    least: int
    most: int


ROUNDS, PROXY_ROUNDS, ROUNDS_AFTER_PROXY = RoundCount(3, 5), RoundCount(1, 2), RoundCount(1, 1)


def dither_pose(T_base_target: Array, share: float) -> Array:
    """Pose (4, 4) at a share 0..1 of a round: a figure of eight of tilts, a swing of the spin, a circle of 9 mm.

    Its fastest turn is 21 deg/s about one axis and its speed along the skin 10 mm/s, within the limits of contact.
    """
    a = 2.0 * pi * share
    turn = np.array([_TILT_RAD * sin(a), _TILT_RAD * sin(2.0 * a), _SPIN_RAD * sin(a + 1.0)])
    R = T_base_target[:3, :3]
    step = _SHIFT_M * (sin(a + 2.0) * R[:, 0] + cos(a + 2.0) * R[:, 1])
    return se3.transform(R @ se3.so3_exp(turn), T_base_target[:3, 3] + step)


@dataclass(frozen=True)
class _Visible:
    """Number of structures visible in an image, and the probe position (3,) [m] at which it was acquired."""

    point_m: Array
    count: float


@dataclass
class PoseRounds:
    """Pose of one view, refined in rounds of a dither pattern.

    Guidance predicted at one pose has the same error in every frame; at poses a few degrees apart the errors differ,
    and they are least near the view. So the probe goes to the estimated pose, moves around it for a breath, averages,
    and goes on from the mean `T_base_mean`, until that no longer moves (Newton's iteration on the guidance).
    """

    count: RoundCount = ROUNDS
    rounds: int = 0
    settled: bool = False
    started_ns: int = -1
    T_base_mean: Array | None = None
    mean: TargetFuser = field(default_factory=lambda: TargetFuser(forgets=False))
    richer: Array = field(default_factory=lambda: np.zeros(3))  # unit vector in base, towards more visible structures
    _visible: list[_Visible] = field(default_factory=list)  # in this round

    @property
    def under_way(self) -> bool:
        """Whether a round is under way."""
        return self.started_ns >= 0

    def start_round(self, T_base_target: Array, now_ns: int) -> None:
        """Begin a round about a pose (4, 4)."""
        self.T_base_mean, self.started_ns = T_base_target, now_ns
        self.mean.reset()
        self._visible.clear()

    def update(self, T_base_probe: Array, result: PerceptionResult, guidance: Guidance) -> None:
        """Take a result acquired at a probe pose (4, 4) during the round, and its guidance."""
        if self.under_way and result.stamp_ns >= self.started_ns:
            self.mean.update(result.stamp_ns, T_base_probe, guidance)
            self._visible.append(_Visible(T_base_probe[:3, 3], visible_structure_count(result)))

    def step(self, now_ns: int, lead_s: float, settle: Callable[[Array], Array] = lambda T: T) -> Array:
        """Pose (4, 4) to be at `lead_s` from now; ends the round when its time is over.

        `settle` combines the mean pose of a round with other knowledge.
        """
        assert self.T_base_mean is not None and self.under_way
        share = (now_ns - self.started_ns) * 1e-9 / DITHER_S
        if share < 1.0:
            return dither_pose(self.T_base_mean, share + lead_s / DITHER_S)
        self.started_ns = -1
        self.rounds += 1
        if self._visible:
            points = np.array([visible.point_m for visible in self._visible])
            counts = np.array([visible.count for visible in self._visible])
            self.richer = richer_direction(self.T_base_mean, points, counts)
        found = self.mean.T_base_target
        if found is None or self.mean.count < ENOUGH_FRAMES:
            self.settled = self.rounds >= self.count.most
            return self.T_base_mean
        found = settle(found)
        step = se3.log(se3.inverse(self.T_base_mean) @ found)
        small = float(np.linalg.norm(step[:3])) < STEADY_M and float(np.linalg.norm(step[3:])) < STEADY_RAD
        self.settled = (small and self.rounds >= self.count.least) or self.rounds >= self.count.most
        self.T_base_mean = found
        return found
