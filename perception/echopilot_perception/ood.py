"""Out-of-distribution score: Mahalanobis distance of the features with a diagonal covariance (Lee et al. 2018)."""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from echopilot_core import EchoPilotError


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
    """Write ood.json."""
    data = {
        "mean": [round(float(v), 6) for v in statistics.mean],
        "std": [round(float(v), 6) for v in statistics.std],
        "median_distance": statistics.median_distance,
        "p99_distance": statistics.p99_distance,
    }
    path.write_text(json.dumps(data) + "\n")


def load(path: Path) -> FeatureStatistics:
    """Read ood.json; raises EchoPilotError when it is damaged."""
    try:
        data = json.loads(path.read_text())
        mean, std = np.asarray(data["mean"], dtype=np.float64), np.asarray(data["std"], dtype=np.float64)
        return FeatureStatistics(mean, std, float(data["median_distance"]), float(data["p99_distance"]))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise EchoPilotError(f"{path} cannot be read: {type(error).__name__}") from error
