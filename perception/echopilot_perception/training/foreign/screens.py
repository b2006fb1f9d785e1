"""Screens that show a beam over time instead of an image: spectra of flow, and M-mode."""

import cv2
import numpy as np

from echopilot_perception.training.foreign.fields import Image, Rng, smooth


def trace(image: Image, rng: Rng) -> Image:
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
    made = 230.0 * power * np.exp(0.5 * smooth(rng, (height, width), 0.7))
    out = np.zeros_like(image)
    out[top:] = np.clip(made, 0, 255)
    out[top + int(base)] = 200
    return _with_small_image(out, image, top)


def m_mode(image: Image, rng: Rng) -> Image:
    """One beam over time: layers that move with the beat."""
    n = image.shape[0]
    top = int(rng.choice([0, n // 3, n // 2]))
    beam = image[:, n // 2 + int(rng.integers(-40, 40))].astype(np.float32)
    times = np.arange(n)
    beat = float(rng.uniform(25, 90))
    move = float(rng.uniform(2, 14)) * np.sin(2 * np.pi * times / beat) ** 2
    rows = np.linspace(0, n - 1, n - top)[:, None] + move[None] * np.linspace(0.2, 1.0, n - top)[:, None]
    made = beam[np.clip(rows.astype(int), 0, n - 1)] * np.exp(0.3 * smooth(rng, (n - top, n), 1.0)) * 1.6
    out = np.zeros_like(image)
    out[top:] = np.clip(made, 0, 255)
    return _with_small_image(out, image, top)


def _with_small_image(out: Image, image: Image, top: int) -> Image:
    if top > 0:
        small = cv2.resize(image, (top, top), interpolation=cv2.INTER_AREA)
        left = (out.shape[1] - top) // 2
        out[:top, left : left + top] = small
    return out
