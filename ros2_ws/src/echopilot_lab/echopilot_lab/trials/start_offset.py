"""Starts of the views of a trial: seeded offsets around the priors of the controller."""

import math
from dataclasses import dataclass

import numpy as np

from echopilot_control.body_axes import BodyAxes
from echopilot_control.search.priors import SearchStart, StartPriors
from echopilot_control.surface import SkinPatch, SkinSurface
from echopilot_core import Array, ControlGoal, EchoPilotError, GoalKind, View, se3

AORTA_MM = 15.0  # the vessel is 20 mm wide: farther off, the search would begin beside another organ
FARTHEST_MM, FARTHEST_DEG = 60.0, 45.0


@dataclass(frozen=True)
class StartOffset:
    """Offset of a start from its prior: (2,) [m] along the skin (left, superior), a rotation (3,) [rad] in probe."""

    along_m: Array
    rotation_rad: Array


@dataclass(frozen=True)
class Starts:
    """Spread of the starts: uniform in a disc of `mm` along the skin; about a uniform axis by up to `deg`, uniform.

    Attempts at the same view of the same patient start from the same place. Raises EchoPilotError beyond 60 mm or 45
    degrees, where starts would leave the window or the skin.
    """

    mm: float = 30.0
    deg: float = 20.0

    def __post_init__(self) -> None:
        """Check the spread."""
        if not (0.0 <= self.mm <= FARTHEST_MM and 0.0 <= self.deg <= FARTHEST_DEG):
            raise EchoPilotError(
                f"starts {self.mm:g} mm and {self.deg:g} deg off are impossible; "
                f"choose 0 to {FARTHEST_MM:g} mm and 0 to {FARTHEST_DEG:g} deg"
            )

    def draw(self, seed: int, view: View) -> StartOffset:
        """The start of a view of patient `seed`."""
        rng = np.random.default_rng((seed, int(view)))
        azimuth, radius, angle = rng.uniform(0.0, 2.0 * math.pi), math.sqrt(rng.uniform()), rng.uniform()
        axis = rng.standard_normal(3)
        mm, deg = self.mm, self.deg
        if view is View.AORTA_TRANS:  # the direction of its beam comes from gravity and the landmarks alone
            mm, deg = min(mm, AORTA_MM), 0.0
        return StartOffset(
            1e-3 * mm * radius * np.array([math.cos(azimuth), math.sin(azimuth)]),
            math.radians(deg) * angle * axis / float(np.linalg.norm(axis)),
        )

    def of(self, seed: int, goal: ControlGoal) -> StartOffset | None:
        """The offset of a goal; None for goals that acquire no view, and without a spread."""
        if goal.kind is not GoalKind.ACQUIRE_VIEW or not (self.mm or self.deg):
            return None
        return self.draw(seed, goal.view)


USUAL = Starts()


class DisplacedPriors(StartPriors):
    """The controller's priors, displaced as drawn for one patient: how well a search does shows only from afar."""

    def __init__(self, starts: Starts, seed: int) -> None:
        self._starts, self._seed = starts, seed

    def place(self, goal: ControlGoal, axes: BodyAxes, skin: SkinSurface) -> SearchStart:
        """The displaced start of a goal on this patient."""
        start = super().place(goal, axes, skin)
        offset = self._starts.of(self._seed, goal)
        return start if offset is None else displaced(start, axes, skin, offset)


def displaced(start: SearchStart, axes: BodyAxes, skin: SkinSurface, offset: StartOffset) -> SearchStart:
    """A start moved along the skin and turned."""
    R = start.T_base_probe[:3, :3].copy() @ se3.so3_exp(offset.rotation_rad)
    patch = _moved(start.patch, axes, skin, offset.along_m)
    return SearchStart(se3.transform(R, patch.point_m), patch)


def _moved(patch: SkinPatch, axes: BodyAxes, skin: SkinSurface, along_m: Array) -> SkinPatch:
    """The skin at a step (2,) [m] to the left and upwards in the plane of a patch."""
    left = axes.left - float(axes.left @ patch.normal) * patch.normal
    left = left / float(np.linalg.norm(left))
    upwards = np.cross(left, patch.normal)
    upwards = upwards if float(upwards @ axes.superior) > 0.0 else -upwards
    return skin.patch(patch.point_m + float(along_m[0]) * left + float(along_m[1]) * upwards)
