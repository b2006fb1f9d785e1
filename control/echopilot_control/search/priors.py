"""Table: where on the skin each view is first tried, and which way the probe looks there."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from echopilot_control.body_axes import BodyAxes
from echopilot_control.surface import Skin, SkinPatch
from echopilot_core import EchoPilotError, View, se3

Array = NDArray[np.float64]


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
class Start:
    """A prior placed on one patient: probe pose on the skin and the skin there."""

    T_base_probe: Array
    patch: SkinPatch


@dataclass(frozen=True)
class StartOffset:
    """How far off its prior a start is put: (2,) [m] along the skin (left, superior), a rotation (3,) [rad] in probe.

    For trials: what a search is worth shows only from starts that are not already there.
    """

    along_m: Array
    rotation_rad: Array


def place(view: View, axes: BodyAxes, skin: Skin, offset: StartOffset | None = None) -> Start:
    """Start pose of a view on this skin; raises EchoPilotError for a view without a prior."""
    prior = PRIORS.get(view)
    if prior is None:
        raise EchoPilotError(f"no start for view {view.name}; valid: {', '.join(v.name for v in PRIORS)}")
    patch = skin.patch_below(prior.point_m(axes))
    R = axes.R_base_patient @ prior.rotation
    if offset is not None:
        R = R @ se3.so3_exp(offset.rotation_rad)
        patch = _moved(patch, axes, skin, offset.along_m)
    return Start(se3.transform(R, patch.point_m), patch)


def _moved(patch: SkinPatch, axes: BodyAxes, skin: Skin, along_m: Array) -> SkinPatch:
    """The skin at a step (2,) [m] to the left and upwards in the plane of a patch."""
    left = axes.left - float(axes.left @ patch.normal) * patch.normal
    left = left / float(np.linalg.norm(left))
    upwards = np.cross(left, patch.normal)
    upwards = upwards if float(upwards @ axes.superior) > 0.0 else -upwards
    return skin.patch(patch.point_m + float(along_m[0]) * left + float(along_m[1]) * upwards)


def nearest_tilt(R_wanted: Array, inward: Array, limit_rad: float) -> Array:
    """Rotation closest to `R_wanted` whose z is at most `limit_rad` from `inward` (3,), turned about a common axis."""
    z = R_wanted[:, 2]
    angle = float(np.arccos(np.clip(z @ inward, -1.0, 1.0)))
    if angle <= limit_rad:
        return R_wanted
    axis = se3.hat(z) @ inward
    norm = float(np.linalg.norm(axis))
    if norm < 1e-6:
        return R_wanted
    turned: Array = se3.so3_exp(axis / norm * (angle - limit_rad)) @ R_wanted
    return turned
