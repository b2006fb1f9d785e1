"""Out-of-distribution score of an image from the features of the network.

The larger of two scores: the Mahalanobis distance of the features (Lee et al. 2018), fitted on in-distribution images
alone, and a logistic regression on their principal components, fitted on synthetic outliers as well (outlier exposure,
Hendrycks et al. 2019). No real out-of-distribution image was used. `training.out_of_distribution` fits them.
"""

from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np

from echopilot_core import Array, EchoPilotError
from echopilot_core.guarded.array_input import read_arrays
from echopilot_core.guarded.bounded import InputFileError

MAX_BYTES = 64_000_000  # of the unpacked file
CLIPPED = 12.0  # standard deviations: limits the weight of a single feature


@dataclass(frozen=True)
class FeatureStatistics:
    """Mean (D,) and whitening (D, K) of in-distribution features, weights (K,) and bias of the regression, and the
    median and 99th percentile of both scores (distance, regression) on validation patients.
    """

    mean: Array
    whitening: Array
    weights: Array
    bias: Array  # (1,)
    median: Array  # (2,)
    p99: Array  # (2,)


def distance(statistics: FeatureStatistics, embedding: Array) -> Array:
    """Root mean square of the whitened features (..., D) -> (...)."""
    z = (embedding - statistics.mean) @ statistics.whitening
    return np.asarray(np.sqrt(np.mean(z * z, axis=-1)))


def score(statistics: FeatureStatistics, embedding: Array) -> float:
    """0 in distribution, 0.5 at the 99th percentile of validation, towards 1 out of distribution."""
    spread = np.maximum(statistics.p99 - statistics.median, 1e-6)
    z = 4.0 * float(np.max((raw_scores(statistics, embedding[None])[0] - statistics.p99) / spread))
    return float(0.5 * (1.0 + np.tanh(0.5 * np.clip(z, -30.0, 30.0))))


def load(path: Path) -> FeatureStatistics:
    """Read ood.npz; raises EchoPilotError when it is damaged."""
    names = [f.name for f in fields(FeatureStatistics)]
    try:
        arrays = read_arrays(path, names, MAX_BYTES, str(path))
        statistics = FeatureStatistics(**{name: arrays[name].astype(np.float64) for name in names})
    except OSError as error:
        raise EchoPilotError(f"{path} cannot be read: {type(error).__name__}") from error
    except (ValueError, TypeError) as error:
        raise EchoPilotError(f"{path} cannot be read: {error}") from error
    features, components = statistics.whitening.shape if statistics.whitening.ndim == 2 else (0, 0)
    shapes = ((features,), (features, components), (components,), (1,), (2,), (2,))
    if [getattr(statistics, name).shape for name in names] != list(shapes):
        raise InputFileError(f"{path} holds statistics of shapes that do not fit each other")
    if not all(bool(np.isfinite(getattr(statistics, name)).all()) for name in names):
        raise InputFileError(f"{path} holds numbers that are not finite")
    return statistics


def whitened(mean: Array, whitening: Array, embedding: Array) -> Array:
    """Whitened features (..., K) of embeddings (..., D), clipped."""
    return np.asarray(np.clip((embedding - mean) @ whitening, -CLIPPED, CLIPPED))


def raw_scores(statistics: FeatureStatistics, embedding: Array) -> Array:
    """Both scores (N, 2) of embeddings (N, D): distance and regression."""
    z = whitened(statistics.mean, statistics.whitening, embedding)
    return np.column_stack([distance(statistics, embedding), z @ statistics.weights + statistics.bias])
