"""Out-of-distribution score of a picture from the features of the network.

Two judges, of which the stricter counts: the Mahalanobis distance of the features (Lee et al. 2018), which knows only
usual pictures, and a logistic regression on their principal components that was shown made-up outliers as well
(outlier exposure, Hendrycks et al. 2019). Neither was ever shown a real foreign picture.
"""

import zipfile
from dataclasses import dataclass, fields, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from echopilot_core import EchoPilotError

Array = NDArray[np.float64]

KEPT = 0.999  # of the variance, by the principal components
RIDGE = 3e-3
CLIPPED = 12.0  # standard deviations: one wild feature must not outvote all others


@dataclass(frozen=True)
class FeatureStatistics:
    """Mean (D,) and whitening (D, K) of the features of usual pictures, weights (K,) and bias of the regression, and
    what both judges (distance, regression) answer at the median and at the 99th percentile of validation patients."""

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
    """0 for a usual picture, 0.5 at the 99th percentile of validation, towards 1 for a foreign one."""
    spread = np.maximum(statistics.p99 - statistics.median, 1e-6)
    z = 4.0 * float(np.max((_judged(statistics, embedding[None])[0] - statistics.p99) / spread))
    return float(0.5 * (1.0 + np.tanh(0.5 * np.clip(z, -30.0, 30.0))))


def fit(train: Array, validation: Array, outliers: Array) -> FeatureStatistics:
    """Statistics from features of training (N, D), validation (M, D) and made-up foreign pictures (O, D)."""
    mean = train.mean(axis=0)
    variance, axes = np.linalg.eigh(np.cov(train.T) + 1e-9 * np.eye(train.shape[1]))
    order = np.argsort(-variance)
    kept = order[: int(np.searchsorted(np.cumsum(variance[order]) / variance.sum(), KEPT)) + 1]
    whitening = axes[:, kept] / np.sqrt(variance[kept] + 1e-3 * variance[kept].mean())
    foreign = np.concatenate([np.zeros(len(train)), np.ones(len(outliers))])
    weights, bias = _logistic(np.concatenate([_whitened(mean, whitening, rows) for rows in (train, outliers)]), foreign)
    draft = FeatureStatistics(mean, whitening, weights, np.array([bias]), np.zeros(2), np.ones(2))
    median, p99 = np.percentile(_judged(draft, validation), [50, 99], axis=0)
    return replace(draft, median=median, p99=p99)


def save(path: Path, statistics: FeatureStatistics) -> None:
    """Write ood.npz."""
    with path.open("wb") as file:
        np.savez_compressed(
            file, **{f.name: getattr(statistics, f.name).astype(np.float32) for f in fields(statistics)}
        )


def load(path: Path) -> FeatureStatistics:
    """Read ood.npz; raises EchoPilotError when it is damaged."""
    try:
        with np.load(path, allow_pickle=False) as data:
            return FeatureStatistics(**{f.name: data[f.name].astype(np.float64) for f in fields(FeatureStatistics)})
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise EchoPilotError(f"{path} cannot be read: {type(error).__name__}") from error


def _whitened(mean: Array, whitening: Array, embedding: Array) -> Array:
    return np.asarray(np.clip((embedding - mean) @ whitening, -CLIPPED, CLIPPED))


def _judged(statistics: FeatureStatistics, embedding: Array) -> Array:
    """Answers (N, 2) of both judges."""
    z = _whitened(statistics.mean, statistics.whitening, embedding)
    return np.column_stack([distance(statistics, embedding), z @ statistics.weights + statistics.bias])


def _logistic(inputs: Array, positive: Array) -> tuple[Array, float]:
    """Ridge logistic regression in which both groups weigh the same."""
    share = np.where(positive > 0, 0.5 / max(positive.sum(), 1.0), 0.5 / max((1.0 - positive).sum(), 1.0))

    def loss(w: Array) -> tuple[float, Array]:
        z = inputs @ w[:-1] + w[-1]
        p = 0.5 * (1.0 + np.tanh(0.5 * z))
        slope = share * (p - positive)
        value = float(share @ (np.logaddexp(0.0, z) - positive * z)) + 0.5 * RIDGE * float(w[:-1] @ w[:-1])
        return value, np.concatenate([inputs.T @ slope + RIDGE * w[:-1], [slope.sum()]])

    found = minimize(loss, np.zeros(inputs.shape[1] + 1), jac=True, method="L-BFGS-B", options={"maxiter": 400})
    return found.x[:-1], float(found.x[-1])
