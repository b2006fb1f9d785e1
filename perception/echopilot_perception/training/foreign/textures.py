"""Images without anatomy: patches in another order, even speckle, phantoms, and a probe in air."""

import cv2
import numpy as np

from echopilot_perception.training.foreign.fields import Image, Rng, in_sector, smooth, speckle


def shuffled(image: Image, rng: Rng) -> Image:
    """Its patches in another order."""
    size = int(rng.choice([16, 32, 64]))
    n = image.shape[0] // size
    tiles = image.reshape(n, size, n, size).swapaxes(1, 2).reshape(n * n, size, size)
    return rng.permutation(tiles).reshape(n, n, size, size).swapaxes(1, 2).reshape(image.shape)


def upside_down(image: Image, rng: Rng) -> Image:
    """Upside down, or with rows and columns exchanged."""
    return image[::-1] if rng.random() < 0.5 else image.T


def texture(image: Image, rng: Rng) -> Image:
    """Even speckle: a phantom, or an organ without shape."""
    return in_sector(speckle(rng, image.shape), rng)


def phantom(image: Image, rng: Rng) -> Image:
    """Even speckle with dark discs and bright points in rows."""
    made, n = speckle(rng, image.shape), image.shape[0]
    for _ in range(int(rng.integers(1, 7))):
        center, radius = tuple(int(v) for v in rng.integers(n // 8, n - n // 8, 2)), int(rng.integers(3, n // 7))
        cv2.circle(made, center, radius, int(rng.integers(0, 30)), -1)
    step = int(rng.integers(n // 16, n // 6))
    column = int(rng.integers(n // 4, 3 * n // 4))
    for row in range(step, n, step):
        cv2.ellipse(made, (column, row), (int(rng.integers(1, 6)), 1), 0, 0, 360, 255, -1)
    return in_sector(made, rng)


def air(image: Image, rng: Rng) -> Image:
    """Bands along the face that fade with depth, and nothing behind them."""
    n = image.shape[0]
    y, x = np.mgrid[0:n, 0:n].astype(np.float32)
    bent = np.hypot(x - 0.5 * n, y + float(rng.uniform(0.0, 0.6)) * n) if rng.random() < 0.6 else y
    period, fade = float(rng.uniform(4, 30)), float(rng.uniform(0.05, 0.35)) * n
    bands = np.maximum(np.cos(2 * np.pi * bent / period), 0.0) ** 2 * np.exp(-(bent - bent.min()) / fade)
    made = float(rng.uniform(90, 255)) * bands + float(rng.uniform(0, 12)) * np.abs(smooth(rng, (n, n), 0.8))
    return in_sector(made, rng)
