"""Calibration of probabilities: temperature scaling, reliability and calibration error (Guo et al. 2017).

Dividing logits by one temperature changes no ranking and no decision at 0.5, only the confidence.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax

from echopilot_core import Array, EchoPilotError

LOG_RANGE = (np.log(0.05), np.log(20.0))


@dataclass(frozen=True)
class ReliabilityBin:
    """Predictions with a confidence in [low, high): their number, mean confidence and accuracy."""

    low: float
    high: float
    count: int
    confidence: float  # NaN in an empty bin
    accuracy: float


def fit_temperature(logits: ArrayLike, labels: ArrayLike) -> float:
    """Temperature that minimizes the cross-entropy of logits (N, K) / T against class numbers (N,).

    Searched between 0.05 and 20. Raises EchoPilotError for empty, not finite or mismatched input.
    """
    z, y = np.asarray(logits, dtype=np.float64), np.asarray(labels)
    if z.ndim != 2 or not len(z) or y.shape != z.shape[:1] or not np.isfinite(z).all():
        raise EchoPilotError(f"a temperature needs finite logits (N, K) and labels (N,), got {z.shape} and {y.shape}")
    if not np.issubdtype(y.dtype, np.integer) or y.min() < 0 or y.max() >= z.shape[1]:
        raise EchoPilotError(f"labels must be whole numbers from 0 to {z.shape[1] - 1}")
    rows = np.arange(len(z))
    return _best(lambda t: float(-log_softmax(z / t, axis=1)[rows, y].mean()))


def fit_sigmoid_temperature(logits: ArrayLike, positive: ArrayLike) -> float:
    """The same for sigmoid logits of any shape against a truth of that shape (bool, or 0..1)."""
    z, y = np.asarray(logits, dtype=np.float64), np.asarray(positive, dtype=np.float64)
    if not z.size or z.shape != y.shape or not np.isfinite(z).all() or not ((y >= 0.0) & (y <= 1.0)).all():
        raise EchoPilotError(f"a temperature needs finite logits and a truth of one shape, got {z.shape} and {y.shape}")
    return _best(lambda t: float((np.logaddexp(0.0, z / t) - y * z / t).mean()))


def reliability(confidence: ArrayLike, right: ArrayLike, bins: int = 10) -> tuple[ReliabilityBin, ...]:
    """Table over equal bins of confidences (N,) in 0..1 and whether each prediction was correct (N,)."""
    c, r = np.asarray(confidence, dtype=np.float64), np.asarray(right, dtype=np.float64)
    if c.ndim != 1 or c.shape != r.shape or not ((c >= 0.0) & (c <= 1.0)).all():
        raise EchoPilotError(f"confidences must be (N,) in 0..1 with a prediction each, got {c.shape} and {r.shape}")
    index = np.minimum((c * bins).astype(int), bins - 1)
    return tuple(_bin(i, bins, c[index == i], r[index == i]) for i in range(bins))


def expected_calibration_error(confidence: ArrayLike, right: ArrayLike, bins: int = 10) -> float:
    """Mean gap between confidence and accuracy over the bins, weighted by their counts; NaN without predictions."""
    table = reliability(confidence, right, bins)
    total = sum(row.count for row in table)
    if total == 0:
        return float("nan")
    return sum(row.count * abs(row.confidence - row.accuracy) for row in table if row.count) / total


def _bin(i: int, bins: int, confidence: Array, right: Array) -> ReliabilityBin:
    n, nan = len(confidence), float("nan")
    mean, share = (float(confidence.mean()), float(right.mean())) if n else (nan, nan)
    return ReliabilityBin(i / bins, (i + 1) / bins, n, mean, share)


def _best(loss: Callable[[float], float]) -> float:
    """The loss is convex in 1 / T, so it has one valley in log T."""
    found = minimize_scalar(lambda u: loss(float(np.exp(u))), bounds=LOG_RANGE, method="bounded")
    return float(np.exp(found.x))
