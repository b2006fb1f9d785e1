"""The breathing skin under the probe as tangent planes: what contact needs for the next milliseconds."""

import numpy as np
from numba import njit
from numpy.typing import NDArray

from echopilot_sim.anatomy.skin import distance_normal, stiffness
from echopilot_sim.contact import SkinPatch

Array = NDArray[np.float64]


def empty_patch(n_points: int) -> SkinPatch:
    """A patch without skin: every gap is infinite."""
    return SkinPatch(
        anchor_m=np.zeros((n_points, 3)),
        normal=np.tile([0.0, 0.0, 1.0], (n_points, 1)),
        gap_m=np.full(n_points, np.inf),
        speed_m_s=np.zeros(n_points),
        stiffness_pa_m=np.ones(n_points),
    )


@njit(cache=True, nogil=True)
def take_patch(
    skin_parameters: Array,
    T_base_patient: Array,
    rotation: Array,
    origin_m: Array,
    points_m: Array,
    breathing: float,
    breathing_later: float,
    dt_s: float,
    patch: SkinPatch,
) -> None:
    """Fill `patch` for face points (M, 3) in probe at the pose (rotation, origin) in base.

    The skin's speed is that of its signed distance from `breathing` to `breathing_later`, dt_s [s] apart.
    """
    q = np.empty(3)
    for i in range(points_m.shape[0]):
        for j in range(3):
            s = origin_m[j]
            for k in range(3):
                s += rotation[j, k] * points_m[i, k]
            patch.anchor_m[i, j] = s
        for j in range(3):
            s = 0.0
            for k in range(3):
                s += T_base_patient[k, j] * (patch.anchor_m[i, k] - T_base_patient[k, 3])
            q[j] = s
        gap, nx, ny, nz = distance_normal(skin_parameters, q[0], q[1], q[2], breathing)
        later, _, _, _ = distance_normal(skin_parameters, q[0], q[1], q[2], breathing_later)
        patch.gap_m[i] = gap
        patch.speed_m_s[i] = (gap - later) / dt_s
        for j in range(3):
            patch.normal[i, j] = T_base_patient[j, 0] * nx + T_base_patient[j, 1] * ny + T_base_patient[j, 2] * nz
        patch.stiffness_pa_m[i] = stiffness(skin_parameters, q[0] - gap * nx, q[1] - gap * ny, q[2] - gap * nz)
