"""What scanners, screens and bodies do to a picture that the renderer does not: light, noise, marks, and size.

Most changes move nothing. A stretch about the face moves everything, so what is told in millimetres or as a motion of
the probe is not known of a stretched picture. There is no flip: sides carry meaning.
"""

from dataclasses import fields

import cv2
import numpy as np
from numpy.typing import NDArray

from echopilot_perception import grid
from echopilot_perception.training.samples import Samples

STRETCHED_SHARE = 0.35
NOISE_FIELDS = 8
Picture = NDArray[np.uint8]


def augmented(batch: Samples, rng: np.random.Generator) -> Samples:
    """A changed copy of a batch; a pure function of the batch and the generator."""
    out = Samples(**{f.name: getattr(batch, f.name).copy() for f in fields(batch)})
    size = out.image.shape[1]
    noise = rng.standard_normal((NOISE_FIELDS, size, size), dtype=np.float32)
    for i in range(len(out)):
        if rng.random() < STRETCHED_SHARE:
            _stretch(out, i, rng)
        picture = _noisy(_lit(out.image[i], rng), noise, rng)
        _cut_out(picture, rng)
        _mark(picture, rng)
        out.image[i] = picture
        if rng.random() < 0.15:
            _shorten(out, i, 0.75 + 0.25 * float(rng.random()))
    return out


def without_scale(batch: Samples, index: int) -> None:
    """Forget in place what a stretched picture no longer tells."""
    batch.guidance_valid[index] = False
    batch.sizes[index] = np.nan
    batch.calm_known[index] = False


def _stretch(batch: Samples, i: int, rng: np.random.Generator) -> None:
    """Larger or smaller bodies, wider or narrower fans: scale about the face, and a small turn of the picture."""
    down = float(np.exp(rng.uniform(np.log(0.82), np.log(1.2))))
    across = down * float(np.exp(rng.normal(0.0, 0.05)))
    turn = float(rng.normal(0.0, np.radians(4.0)))
    cosine, sine = np.cos(turn), np.sin(turn)
    forward = np.array([[across * cosine, -down * sine], [across * sine, down * cosine]])  # us_image -> us_image
    for field, flags, fill in (
        ("image", cv2.INTER_LINEAR, 0),
        ("labels", cv2.INTER_NEAREST, 0),
        ("disease", cv2.INTER_NEAREST, 0),
    ):
        cells = getattr(batch, field)[i]
        n = cells.shape[0]
        centre = np.array([0.5 * n - 0.5, -0.5])  # pixel of the middle of the face
        matrix = np.column_stack([forward, centre - forward @ centre])
        cells[:] = cv2.warpAffine(cells, matrix, (n, n), flags=flags, borderMode=cv2.BORDER_CONSTANT, borderValue=fill)
    points = batch.landmarks[i] @ forward.T.astype(np.float32)
    half = 0.5 * grid.CELLS * grid.SPACING_M
    inside = (np.abs(points[:, 0]) < half) & (points[:, 1] > 0) & (points[:, 1] < 2 * half)
    batch.landmarks[i] = np.where(inside[:, None], points, np.nan)
    without_scale(batch, i)


def _lit(picture: Picture, rng: np.random.Generator) -> NDArray[np.float32]:
    """Other grey curve, contrast, brightness and slope over depth, sharper or smoother; black outside stays black."""
    sector = picture > 0
    grey = np.arange(256, dtype=np.float32) / 255.0
    curve = grey ** np.exp(rng.uniform(-0.5, 0.5))
    curve = (curve - 0.3) * rng.uniform(0.7, 1.35) + 0.3 + rng.uniform(-0.12, 0.12)
    lit = cv2.LUT(picture, curve.astype(np.float32))
    depth = np.linspace(-1.0, 1.0, picture.shape[0], dtype=np.float32)[:, None]
    lit = lit + depth * np.float32(rng.uniform(-0.12, 0.12))
    if rng.random() < 0.4:
        lit = cv2.GaussianBlur(lit, (0, 0), float(rng.uniform(0.4, 2.2)))
    return np.asarray(np.clip(lit, 0.0, 1.0) * sector, np.float32)


def _noisy(picture: NDArray[np.float32], noise: NDArray[np.float32], rng: np.random.Generator) -> Picture:
    """Speckle that multiplies and noise that adds, from shared fields shifted at random."""
    sector = picture > 0
    shift = tuple(int(s) for s in rng.integers(0, picture.shape[0], 2))
    for strength, multiplies in ((0.3, True), (0.07, False)):
        if rng.random() < 0.5:
            field = np.roll(noise[int(rng.integers(len(noise)))], shift, (0, 1)) * np.float32(strength * rng.random())
            picture = picture * (1.0 + field) if multiplies else picture + field
    return np.asarray(np.round(np.clip(picture, 0.0, 1.0) * sector * 255.0), np.uint8)


def _cut_out(picture: Picture, rng: np.random.Generator) -> None:
    if rng.random() < 0.3:
        n = picture.shape[0]
        height, width = (int(v) for v in rng.integers(n // 32, n // 6, 2))
        top, left = int(rng.integers(0, n - height)), int(rng.integers(0, n - width))
        picture[top : top + height, left : left + width] = 0


def _mark(picture: Picture, rng: np.random.Generator) -> None:
    """Bright marks near the borders, as text, rulers and logos that were not cropped away."""
    if rng.random() < 0.15:
        n = picture.shape[0]
        height, width = int(rng.integers(n // 64, n // 18)), int(rng.integers(n // 40, n // 6))
        top, across = int(rng.integers(0, n - height)), int(rng.integers(0, n // 10))
        left = across if rng.random() < 0.5 else max(n - width - across, 0)
        patch = picture[top : top + height, left : left + width]
        patch[rng.random(patch.shape) < 0.5] = 230


def _shorten(batch: Samples, i: int, share: float) -> None:
    """Shallower scanners: cut the deepest part away, also from what is to be learned."""
    batch.image[i, int(share * batch.image.shape[1]) :] = 0
    batch.calm[i, int(share * batch.calm.shape[1]) :] = 0
    batch.labels[i, int(share * batch.labels.shape[1]) :] = 0
    batch.disease[i, int(share * batch.disease.shape[1]) :] = 0
    points = batch.landmarks[i]
    points[points[:, 1] > share * grid.CELLS * grid.SPACING_M] = np.nan
