"""Compression of pressed tissue: from depth under the pressed face to depth in the free body, and back.

Model (one dimension, along the probe axis): a point that lies at depth u under the free skin moves inwards by
d * exp(-u / 35 mm) when the skin is indented by d, so the deep body stays and the near layers thin out.
"""

import numpy as np
from numpy.typing import NDArray

from echopilot_core.kernels.compiled import njit, njit_or

DECAY_M = 0.035


@njit(cache=True, nogil=True)
def free_depth(depth_m: float, indentation_m: float) -> float:
    """Depth under the free skin [m] of the tissue now found `depth_m` in front of the probe face.

    The face lies `indentation_m` inside the free skin (negative: a gap, and nothing is compressed). Solves
    u + d exp(-u / L) = depth + d by Newton from the upper bound; exact to 1e-9 m for d < L.
    """
    if indentation_m <= 0.0:
        return depth_m + indentation_m
    d = min(indentation_m, 0.9 * DECAY_M)
    rest = indentation_m - d
    target = depth_m + d
    u = target
    for _ in range(20):
        e = d * np.exp(-u / DECAY_M)
        step = (u + e - target) / (1.0 - e / DECAY_M)
        u -= step
        if abs(step) < 1e-10:
            break
    return float(max(u, 0.0) + rest)


@njit(cache=True, nogil=True)
def pressed_depth(free_depth_m: float, indentation_m: float) -> float:
    """Inverse of `free_depth`: depth [m] in front of the face of the tissue at `free_depth_m` under the free skin."""
    if indentation_m <= 0.0:
        return free_depth_m - indentation_m
    d = min(indentation_m, 0.9 * DECAY_M)
    u = free_depth_m - (indentation_m - d)
    return float(u + d * np.exp(-u / DECAY_M) - d)


def plain_free_depths(depths_m: NDArray[np.float64], indentation_m: NDArray[np.float64]) -> NDArray[np.float64]:
    """Array twin of `free_depth`: both (N,) float64 [m]."""
    d = np.clip(indentation_m, 0.0, 0.9 * DECAY_M)
    target = depths_m + d
    u = target
    for _ in range(20):
        e = d * np.exp(-u / DECAY_M)
        step = (u + e - target) / (1.0 - e / DECAY_M)
        u = u - step
        if np.abs(step).max(initial=0.0) < 1e-10:
            break
    return np.where(indentation_m > 0.0, np.maximum(u, 0.0) + indentation_m - d, depths_m + indentation_m)


@njit_or(plain_free_depths, cache=True, nogil=True)
def _free_depths(depths_m: NDArray[np.float64], indentation_m: NDArray[np.float64]) -> NDArray[np.float64]:
    out = np.empty_like(depths_m)
    for i in range(depths_m.size):
        out[i] = free_depth(depths_m[i], indentation_m[i])
    return out


def free_depths(depths_m: NDArray[np.float64], indentation_m: NDArray[np.float64]) -> NDArray[np.float64]:
    """Vectorized `free_depth`: both (N,) float64 [m]."""
    return np.asarray(_free_depths(np.ascontiguousarray(depths_m), np.ascontiguousarray(indentation_m)))
