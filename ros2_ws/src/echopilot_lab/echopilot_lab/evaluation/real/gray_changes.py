"""Monotone changes of the gray levels of an image: what they show is the same, so no judgment of it may move."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from echopilot_core import Frame
from echopilot_perception.pipeline import Perception

GAMMAS = (0.5, 0.7, 1.4, 2.0)
FACTORS = (0.6, 0.8, 1.2, 1.5)  # below 1 dimmed, above brightened up to white

Curve = NDArray[np.uint8]


def _curve(levels: NDArray[np.float64]) -> Curve:
    return np.rint(255.0 * np.clip(levels, 0.0, 1.0)).astype(np.uint8)


_LEVELS = np.arange(256) / 255.0
CHANGES: Mapping[str, Curve] = {
    **{f"gamma {gamma:g}": _curve(_LEVELS**gamma) for gamma in GAMMAS},
    **{f"times {factor:g}": _curve(_LEVELS * factor) for factor in FACTORS},
}
"""Curves (256,) by name; none of them ever falls."""


@dataclass(frozen=True)
class GrayChange:
    """Largest absolute change of the out-of-distribution score and of the quality, and how often the nearest view
    became another one, over all of `CHANGES`.
    """

    ood: float
    quality: float
    nearest_changed: int


def gray_change(perception: Perception, frame: Frame) -> GrayChange:
    """What the changes of one frame's gray levels do to its result."""
    before = perception.see(frame)
    after = [perception.see(replace(frame, image=_changed(frame.image, curve))) for curve in CHANGES.values()]
    return GrayChange(
        max(abs(result.ood_score - before.ood_score) for result in after),
        max(abs(result.quality - before.quality) for result in after),
        sum(result.nearest_view is not before.nearest_view for result in after),
    )


def _changed(image: NDArray[np.uint8], curve: Curve) -> NDArray[np.uint8]:
    return np.asarray(cv2.LUT(np.ascontiguousarray(image), curve), np.uint8)
