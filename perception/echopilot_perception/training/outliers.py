"""Made-up pictures that no scanner over a heart or an aorta gives; the out-of-distribution judge learns from them.

Some are pictures spoilt by their settings (gain, depth), the others only have the look of one: other textures, rulers
and wires, cysts in a phantom, bands of reverberation in air, a linear probe's rectangle. None is a real picture.
"""

from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.uint8]
Rng = np.random.Generator


def outliers(pictures: Picture, rng: Rng) -> Picture:
    """One foreign picture (256, 256) uint8 for each of the usual ones (N, 256, 256), a pure function of both."""
    made = [_KINDS[i % len(_KINDS)](picture, rng) for i, picture in enumerate(pictures)]
    return np.stack([np.ascontiguousarray(picture, np.uint8) for picture in made])


def _too_dark(picture: Picture, rng: Rng) -> Picture:
    return np.asarray(np.clip(picture.astype(np.float32) - rng.uniform(50, 140), 0, 255), np.uint8)


def _too_bright(picture: Picture, rng: Rng) -> Picture:
    lit = picture.astype(np.float32) * rng.uniform(1.0, 1.6) + rng.uniform(70, 170)
    return np.asarray(np.where(picture > 0, np.clip(lit, 0, 255), 0), np.uint8)


def _wrong_depth(picture: Picture, rng: Rng) -> Picture:
    """A body that seems half or twice as large as it is."""
    scale = float(rng.uniform(0.35, 0.62) if rng.random() < 0.5 else rng.uniform(1.7, 3.0))
    n = picture.shape[0]
    matrix = np.array([[scale, 0.0, (1.0 - scale) * (0.5 * n - 0.5)], [0.0, scale, 0.0]])
    return np.asarray(cv2.warpAffine(picture, matrix, (n, n)), np.uint8)


def _shuffled(picture: Picture, rng: Rng) -> Picture:
    """Its patches in another order."""
    size = int(rng.choice([16, 32, 64]))
    n = picture.shape[0] // size
    tiles = picture.reshape(n, size, n, size).swapaxes(1, 2).reshape(n * n, size, size)
    return rng.permutation(tiles).reshape(n, n, size, size).swapaxes(1, 2).reshape(picture.shape)


def _upside_down(picture: Picture, rng: Rng) -> Picture:
    return picture[::-1] if rng.random() < 0.5 else picture.T


def _texture(picture: Picture, rng: Rng) -> Picture:
    """Even speckle of some grain and brightness in the same sector: a phantom, or an organ without shape."""
    level = float(rng.uniform(20, 150)) * (1.0 + 0.4 * _smooth(rng, picture.shape, float(rng.uniform(8, 50))))
    grain = _smooth(rng, picture.shape, float(rng.uniform(0.6, 3.0)))
    return _in_sector(picture, level * np.exp(0.5 * grain), rng)


def _phantom(picture: Picture, rng: Rng) -> Picture:
    """Even speckle with dark discs and bright points in rows."""
    made = _texture(picture, rng)
    n = made.shape[0]
    for _ in range(int(rng.integers(1, 7))):
        centre, radius = tuple(int(v) for v in rng.integers(n // 8, n - n // 8, 2)), int(rng.integers(3, n // 7))
        cv2.circle(made, centre, radius, int(rng.integers(0, 30)), -1)
    step = int(rng.integers(n // 16, n // 6))
    column = int(rng.integers(n // 4, 3 * n // 4))
    for row in range(step, n, step):
        cv2.ellipse(made, (column, row), (int(rng.integers(1, 6)), 1), 0, 0, 360, 255, -1)
    return made


def _air(picture: Picture, rng: Rng) -> Picture:
    """Bands along the face that fade with depth, and nothing behind them."""
    n = picture.shape[0]
    y, x = np.mgrid[0:n, 0:n].astype(np.float32)
    bent = np.hypot(x - 0.5 * n, y + float(rng.uniform(0.0, 0.6)) * n) if rng.random() < 0.6 else y
    period, fade = float(rng.uniform(4, 30)), float(rng.uniform(0.05, 0.35)) * n
    bands = np.maximum(np.cos(2 * np.pi * bent / period), 0.0) ** 2 * np.exp(-(bent - bent.min()) / fade)
    made = float(rng.uniform(90, 255)) * bands + float(rng.uniform(0, 12)) * np.abs(_smooth(rng, (n, n), 0.8))
    return _in_sector(picture, made, rng)


def _organ(picture: Picture, rng: Rng) -> Picture:
    """Layers and rounded bodies of other brightness, as in pictures of other organs."""
    made = _texture(picture, rng).astype(np.float32)
    n = made.shape[0]
    for _ in range(int(rng.integers(2, 9))):
        axes = tuple(int(v) for v in rng.integers(n // 20, n // 3, 2))
        centre = tuple(int(v) for v in rng.integers(0, n, 2))
        mask = np.zeros((n, n), np.float32)
        cv2.ellipse(mask, centre, axes, float(rng.uniform(0, 180)), 0, 360, 1.0, -1)
        made *= 1.0 + cv2.GaussianBlur(mask, (0, 0), 1.5) * float(rng.uniform(-0.9, 1.2))
    for row in rng.integers(4, n, int(rng.integers(0, 6))):
        cv2.line(made, (0, int(row)), (n, int(row + rng.normal(0, n / 20))), float(rng.uniform(80, 250)), 1)
    return np.asarray(np.clip(made, 0, 255), np.uint8)


def _in_sector(picture: Picture, made: NDArray[np.floating], rng: Rng) -> Picture:
    """In the sector of the picture, or in a rectangle in front of a linear probe."""
    out = np.asarray(np.clip(made, 0, 255), np.uint8)
    if rng.random() < 0.5:
        return np.asarray(np.where(cv2.dilate(picture, np.ones((7, 7), np.uint8)) > 0, out, 0), np.uint8)
    n = out.shape[0]
    half, depth = int(rng.integers(n // 16, n // 3)), int(rng.integers(n // 5, n))
    box = np.zeros_like(out)
    box[:depth, n // 2 - half : n // 2 + half] = out[:depth, n // 2 - half : n // 2 + half]
    return box


def _smooth(rng: Rng, shape: tuple[int, ...], sigma: float) -> NDArray[np.float32]:
    """Gaussian noise of unit variance that is even over about `sigma` cells."""
    field = cv2.GaussianBlur(rng.standard_normal(shape, dtype=np.float32), (0, 0), sigma)
    return np.asarray((field - field.mean()) / max(float(field.std()), 1e-6), np.float32)


_KINDS: tuple[Callable[[Picture, Rng], Picture], ...] = (
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
