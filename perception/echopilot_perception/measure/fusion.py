"""One number from several readings of the same thing."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from echopilot_core import EchoPilotError


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
