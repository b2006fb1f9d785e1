"""The flap of a dissected aorta from labels of true and false lumen: a chord that keeps their shares."""

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter, map_coordinates

from echopilot_sim.anatomy.ct.centreline import SMOOTHING_VOXELS
from echopilot_sim.anatomy.ct.sections import Sections
from echopilot_sim.anatomy.tube import tangents

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

_LEAST_SHARE = 0.05  # of the section: less false lumen is no flap
_SMOOTH_VERTICES = 2.5
_LEVEL = np.linspace(-1.0, 1.0, 401)
_SHARE_BELOW = 0.5 + (_LEVEL * np.sqrt(1.0 - _LEVEL**2) + np.arcsin(_LEVEL)) / np.pi  # of a disc


def flap(
    true: Mask, false: Mask, T_patient_voxel: Array, at: Sections, u: Array, lumen_m: Array, flatness: Array
) -> tuple[Array, Array]:
    """Signed distance (n,) [m] of the flap from the centre, NaN without one, and the angle (n,) of its normal.

    The normal points from the true to the false lumen, measured from `u` (n, 3) towards tangent x u, as in Tube;
    the lumen is an ellipse of half-axis `lumen_m` (n,) along u and `flatness` (n,) times that across.
    """
    v = np.cross(tangents(at.centre_m), u)
    half = 1.25 * float(lumen_m.max())
    side = np.linspace(-half, half, 61)
    du, dv = np.meshgrid(side, side, indexing="ij")
    points = at.centre_m[:, None, None] + du[..., None] * u[:, None, None] + dv[..., None] * v[:, None, None]
    to_voxel = np.linalg.inv(T_patient_voxel)
    index = np.moveaxis(points @ to_voxel[:3, :3].T + to_voxel[:3, 3], -1, 0)
    near = np.hypot(du, dv)[None] < 1.25 * lumen_m[:, None, None]
    area, centre = [], []
    for mask in (true, false):
        field = gaussian_filter(mask.astype(np.float32), SMOOTHING_VOXELS, mode="nearest")
        value = map_coordinates(field, index, order=1, mode="nearest") * near
        weight = value.sum(axis=(1, 2))
        area.append(weight)
        moments = [(value * d).sum(axis=(1, 2)) / np.maximum(weight, 1e-9) for d in (du, dv)]
        centre.append(np.stack(moments, axis=1))
    false_share = _smooth(area[1] / np.maximum(area[0] + area[1], 1e-9))
    normal = _smooth((centre[1] - centre[0]) * np.minimum(area[0], area[1])[:, None])
    angle = np.arctan2(normal[:, 1], normal[:, 0])
    half_width = lumen_m * np.hypot(np.cos(angle), flatness * np.sin(angle))
    distance = half_width * np.interp(1.0 - false_share, _SHARE_BELOW, _LEVEL)
    return np.where(false_share > _LEAST_SHARE, distance, np.nan), angle


def _smooth(values: Array) -> Array:
    return np.asarray(gaussian_filter(values, (_SMOOTH_VERTICES, *(0.0,) * (values.ndim - 1)), mode="nearest"))
