"""Uncertainty of outlines of soft masks, and combination of estimates by inverse variances."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from echopilot_core import EchoPilotError

CORRELATION_M = 0.040
"""Errors of an outline this far apart along it are taken as independent: a network errs wall by wall. With 40 mm the
disk volumes of 24 rendered patients lay 0.7 (end-diastole) and 0.9 (end-systole) sigma off, root mean square."""


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


@dataclass(frozen=True)
class Fused:
    """Values and standard deviations (N,)."""

    values: NDArray[np.float64]
    sigmas: NDArray[np.float64]


def fused(values: NDArray[np.float64], sigmas: NDArray[np.float64]) -> Fused:
    """Inverse-variance means over the first axis of readings (K, N) with sigmas (K, N); not finite ones do not count.

    Readings that contradict each other by more than their sigmas widen the result (Birge ratio, Birge 1932). NaN
    where nothing was read. Raises EchoPilotError when the shapes differ.
    """
    if values.shape != sigmas.shape or values.ndim != 2:
        raise EchoPilotError(f"readings and sigmas need the same shape (K, N), got {values.shape} and {sigmas.shape}")
    known = np.isfinite(values) & np.isfinite(sigmas) & (sigmas > 0.0)
    weights = np.where(known, 1.0 / np.where(known, sigmas, 1.0) ** 2, 0.0)
    total = weights.sum(axis=0)
    any_known = total > 0.0
    safe = np.where(any_known, total, 1.0)
    mean = (weights * np.where(known, values, 0.0)).sum(axis=0) / safe
    freedom = np.maximum(known.sum(axis=0) - 1, 1)
    birge2 = (weights * np.where(known, values - mean, 0.0) ** 2).sum(axis=0) / freedom
    sigma = np.sqrt(np.maximum(birge2, 1.0) / safe)
    return Fused(np.where(any_known, mean, np.nan), np.where(any_known, sigma, np.nan))
