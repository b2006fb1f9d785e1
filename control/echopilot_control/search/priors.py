"""Priors of the views: position on the skin and direction of the probe at which each search starts."""

from dataclasses import dataclass

import numpy as np

from echopilot_control.body_axes import BodyAxes
from echopilot_control.surface import SkinPatch, SkinSurface
from echopilot_core import Array, ControlGoal, EchoPilotError, GoalKind, View, se3


@dataclass(frozen=True)
class Prior:
    """A start on the skin in patient axes, scaled by the patient's own lengths.

    The point lies `left` sternum lengths to the left and `superior` lengths above the xiphoid (sternum length above,
    xiphoid-navel length below it); `beam` and `marker` are directions (left, posterior, superior), made orthonormal.
    """

    left: float
    superior: float
    beam: tuple[float, float, float]
    marker: tuple[float, float, float]

    @property
    def rotation(self) -> Array:
        """Rotation (3, 3) of the probe in patient axes."""
        return se3.look_along(np.array(self.beam), np.array(self.marker))

    def point_m(self, axes: BodyAxes) -> Array:
        """The point (3,) in base, in the coronal plane of the xiphoid."""
        along = axes.sternum_m if self.superior >= 0.0 else axes.abdomen_m
        beside = self.left * axes.sternum_m * axes.left
        return np.asarray(axes.xiphoid_m + beside + self.superior * along * axes.superior)


_LEFT = (1.0, 0.0, 0.0)

# Medians of the points and mean directions over 150 virtual patients of the training range. Around them, with axes on
# the midline, parasternal points scatter by 4 mm sideways and 12 mm along the body, apical ones by 12 and 11 mm,
# subcostal ones by 2 and 9 mm, and directions by 3 to 6 degrees (median); the aorta by 5 mm sideways.
PRIORS: dict[View, Prior] = {
    View.PLAX: Prior(0.143, 0.341, (0.28, 0.95, -0.15), (-0.86, 0.32, 0.40)),
    View.PSAX_AV: Prior(0.143, 0.341, (0.07, 1.0, -0.06), (0.77, -0.02, 0.64)),
    View.PSAX_MV: Prior(0.143, 0.341, (0.28, 0.95, -0.15), (0.69, -0.09, 0.72)),
    View.PSAX_PM: Prior(0.143, 0.341, (0.52, 0.81, -0.26), (0.55, -0.08, 0.83)),
    View.A4C: Prior(0.612, 0.114, (-0.61, 0.75, 0.24), (0.71, 0.40, 0.58)),
    View.A5C: Prior(0.612, 0.114, (-0.70, 0.64, 0.32), (0.67, 0.42, 0.61)),
    View.A2C: Prior(0.612, 0.114, (-0.58, 0.77, 0.27), (0.07, -0.28, 0.96)),
    View.A3C: Prior(0.612, 0.114, (-0.58, 0.77, 0.27), (-0.69, -0.63, 0.34)),
    View.SC4C: Prior(0.0, -0.170, (0.40, 0.73, 0.56), (0.88, -0.48, 0.0)),
    View.SC_IVC: Prior(-0.031, -0.17, (-0.06, 0.95, 0.29), (0.59, -0.21, 0.78)),
    View.AORTA_TRANS: Prior(0.057, -0.10, (0.0, 0.985, -0.155), _LEFT),
    View.AORTA_LONG: Prior(0.055, -0.35, (0.0, 1.0, -0.06), (0.0, 0.0, 1.0)),
}


@dataclass(frozen=True)
class SearchStart:
    """A prior placed on one patient: probe pose on the skin and the skin there."""

    T_base_probe: Array
    patch: SkinPatch


def place_prior(view: View, axes: BodyAxes, skin: SkinSurface) -> SearchStart:
    """Start pose of a view on this skin; raises EchoPilotError for a view without a prior."""
    prior = PRIORS.get(view)
    if prior is None:
        raise EchoPilotError(f"no start for view {view.name}; valid: {', '.join(v.name for v in PRIORS)}")
    patch = skin.patch_below(prior.point_m(axes))
    R = axes.R_base_patient @ prior.rotation
    return SearchStart(se3.transform(R, patch.point_m), patch)


class StartPriors:
    """Source of the poses at which searches start: the table above. A subclass may place them elsewhere."""

    def place(self, goal: ControlGoal, axes: BodyAxes, skin: SkinSurface) -> SearchStart:
        """Start of a goal on this patient; a sweep starts at the transverse aorta.

        Raises EchoPilotError for a view without a prior.
        """
        return place_prior(View.AORTA_TRANS if goal.kind is GoalKind.SWEEP else goal.view, axes, skin)
