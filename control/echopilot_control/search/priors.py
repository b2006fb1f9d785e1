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


_TO_SHOULDER = (-0.55, 0.62, 0.56)
_DOWN = (0.0, 1.0, 0.0)
_LEFT = (1.0, 0.0, 0.0)

PRIORS: dict[View, Prior] = {
    View.PLAX: Prior(0.17, 0.40, (-0.25, 0.95, 0.10), (-0.6, 0.0, 0.8)),
    View.PSAX_AV: Prior(0.17, 0.40, (-0.35, 0.90, 0.25), (0.8, 0.2, 0.6)),
    View.PSAX_MV: Prior(0.17, 0.40, (-0.15, 0.98, 0.05), (0.8, 0.2, 0.6)),
    View.PSAX_PM: Prior(0.20, 0.36, (0.0, 1.0, -0.1), (0.8, 0.2, 0.6)),
    View.A4C: Prior(0.50, 0.00, _TO_SHOULDER, (0.8, 0.6, 0.0)),
    View.A5C: Prior(0.50, 0.00, (-0.60, 0.50, 0.60), (0.8, 0.6, 0.0)),
    View.A2C: Prior(0.50, 0.00, _TO_SHOULDER, (0.3, 0.1, 0.9)),
    View.A3C: Prior(0.50, 0.00, _TO_SHOULDER, (-0.5, 0.0, 0.8)),
    View.SC4C: Prior(0.0, -0.12, (0.35, 0.55, 0.75), _LEFT),
    View.SC_IVC: Prior(0.0, -0.12, (-0.1, 0.95, 0.3), (0.0, 0.3, 1.0)),
    View.AORTA_TRANS: Prior(0.04, -0.10, _DOWN, _LEFT),
    View.AORTA_LONG: Prior(0.04, -0.20, _DOWN, (0.0, 0.0, 1.0)),
}


@dataclass(frozen=True)
class Start:
    """A prior placed on one patient: probe pose on the skin and the skin there."""

    T_base_probe: Array
    patch: SkinPatch


def place(view: View, axes: BodyAxes, skin: Skin) -> Start:
    """Start pose of a view on this skin; raises EchoPilotError for a view without a prior."""
    prior = PRIORS.get(view)
    if prior is None:
        raise EchoPilotError(f"no start for view {view.name}; valid: {', '.join(v.name for v in PRIORS)}")
    along = axes.sternum_m if prior.superior >= 0.0 else axes.abdomen_m
    wanted = axes.xiphoid_m + prior.left * axes.sternum_m * axes.left + prior.superior * along * axes.superior
    patch = skin.patch_below(wanted)
    R = se3.look_along(axes.R_base_patient @ np.array(prior.beam), axes.R_base_patient @ np.array(prior.marker))
    return Start(se3.transform(R, patch.point_m), patch)


def nearest_tilt(R_wanted: Array, inward: Array, limit_rad: float) -> Array:
    """Rotation closest to `R_wanted` whose z is at most `limit_rad` from `inward` (3,), turned about a common axis."""
    z = R_wanted[:, 2]
    angle = float(np.arccos(np.clip(z @ inward, -1.0, 1.0)))
    if angle <= limit_rad:
        return R_wanted
    axis = np.cross(z, inward)
    norm = float(np.linalg.norm(axis))
    if norm < 1e-6:
        return R_wanted
    turned: Array = se3.so3_exp(axis / norm * (angle - limit_rad)) @ R_wanted
    return turned
