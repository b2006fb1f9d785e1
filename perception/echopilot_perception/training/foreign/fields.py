"""Types of the made-up images, smooth noise, speckle, and the sector that an image is shown in."""

import math

import cv2
import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]
Field = NDArray[np.float32]
Rng = np.random.Generator

PHASED, CONVEX = 0.45, 0.25  # shares; the rest lies in a rectangle in front of a linear probe
HALF_ANGLE_RAD = (math.radians(22.0), math.radians(46.0))


def smooth(rng: Rng, shape: tuple[int, ...], sigma: float) -> Field:
    """Gaussian noise of unit variance that is even over about `sigma` cells."""
    field = cv2.GaussianBlur(rng.standard_normal(shape, dtype=np.float32), (0, 0), sigma)
    return np.asarray((field - field.mean()) / max(float(field.std()), 1e-6), np.float32)


def speckle(rng: Rng, shape: tuple[int, ...]) -> Field:
    """Speckle of some grain, brightness and unevenness, in 0..255 and somewhat above."""
    level = float(rng.uniform(20, 150)) * (1.0 + 0.4 * smooth(rng, shape, float(rng.uniform(8, 50))))
    return np.asarray(level * np.exp(0.5 * smooth(rng, shape, float(rng.uniform(0.6, 3.0)))), np.float32)


def in_sector(made: NDArray[np.floating], rng: Rng) -> Image:
    """The image (n, n) cut to the fan of a phased or convex probe, or to a rectangle; its face is at the top middle."""
    out, n = np.asarray(np.clip(made, 0, 255), np.uint8), made.shape[0]
    y, x = np.mgrid[0:n, 0:n].astype(np.float32)
    x = x - 0.5 * n
    kind = rng.random()
    if kind < PHASED + CONVEX:
        radius = float(rng.uniform(0.0, 0.06) if kind < PHASED else rng.uniform(0.2, 0.6)) * n
        reach, half = np.hypot(x, y + radius), float(rng.uniform(*HALF_ANGLE_RAD))
        far = radius + float(rng.uniform(0.7, 1.0)) * n
        inside = (np.abs(np.arctan2(x, y + radius)) < half) & (reach > radius) & (reach < far)
    else:
        inside = (np.abs(x) < float(rng.uniform(0.15, 0.5)) * n) & (y < float(rng.uniform(0.3, 1.0)) * n)
    return np.asarray(np.where(inside, out, 0), np.uint8)
