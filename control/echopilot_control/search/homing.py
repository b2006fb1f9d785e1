"""Rounds of looking round the believed pose of a view, each of them averaged over a breath."""

from collections.abc import Callable
from dataclasses import dataclass, field
from math import cos, pi, radians, sin

import numpy as np
from numpy.typing import NDArray

from echopilot_control.search.beside import richer_side, richness
from echopilot_control.search.fusion import TargetFuser
from echopilot_core import Guidance, Seen, se3

Array = NDArray[np.float64]

ROUNDS = (3, 5)  # at least and at most
SCOUT_ROUNDS, SCOUTED_ROUNDS = (1, 2), (1, 1)  # the same where one view finds the place of another, and for the other
LOOK_S = 5.5
ENOUGH_FRAMES = 10
STEADY_M, STEADY_RAD = 0.0025, radians(3.0)
_TILT_RAD, _SPIN_RAD, _SHIFT_M = radians(9.0), radians(13.0), 0.009


def look_round(T_base_target: Array, share: float) -> Array:
    """Pose (4, 4) at a share 0..1 of a look round: a figure of eight of tilts, a swing of the spin, a circle of 9 mm.

    Its fastest turn is 21 deg/s about one axis and its speed along the skin 10 mm/s, within the limits of contact.
    """
    a = 2.0 * pi * share
    turn = np.array([_TILT_RAD * sin(a), _TILT_RAD * sin(2.0 * a), _SPIN_RAD * sin(a + 1.0)])
    R = T_base_target[:3, :3]
    step = _SHIFT_M * (sin(a + 2.0) * R[:, 0] + cos(a + 2.0) * R[:, 1])
    return se3.transform(R @ se3.so3_exp(turn), T_base_target[:3, 3] + step)


@dataclass
class Homing:
    """Where one view is believed to be, and how often the probe has looked round there.

    What the network says from one pose errs alike in every frame; from poses a few degrees apart the errors are
    others, and it errs least near the view. So the probe goes to the believed pose, looks round it for a breath,
    averages, and goes on from the mean, until that moves no more (Newton's iteration on the guidance).
    """

    least_and_most: tuple[int, int] = ROUNDS
    rounds: int = 0
    settled: bool = False
    looking_since_ns: int = -1
    T_home: Array | None = None
    mean: TargetFuser = field(default_factory=lambda: TargetFuser(forgets=False))
    richer: Array = field(default_factory=lambda: np.zeros(3))  # unit vector in base: where the last look saw more
    shown: list[tuple[Array, float]] = field(default_factory=list)  # places of this look and what was seen there

    @property
    def looking(self) -> bool:
        """Whether a look round is under way."""
        return self.looking_since_ns >= 0

    def start_look(self, T_base_target: Array, now_ns: int) -> None:
        """Begin to look round a pose (4, 4)."""
        self.T_home, self.looking_since_ns = T_base_target, now_ns
        self.mean.reset()
        self.shown.clear()

    def hear(self, T_base_probe: Array, seen: Seen, guidance: Guidance) -> None:
        """Take what was seen during the look round at a pose (4, 4), and the guidance of it."""
        if self.looking and seen.stamp_ns >= self.looking_since_ns:
            self.mean.update(seen.stamp_ns, T_base_probe, guidance)
            self.shown.append((T_base_probe[:3, 3], richness(seen)))

    def look(self, now_ns: int, lead_s: float, settle: Callable[[Array], Array] = lambda T: T) -> Array:
        """Pose (4, 4) to be at `lead_s` from now; ends the look round when its time is over.

        `settle` amends the mean pose by what else is known.
        """
        assert self.T_home is not None and self.looking
        share = (now_ns - self.looking_since_ns) * 1e-9 / LOOK_S
        if share < 1.0:
            return look_round(self.T_home, share + lead_s / LOOK_S)
        self.looking_since_ns = -1
        self.rounds += 1
        if self.shown:
            points, shown = zip(*self.shown, strict=True)
            self.richer = richer_side(self.T_home, np.array(points), np.array(shown))
        found = self.mean.T_base_target
        if found is None or self.mean.count < ENOUGH_FRAMES:
            self.settled = self.rounds >= self.least_and_most[1]
            return self.T_home
        found = settle(found)
        step = se3.log(se3.inverse(self.T_home) @ found)
        small = float(np.linalg.norm(step[:3])) < STEADY_M and float(np.linalg.norm(step[3:])) < STEADY_RAD
        least, most = self.least_and_most
        self.settled = (small and self.rounds >= least) or self.rounds >= most
        self.T_home = found
        return found
