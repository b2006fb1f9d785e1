"""Rates with their uncertainty: area under the ROC curve and Wilson's interval."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from echopilot_core import EchoPilotError

Z_95 = 1.959963984540054


@dataclass(frozen=True)
class Rate:
    """Share k / n with the ends of its interval; value NaN and the interval [0, 1] for n = 0."""

    k: int
    n: int
    value: float
    low: float
    high: float


def wilson(k: int, n: int, z: float = Z_95) -> Rate:
    """Share with Wilson's score interval (Wilson 1927), 95 % by default; raises EchoPilotError unless 0 <= k <= n."""
    if not 0 <= k <= n:
        raise EchoPilotError(f"a share needs 0 <= k <= n, got k = {k}, n = {n}")
    if n == 0:
        return Rate(0, 0, float("nan"), 0.0, 1.0)
    p = k / n
    scale = 1.0 + z * z / n
    center = (p + z * z / (2 * n)) / scale
    half = z * float(np.sqrt(p * (1.0 - p) / n + z * z / (4.0 * n * n))) / scale
    return Rate(k, n, p, 0.0 if k == 0 else center - half, 1.0 if k == n else center + half)


def auroc(scores: ArrayLike, positive: ArrayLike) -> float:
    """Area under the ROC curve of scores (N,) against truth (N,) bool: the probability that a positive scores higher.

    Ties count half (Mann-Whitney). NaN when one of the groups is empty; raises EchoPilotError when a score is not
    finite or the lengths differ.
    """
    s, t = np.asarray(scores, dtype=np.float64), np.asarray(positive, dtype=bool)
    if s.ndim != 1 or s.shape != t.shape or not np.isfinite(s).all():
        raise EchoPilotError(f"scores and truth must be finite and of one length, got {s.shape} and {t.shape}")
    above, below = int(t.sum()), int((~t).sum())
    if above == 0 or below == 0:
        return float("nan")
    _, place, count = np.unique(s, return_inverse=True, return_counts=True)
    rank = np.cumsum(count) - 0.5 * (count - 1)
    return float((rank[place.ravel()][t].sum() - above * (above + 1) / 2.0) / (above * below))
