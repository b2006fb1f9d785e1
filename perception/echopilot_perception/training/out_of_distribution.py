"""Fitting of the out-of-distribution score."""

from dataclasses import fields, replace
from pathlib import Path

import numpy as np
from scipy.optimize import minimize

from echopilot_core import Array
from echopilot_perception import ood

KEPT = 0.999  # of the variance, by the principal components
RIDGE = 3e-3


def fit(train: Array, validation: Array, outliers: Array) -> ood.FeatureStatistics:
    """Statistics from features of training images (N, D), validation images (M, D) and synthetic outliers (O, D)."""
    mean = train.mean(axis=0)
    variance, axes = np.linalg.eigh(np.cov(train.T) + 1e-9 * np.eye(train.shape[1]))
    order = np.argsort(-variance)
    kept = order[: int(np.searchsorted(np.cumsum(variance[order]) / variance.sum(), KEPT)) + 1]
    whitening = axes[:, kept] / np.sqrt(variance[kept] + 1e-3 * variance[kept].mean())
    is_outlier = np.concatenate([np.zeros(len(train)), np.ones(len(outliers))])
    weights, bias = _logistic(
        np.concatenate([ood.whitened(mean, whitening, rows) for rows in (train, outliers)]), is_outlier
    )
    draft = ood.FeatureStatistics(mean, whitening, weights, np.array([bias]), np.zeros(2), np.ones(2))
    median, p99 = np.percentile(ood.raw_scores(draft, validation), [50, 99], axis=0)
    return replace(draft, median=median, p99=p99)


def save(path: Path, statistics: ood.FeatureStatistics) -> None:
    """Write ood.npz."""
    with path.open("wb") as file:
        np.savez_compressed(
            file, **{f.name: getattr(statistics, f.name).astype(np.float32) for f in fields(statistics)}
        )


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
