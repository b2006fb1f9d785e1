"""What a soft mask says about the place of its own outline."""

import numpy as np
from numpy.typing import NDArray

CORRELATION_M = 0.040
"""Errors of an outline this far apart along it are taken as independent: a network errs wall by wall. With 40 mm the
disc volumes of 24 rendered patients lay 0.7 (end-diastole) and 0.9 (end-systole) sigma off, root mean square."""


def outline_sigma_m(weight: NDArray[np.float64], perimeter_m: float, spacing_m: float) -> float:
    """Standard deviation [m] of the outline of a soft mask (H, W), at one place of it.

    Where an outline lies at N(0, s), the mask across it is Phi(d / s), and p (1 - p) integrates to s / sqrt(pi). A
    mask without any doubt shows a rim, too, where the outline cuts its cells: that of s = cell / sqrt(12).
    """
    rim_m = float((weight * (1.0 - weight)).sum()) * spacing_m**2 / perimeter_m
    cell_m = spacing_m / float(np.sqrt(12.0))
    return float(np.sqrt(max(np.pi * rim_m**2, cell_m**2)))


def mean_shift_sigma_m(weight: NDArray[np.float64], perimeter_m: float, spacing_m: float) -> float:
    """Standard deviation [m] of the outline's shift, averaged along all of it."""
    pieces = max(perimeter_m / CORRELATION_M, 1.0)
    return outline_sigma_m(weight, perimeter_m, spacing_m) / float(np.sqrt(pieces))
