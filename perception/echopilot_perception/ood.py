"""Out-of-distribution score: Mahalanobis distance of the features with a diagonal covariance (Lee et al. 2018)."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from echopilot_core import EchoPilotError
from numpy.typing import NDArray


@dataclass(frozen=True)
class FeatureStatistics:
    """Mean and standard deviation (D,) of the features in training, and distances seen on validation patients."""

    mean: NDArray[np.float64]
    std: NDArray[np.float64]
    median_distance: float
    p99_distance: float


def distance(statistics: FeatureStatistics, embedding: NDArray[np.float64]) -> NDArray[np.float64]:
    """Root mean square of standardised features (..., D) -> (...)."""
    z = (embedding - statistics.mean) / statistics.std
    return np.asarray(np.sqrt(np.mean(z * z, axis=-1)))


def score(statistics: FeatureStatistics, embedding: NDArray[np.float64]) -> float:
    """0 for a usual picture, 0.5 at the 99th percentile of validation, towards 1 for a foreign one."""
    spread = max(statistics.p99_distance - statistics.median_distance, 1e-6)
    z = 4.0 * (float(distance(statistics, embedding)) - statistics.p99_distance) / spread
    return float(0.5 * (1.0 + np.tanh(0.5 * np.clip(z, -30.0, 30.0))))


def fit(train: NDArray[np.float64], validation: NDArray[np.float64]) -> FeatureStatistics:
    """Statistics from features of training (N, D) and validation (M, D) pictures."""
    draft = FeatureStatistics(train.mean(axis=0), train.std(axis=0) + 0.05 * float(train.std()) + 1e-6, 0.0, 1.0)
    away = distance(draft, validation)
    return FeatureStatistics(draft.mean, draft.std, float(np.median(away)), float(np.percentile(away, 99)))


def save(path: Path, statistics: FeatureStatistics) -> None:
    """Write ood.npz."""
    limits = np.array([statistics.median_distance, statistics.p99_distance])
    np.savez(path, mean=statistics.mean, std=statistics.std, limits=limits)


def load(path: Path) -> FeatureStatistics:
    """Read ood.npz; raises EchoPilotError when it is damaged."""
    try:
        with np.load(path) as data:
            return FeatureStatistics(data["mean"], data["std"], float(data["limits"][0]), float(data["limits"][1]))
    except (OSError, ValueError, KeyError) as error:
        raise EchoPilotError(f"{path} cannot be read: {type(error).__name__}") from error
