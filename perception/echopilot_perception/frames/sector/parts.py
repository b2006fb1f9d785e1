"""Content of a screen at one threshold, and its connected parts."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from echopilot_perception.frames.sector.polar import Field
from echopilot_perception.frames.sector.screen import Screen

OPEN_PX, CLOSE_PX = 3, 8  # radii: strokes of letters go, speckle closes
MIN_PART = 0.002  # of the screen
SOFT_PX = 1.5


@dataclass(frozen=True)
class Parts:
    """Connected parts: labels (H, W), 0 for none, and the pixels (rows, columns, names) of all but 0.

    `thick_px` (P,) is the largest distance of a pixel of each part from what is outside.
    """

    labels: NDArray[np.int32]
    count: int
    thick_px: NDArray[np.float64]
    rows: NDArray[np.int64]
    columns: NDArray[np.int64]
    names: NDArray[np.int32]

    @property
    def width(self) -> int:
        """Width of the screen."""
        return int(self.labels.shape[1])

    def soft_of(self, chosen: NDArray[np.bool_]) -> Field:
        """Mask (H, W) in 0..1 of the chosen parts (P,), with soft edges."""
        return _soft(chosen[self.labels])


def mask_of(screen: Screen, threshold: int, zoom: float = 1.0) -> NDArray[np.uint8]:
    """Content (H, W), 0 or 1, without letters and lines, speckle closed; letters are `zoom` times as large as usual."""
    mask = cv2.morphologyEx(raw_mask(screen, threshold), cv2.MORPH_OPEN, disc(round(OPEN_PX * zoom)))
    mask = cv2.morphologyEx(mask, cv2.MORPH_CLOSE, disc(round(CLOSE_PX * zoom)))
    _, labels, stats, _ = cv2.connectedComponentsWithStats(mask)
    kept = stats[:, cv2.CC_STAT_AREA] >= MIN_PART * mask.size
    kept[0] = False
    return np.asarray(kept[labels], np.uint8)


def raw_mask(screen: Screen, threshold: int) -> NDArray[np.uint8]:
    """Pixels (H, W) that differ from black by more than `threshold` gray values, 0 or 1."""
    even = cv2.blur(screen.gray, (3, 3))
    return np.asarray(cv2.absdiff(even, np.full_like(even, screen.black)) > threshold, np.uint8)


def parts_of(mask: NDArray[np.uint8]) -> Parts:
    """Connected parts of a mask."""
    count, labels = cv2.connectedComponents(mask)
    depth = cv2.distanceTransform(mask, cv2.DIST_L2, 3)
    rows, columns = np.nonzero(mask[::2, ::2])
    rows, columns = 2 * rows, 2 * columns
    thick = np.zeros(count)
    np.maximum.at(thick, labels.ravel(), depth.ravel())
    return Parts(labels, count, thick, rows, columns, labels[rows, columns])


def _soft(mask: NDArray[np.bool_]) -> Field:
    return np.asarray(cv2.GaussianBlur(mask.astype(np.float32), (0, 0), SOFT_PX), np.float32)


def soft(mask: NDArray[np.uint8]) -> Field:
    """A mask with soft edges, in 0..1."""
    return _soft(mask > 0)


def disc(radius: int) -> NDArray[np.uint8]:
    """Structuring element of a radius [px]."""
    return np.asarray(cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1, 2 * radius + 1)), np.uint8)
