"""Smooth random displacement that makes the outlines of analytic organs irregular."""

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from echopilot_core import Array

STEP_M = 0.012  # nodes of the coarse lattice
_CORRELATION_M = 0.020


def displacement(rng: np.random.Generator, extent_m: Array, amplitude_m: float) -> NDArray[np.float32]:
    """Displacement (nz, ny, nx, 3) [m] on a lattice of 12 mm over `extent_m` (x, y, z); standard deviation as given."""
    shape = tuple(int(n) for n in np.ceil(extent_m[::-1] / STEP_M).astype(int) + 2)
    field = rng.standard_normal((*shape, 3))
    for k in range(3):
        smooth = gaussian_filter(field[..., k], _CORRELATION_M / STEP_M, mode="wrap")
        field[..., k] = amplitude_m * smooth / smooth.std()
    return field.astype(np.float32)
