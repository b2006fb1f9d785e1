"""Fitting of the out-of-distribution score, and the synthetic outliers that it is fitted on.

Some outliers are images degraded by their settings (gain, depth), the others are generated: other textures, rulers and
wires, cysts in a phantom, bands of reverberation in air, a linear probe's rectangle. None is a real image.
"""

from collections.abc import Callable
from dataclasses import fields, replace
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from echopilot_core import Array
from echopilot_perception import ood

KEPT = 0.999  # of the variance, by the principal components
RIDGE = 3e-3

Image = NDArray[np.uint8]
Rng = np.random.Generator


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


def outliers(images: Image, rng: Rng) -> Image:
    """One outlier (256, 256) uint8 for each in-distribution image (N, 256, 256), a pure function of both."""
    made = [_KINDS[i % len(_KINDS)](image, rng) for i, image in enumerate(images)]
    return np.stack([np.ascontiguousarray(image, np.uint8) for image in made])


def _too_dark(image: Image, rng: Rng) -> Image:
    return np.asarray(np.clip(image.astype(np.float32) - rng.uniform(50, 140), 0, 255), np.uint8)


def _too_bright(image: Image, rng: Rng) -> Image:
    lit = image.astype(np.float32) * rng.uniform(1.0, 1.6) + rng.uniform(70, 170)
    return np.asarray(np.where(image > 0, np.clip(lit, 0, 255), 0), np.uint8)


def _wrong_depth(image: Image, rng: Rng) -> Image:
    """A body that seems half or twice as large as it is."""
    scale = float(rng.uniform(0.35, 0.62) if rng.random() < 0.5 else rng.uniform(1.7, 3.0))
    n = image.shape[0]
    matrix = np.array([[scale, 0.0, (1.0 - scale) * (0.5 * n - 0.5)], [0.0, scale, 0.0]])
    return np.asarray(cv2.warpAffine(image, matrix, (n, n)), np.uint8)


def _shuffled(image: Image, rng: Rng) -> Image:
    """Its patches in another order."""
    size = int(rng.choice([16, 32, 64]))
    n = image.shape[0] // size
    tiles = image.reshape(n, size, n, size).swapaxes(1, 2).reshape(n * n, size, size)
    return rng.permutation(tiles).reshape(n, n, size, size).swapaxes(1, 2).reshape(image.shape)


def _upside_down(image: Image, rng: Rng) -> Image:
    return image[::-1] if rng.random() < 0.5 else image.T


def _texture(image: Image, rng: Rng) -> Image:
    """Even speckle of some grain and brightness in the same sector: a phantom, or an organ without shape."""
    level = float(rng.uniform(20, 150)) * (1.0 + 0.4 * _smooth(rng, image.shape, float(rng.uniform(8, 50))))
    grain = _smooth(rng, image.shape, float(rng.uniform(0.6, 3.0)))
    return _in_sector(image, level * np.exp(0.5 * grain), rng)


def _phantom(image: Image, rng: Rng) -> Image:
    """Even speckle with dark discs and bright points in rows."""
    made = _texture(image, rng)
    n = made.shape[0]
    for _ in range(int(rng.integers(1, 7))):
        center, radius = tuple(int(v) for v in rng.integers(n // 8, n - n // 8, 2)), int(rng.integers(3, n // 7))
        cv2.circle(made, center, radius, int(rng.integers(0, 30)), -1)
    step = int(rng.integers(n // 16, n // 6))
    column = int(rng.integers(n // 4, 3 * n // 4))
    for row in range(step, n, step):
        cv2.ellipse(made, (column, row), (int(rng.integers(1, 6)), 1), 0, 0, 360, 255, -1)
    return made


def _air(image: Image, rng: Rng) -> Image:
    """Bands along the face that fade with depth, and nothing behind them."""
    n = image.shape[0]
    y, x = np.mgrid[0:n, 0:n].astype(np.float32)
    bent = np.hypot(x - 0.5 * n, y + float(rng.uniform(0.0, 0.6)) * n) if rng.random() < 0.6 else y
    period, fade = float(rng.uniform(4, 30)), float(rng.uniform(0.05, 0.35)) * n
    bands = np.maximum(np.cos(2 * np.pi * bent / period), 0.0) ** 2 * np.exp(-(bent - bent.min()) / fade)
    made = float(rng.uniform(90, 255)) * bands + float(rng.uniform(0, 12)) * np.abs(_smooth(rng, (n, n), 0.8))
    return _in_sector(image, made, rng)


def _organ(image: Image, rng: Rng) -> Image:
    """Layers and rounded bodies of other brightness, as in images of other organs."""
    made = _texture(image, rng).astype(np.float32)
    n = made.shape[0]
    for _ in range(int(rng.integers(2, 9))):
        axes = tuple(int(v) for v in rng.integers(n // 20, n // 3, 2))
        center = tuple(int(v) for v in rng.integers(0, n, 2))
        mask = np.zeros((n, n), np.float32)
        cv2.ellipse(mask, center, axes, float(rng.uniform(0, 180)), 0, 360, 1.0, -1)
        made *= 1.0 + cv2.GaussianBlur(mask, (0, 0), 1.5) * float(rng.uniform(-0.9, 1.2))
    for row in rng.integers(4, n, int(rng.integers(0, 6))):
        cv2.line(made, (0, int(row)), (n, int(row + rng.normal(0, n / 20))), float(rng.uniform(80, 250)), 1)
    return np.asarray(np.clip(made, 0, 255), np.uint8)


def _in_sector(image: Image, made: NDArray[np.floating], rng: Rng) -> Image:
    """In the sector of the image, or in a rectangle in front of a linear probe."""
    out = np.asarray(np.clip(made, 0, 255), np.uint8)
    if rng.random() < 0.5:
        return np.asarray(np.where(cv2.dilate(image, np.ones((7, 7), np.uint8)) > 0, out, 0), np.uint8)
    n = out.shape[0]
    half, depth = int(rng.integers(n // 16, n // 3)), int(rng.integers(n // 5, n))
    box = np.zeros_like(out)
    box[:depth, n // 2 - half : n // 2 + half] = out[:depth, n // 2 - half : n // 2 + half]
    return box


def _smooth(rng: Rng, shape: tuple[int, ...], sigma: float) -> NDArray[np.float32]:
    """Gaussian noise of unit variance that is even over about `sigma` cells."""
    field = cv2.GaussianBlur(rng.standard_normal(shape, dtype=np.float32), (0, 0), sigma)
    return np.asarray((field - field.mean()) / max(float(field.std()), 1e-6), np.float32)


_KINDS: tuple[Callable[[Image, Rng], Image], ...] = (
    _too_dark,
    _too_bright,
    _wrong_depth,
    _shuffled,
    _upside_down,
    _texture,
    _phantom,
    _air,
    _organ,
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
