"""Small bright marks on a screen: ticks and dots of rulers, letters, digits."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

WORKING_PX = 1280  # long side of the copy that is searched
MAX_IMAGES = 12
STANDS_OUT = 35  # gray values above its surroundings
LARGEST = 1.0 / 45.0  # of the long side: larger bright things are no marks
MOST = 1000  # the brightest: dithering and speckle make more


@dataclass(frozen=True)
class ScreenMarks:
    """Centers `u`, `v` (K,) [px of the original], and `size` (K,): longer side [px of the copy] of each mark.

    `weight` (K,) is its brightness summed over its area. `scale` is px of the copy per px of the original.
    """

    u: NDArray[np.float64]
    v: NDArray[np.float64]
    size: NDArray[np.float64]
    weight: NDArray[np.float64]
    scale: float


def still_image(images: NDArray[np.uint8]) -> tuple[NDArray[np.uint8], float]:
    """What does not move in images (N, H, W): the darkest value of each pixel, at most 1280 px large; and its scale."""
    picked = images[:: max(len(images) // MAX_IMAGES, 1)]
    scale = min(WORKING_PX / max(images.shape[1:]), 1.0)
    still = np.asarray(picked.min(axis=0), np.uint8)
    if scale < 1.0:
        size = round(still.shape[1] * scale), round(still.shape[0] * scale)
        still = np.asarray(cv2.resize(still, size, interpolation=cv2.INTER_AREA), np.uint8)
    return still, scale


def marks_of(still: NDArray[np.uint8], scale: float) -> ScreenMarks:
    """Marks of a still image (H, W), itself a copy at `scale`."""
    reach = max(round(LARGEST * max(still.shape)), 5)
    kernel = cv2.getStructuringElement(cv2.MORPH_RECT, (reach, reach))
    outstanding = cv2.morphologyEx(still, cv2.MORPH_TOPHAT, kernel)
    mask = np.asarray(outstanding > STANDS_OUT, np.uint8)
    count, labels, stats, _ = cv2.connectedComponentsWithStats(mask)
    rows, columns = np.nonzero(labels)
    names, light = labels[rows, columns], outstanding[rows, columns].astype(np.float64)
    weight = np.maximum(np.bincount(names, light, count), 1.0)
    u, v = np.bincount(names, light * columns, count) / weight, np.bincount(names, light * rows, count) / weight
    size = stats[:, [cv2.CC_STAT_WIDTH, cv2.CC_STAT_HEIGHT]].max(axis=1).astype(np.float64)
    small = size <= reach
    small[0] = False
    if small.sum() > MOST:
        small &= weight >= np.sort(weight[small])[-MOST]
    return ScreenMarks(
        (u[small] + 0.5) / scale - 0.5, (v[small] + 0.5) / scale - 0.5, size[small], weight[small], scale
    )
