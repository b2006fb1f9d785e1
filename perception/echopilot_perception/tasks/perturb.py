"""Acoustic perturbations of images that were held out: gain, blur, speckle and haze.

The four kinds of EchoJEPA's protocol (arXiv 2602.02603); the strengths are ours.
"""

from dataclasses import replace

import cv2
import numpy as np
from numpy.typing import NDArray

from echopilot_perception.tasks.task_set import TaskSet

GAIN = 1.4  # on gray levels, clipped
BLUR_CELLS = 1.5
SPECKLE, SPECKLE_CELLS = 0.35, 1.2  # standard deviation of the logarithm, grain
HAZE, HAZE_DEPTH = 0.35, 0.4  # at the face, and the depth (of the image) over which it falls to 1/e
PERTURBATIONS = ("gain", "blur", "speckle", "haze")


def perturbed(images: NDArray[np.uint8], kind: str, seed: int = 0) -> NDArray[np.uint8]:
    """Images (N, 256, 256) under one of PERTURBATIONS; a pure function of its arguments. What was black stays black."""
    return np.stack([_one(image, kind, np.random.default_rng((seed, k))) for k, image in enumerate(images)])


def perturbed_set(data: TaskSet, kind: str) -> TaskSet:
    """The set with its held-out images perturbed."""
    images = data.images.copy()
    images[data.held_out] = perturbed(data.images[data.held_out], kind)
    return replace(data, images=images)


def _one(image: NDArray[np.uint8], kind: str, rng: np.random.Generator) -> NDArray[np.uint8]:
    shown, levels = image > 0, image.astype(np.float32)
    if kind == "gain":
        levels = GAIN * levels
    elif kind == "blur":
        levels = cv2.GaussianBlur(levels, (0, 0), BLUR_CELLS)
    elif kind == "speckle":
        grain = cv2.GaussianBlur(rng.standard_normal(image.shape, dtype=np.float32), (0, 0), SPECKLE_CELLS)
        levels = levels * np.exp(SPECKLE * grain / max(float(grain.std()), 1e-6))
    else:
        depth = np.arange(len(image), dtype=np.float32)[:, None] / len(image)
        levels = levels + HAZE * np.exp(-depth / HAZE_DEPTH) * (255.0 - levels)
    return np.where(shown, np.clip(np.rint(levels), 1.0, 255.0), 0.0).astype(np.uint8)
