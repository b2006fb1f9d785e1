"""Made-up images that show neither heart nor aorta: other organs, lungs, spectra, M-mode, phantoms, air.

From them the network learns what NONE is, and the out-of-distribution score what is foreign. They are as bright or dark
as others, and an augmentation changes all alike: brightness must not tell what an image shows.
"""

from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]
Rng = np.random.Generator


def foreign_images(images: Image, rng: Rng) -> Image:
    """One foreign image (256, 256) uint8 for each image of a heart or aorta (N, 256, 256), a pure function of both."""
    made = [_KINDS[i % len(_KINDS)](image, rng) for i, image in enumerate(images)]
    return np.stack([np.ascontiguousarray(image, np.uint8) for image in made])


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


def _trace(image: Image, rng: Rng) -> Image:
    """A spectrum of flow: a base line, and beats above or below it, over the whole width or below a small image."""
    n = image.shape[0]
    top = int(rng.choice([0, n // 3, n // 2]))
    height, width = n - top, n
    base = float(rng.uniform(0.25, 0.75)) * height
    beat, peak = float(rng.uniform(30, 110)), float(rng.uniform(0.2, 0.7)) * height * float(rng.choice([-1.0, 1.0]))
    phase = ((np.arange(width) + rng.uniform(0, beat)) % beat) / beat
    edge = base + peak * np.sin(np.pi * np.clip(phase / float(rng.uniform(0.3, 0.7)), 0.0, 1.0)) ** 0.7
    y = np.arange(height)[:, None]
    inside = (y - base) * (edge - y) > 0
    filled = float(rng.uniform(0.2, 1.0))
    near = np.exp(-np.abs(y - edge) / float(rng.uniform(2, 14)))
    power = np.where(inside, filled * 0.4 + near, 0.25 * np.exp(-np.abs(y - base) / 3.0))
    made = 230.0 * power * np.exp(0.5 * _smooth(rng, (height, width), 0.7))
    out = np.zeros_like(image)
    out[top:] = np.clip(made, 0, 255)
    out[top + int(base)] = 200
    return _with_small_image(out, image, top)


def _m_mode(image: Image, rng: Rng) -> Image:
    """One beam over time: layers that move with the beat."""
    n = image.shape[0]
    top = int(rng.choice([0, n // 3, n // 2]))
    beam = image[:, n // 2 + int(rng.integers(-40, 40))].astype(np.float32)
    times = np.arange(n)
    beat = float(rng.uniform(25, 90))
    move = float(rng.uniform(2, 14)) * np.sin(2 * np.pi * times / beat) ** 2
    rows = np.linspace(0, n - 1, n - top)[:, None] + move[None] * np.linspace(0.2, 1.0, n - top)[:, None]
    made = beam[np.clip(rows.astype(int), 0, n - 1)] * np.exp(0.3 * _smooth(rng, (n - top, n), 1.0)) * 1.6
    out = np.zeros_like(image)
    out[top:] = np.clip(made, 0, 255)
    return _with_small_image(out, image, top)


def _with_small_image(out: Image, image: Image, top: int) -> Image:
    if top > 0:
        small = cv2.resize(image, (top, top), interpolation=cv2.INTER_AREA)
        left = (out.shape[1] - top) // 2
        out[:top, left : left + top] = small
    return out


def _lung(image: Image, rng: Rng) -> Image:
    """A bright pleural line with repeated lines below it (A lines), or rays down from it (B lines); ribs' shadows."""
    n = image.shape[0]
    y, x = np.mgrid[0:n, 0:n].astype(np.float32)
    pleura = float(rng.uniform(0.08, 0.3)) * n
    bend = float(rng.uniform(-0.0008, 0.0008)) * (x - 0.5 * n) ** 2
    depth = y - bend
    made = 110.0 * np.exp(0.5 * _smooth(rng, (n, n), 1.2)) * (depth < pleura)
    made += 18.0 * np.exp(0.6 * _smooth(rng, (n, n), 1.0)) * (depth >= pleura)
    if rng.random() < 0.6:
        for k in range(1, 6):
            made += float(rng.uniform(90, 230)) / k * np.exp(-(((depth - k * pleura) / 2.2) ** 2))
    else:
        made += 230.0 * np.exp(-(((depth - pleura) / 2.5) ** 2))
        for _ in range(int(rng.integers(1, 7))):
            at, spread = float(rng.uniform(0.1, 0.9)) * n, float(rng.uniform(2, 12))
            ray = np.exp(-(((x - at - 0.3 * (at / n - 0.5) * y) / spread) ** 2)) * (depth > pleura)
            made += float(rng.uniform(60, 200)) * ray
    for _ in range(int(rng.integers(0, 3))):
        at = float(rng.uniform(0.0, 1.0)) * n
        made *= 1.0 - 0.9 * (np.abs(x - at) < rng.uniform(8, 30)) * (depth > 0.6 * pleura)
    return _in_sector(image, made, rng)


def _kidney(image: Image, rng: Rng) -> Image:
    """An oval of dark cortex with a bright center in an even organ, or a dark bag with a bright wall (gallbladder)."""
    made = _texture(image, rng).astype(np.float32)
    n = made.shape[0]
    center = tuple(int(v) for v in rng.integers(n // 4, 3 * n // 4, 2))
    long, turn = float(rng.uniform(0.12, 0.3)) * n, float(rng.uniform(0, 180))
    outer = (round(long), round(long * float(rng.uniform(0.35, 0.6))))
    body = np.zeros((n, n), np.float32)
    cv2.ellipse(body, center, outer, turn, 0, 360, 1.0, -1)
    body = cv2.GaussianBlur(body, (0, 0), 1.5)
    if rng.random() < 0.5:
        middle = np.zeros((n, n), np.float32)
        cv2.ellipse(middle, center, (round(0.6 * outer[0]), round(0.45 * outer[1])), turn, 0, 360, 1.0, -1)
        made = made * (1.0 - 0.5 * body) + 140.0 * cv2.GaussianBlur(middle, (0, 0), 4.0) * np.exp(
            0.4 * _smooth(rng, (n, n), 2.0)
        )
    else:
        made = made * (1.0 - 0.95 * body)
        y, x = np.mgrid[0:n, 0:n]
        made += 90.0 * (cv2.dilate(body, np.ones((5, 5), np.uint8)) - body)
        behind = (np.abs(x - center[0]) < 0.7 * outer[1]) & (y > center[1] + outer[1])
        made += 50.0 * behind
    return _in_sector(image, np.clip(made, 0, 255), rng)


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
    _shuffled,
    _upside_down,
    _texture,
    _phantom,
    _air,
    _organ,
    _trace,
    _m_mode,
    _lung,
    _kidney,
)
