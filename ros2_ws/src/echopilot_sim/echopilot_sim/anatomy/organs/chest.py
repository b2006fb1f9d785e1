"""Chest contents around the heart: lungs with their cardiac notch, mediastinum, diaphragm."""

import math

from echopilot_core import Array
from echopilot_core.kernels.compiled import njit
from echopilot_sim.anatomy.labels.materials import Material

_LUNG, _MEDIASTINUM, _DIAPHRAGM = int(Material.LUNG), int(Material.MEDIASTINUM), int(Material.DIAPHRAGM)
_MUSCLE, _FAT = int(Material.MUSCLE), int(Material.FAT)


@njit(cache=True, nogil=True, error_model="numpy")
def dome(x: float, S: float) -> float:
    """Height z [m] of the diaphragm: higher on the right, falling to the wall; S is the inside measure of the skin."""
    return 0.012 + 0.022 * math.exp(-(((x + 0.075) / 0.05) ** 2)) - 0.105 * S * S


@njit(cache=True, nogil=True, error_model="numpy")
def around_heart(x: float, y: float, z: float, apex: Array, R: Array) -> bool:
    """True in the hull of the heart."""
    hx, hy, hz = x - apex[0], y - apex[1], z - apex[2]
    ha = R[0, 0] * hx + R[1, 0] * hy + R[2, 0] * hz
    hb = R[0, 1] * hx + R[1, 1] * hy + R[2, 1] * hz
    hc = R[0, 2] * hx + R[1, 2] * hy + R[2, 2] * hz
    return bool(((ha - 0.018) / 0.064) ** 2 + ((hb - 0.004) / 0.054) ** 2 + ((hc - 0.066) / 0.080) ** 2 < 1.0)


@njit(cache=True, nogil=True, error_model="numpy")
def chest(x: float, y: float, z: float, apex: Array, R: Array, free: Array, overlap: float) -> int:
    """Lung or mediastinum above the diaphragm, outside the hull of the heart.

    `free` (n, 8): paths without lung, each start, span, radius at the start and its growth to the end. The left lung
    covers the apical window `overlap` [m] farther than usual.
    """
    hx, hy, hz = x - apex[0], y - apex[1], z - apex[2]
    ha = R[0, 0] * hx + R[1, 0] * hy + R[2, 0] * hz
    hb = R[0, 1] * hx + R[1, 1] * hy + R[2, 1] * hz
    hc = R[0, 2] * hx + R[1, 2] * hy + R[2, 2] * hz
    if hc < 0.035 and ha * ha + hb * hb < (0.021 - overlap + 0.45 * max(hc + 0.02, 0.0)) ** 2:
        return _MEDIASTINUM
    for k in range(free.shape[0]):
        w = free[k]
        wx, wy, wz = x - w[0], y - w[1], z - w[2]
        t = (wx * w[3] + wy * w[4] + wz * w[5]) / (w[3] * w[3] + w[4] * w[4] + w[5] * w[5])
        t = min(max(t, 0.0), 1.0)
        if (wx - t * w[3]) ** 2 + (wy - t * w[4]) ** 2 + (wz - t * w[5]) ** 2 < (w[6] + w[7] * t) ** 2:
            return _MEDIASTINUM
    if -0.034 < x < 0.044 and (y > 0.09 or abs(x) < 0.02):
        return _MEDIASTINUM
    return _LUNG
