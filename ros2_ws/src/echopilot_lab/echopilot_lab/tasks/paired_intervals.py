"""Scores with 95 % intervals by bootstrap over patients, and the paired difference of two encoders (Efron 1979)."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from echopilot_core import Array
from echopilot_perception.tasks.marks import Score

DRAWS = 400


@dataclass(frozen=True)
class ScoredEncoder:
    """Mean score over seeds with its interval, the score of each seed, and the means of the draws (D,)."""

    score: float
    interval: tuple[float, float]
    of_seeds: tuple[float, ...]
    drawn: Array


def scored(marks: Sequence[Array], patients: NDArray[np.int64], score: Score, seed: int = 0) -> ScoredEncoder:
    """Score of marks (N, M), one array for each seed, of images of patients (N,); draws depend on patients alone."""
    rng = np.random.default_rng(seed)
    names = np.unique(patients)
    rows = [np.flatnonzero(patients == name) for name in names]
    drawn = np.full(DRAWS, np.nan)
    for k in range(DRAWS):
        chosen = np.concatenate([rows[i] for i in rng.integers(0, len(names), len(names))])
        drawn[k] = np.mean([score(part[chosen]) for part in marks])
    of_seeds = tuple(score(part) for part in marks)
    return ScoredEncoder(float(np.mean(of_seeds)), _ends(drawn), of_seeds, drawn)


@dataclass(frozen=True)
class PairedDifference:
    """Second score minus first, with its interval over the same draws of patients."""

    value: float
    interval: tuple[float, float]

    @property
    def sure(self) -> bool:
        """Whether the interval leaves out zero."""
        return self.interval[0] > 0.0 or self.interval[1] < 0.0


def difference(first: ScoredEncoder, second: ScoredEncoder) -> PairedDifference:
    """Second minus first; both were scored on the same images with the same seed of draws."""
    return PairedDifference(second.score - first.score, _ends(second.drawn - first.drawn))


def _ends(drawn: Array) -> tuple[float, float]:
    finite = drawn[np.isfinite(drawn)]
    if not len(finite):
        return float("nan"), float("nan")
    low, high = np.percentile(finite, [2.5, 97.5])
    return float(low), float(high)
