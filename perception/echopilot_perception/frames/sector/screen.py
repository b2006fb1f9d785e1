"""A screen at the size at which the sector is looked for, without user interface that is plainly none of ultrasound."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

WORKING_PX = 640  # long side of the copy that is searched: all sizes below are px of it
MAX_IMAGES = 24
FLAT_RANGE = 6  # gray values within 3 x 3 px: less is a surface of the user interface, never speckle
FLAT_SHARE = 0.008  # of the screen that a flat surface covers at least
STILL = 3.0  # standard deviation over the clip, gray values: more is no user interface
FILLED = 0.75  # of its box that a panel covers (a disk 0.79)
ABOVE_BLACK = 10  # gray values from which a flat surface is no background
BORDER_PX, BORDER_LIT = 8, 0.85  # a drawn border is at most so wide and lit over that share of its length
BLACK_BELOW = 64


@dataclass(frozen=True)
class Screen:
    """The brightest values (H, W) of a clip, user interface set to `black`, and how much each pixel changes.

    `scale` is the number of its px in one px of the original.
    """

    gray: NDArray[np.uint8]
    motion: NDArray[np.float32]
    black: int
    scale: float

    def original(self, at_px: float) -> float:
        """Pixel coordinate of the original at a coordinate of the copy."""
        return (at_px + 0.5) / self.scale - 0.5

    def copied(self, at_px: float) -> float:
        """Pixel coordinate of the copy at a coordinate of the original."""
        return (at_px + 0.5) * self.scale - 0.5


def screen_of(images: NDArray[np.uint8], black: int | None = None) -> Screen:
    """Copy of images (N, H, W) with a long side of 640 px; `black` is its background where that is known."""
    picked = images[:: max(len(images) // MAX_IMAGES, 1)]
    height, width = images.shape[1:]
    scale = WORKING_PX / max(height, width)
    size = (max(round(width * scale), 1), max(round(height * scale), 1))
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    copies = np.stack([cv2.resize(image, size, interpolation=how) for image in picked])
    gray = copies.max(axis=0)
    motion = copies.astype(np.float32).std(axis=0)
    surfaces = _surfaces(copies[0], motion)
    if black is None:
        rest = gray[~surfaces] if not surfaces.all() else gray
        black = int(np.argmax(np.bincount(rest.ravel(), minlength=256)[:BLACK_BELOW]))
    gray = np.where(surfaces, np.uint8(black), gray)
    return Screen(_without_border(gray, black), motion, black, scale)


def _surfaces(gray: NDArray[np.uint8], motion: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Large still areas of one gray that is not black: white pages, panels, bars.

    They reach the border of the screen or are rectangles; saturated echoes are neither.
    """
    kernel = np.ones((3, 3), np.uint8)
    flat = ((cv2.dilate(gray, kernel) - cv2.erode(gray, kernel)) <= FLAT_RANGE) & (motion < STILL)
    black = int(np.argmax(np.bincount(gray.ravel(), minlength=256)[:BLACK_BELOW]))
    lit = flat & (gray > black + ABOVE_BLACK)
    _, parts, stats, _ = cv2.connectedComponentsWithStats(lit.astype(np.uint8), connectivity=4)
    left, top, width, height, area = (stats[:, k] for k in range(5))
    border = (left <= 2) | (top <= 2) | (left + width >= gray.shape[1] - 2) | (top + height >= gray.shape[0] - 2)
    large = (area >= FLAT_SHARE * gray.size) & (border | (area >= FILLED * width * height))
    large[0] = False
    found = large[parts]
    return np.asarray(cv2.dilate(found.astype(np.uint8), np.ones((7, 7), np.uint8)) > 0, np.bool_)


def _without_border(gray: NDArray[np.uint8], black: int) -> NDArray[np.uint8]:
    """A line drawn along three or four edges of the screen is taken off."""
    turned = [np.rot90(gray, k) for k in range(4)]
    widths = [_border(side, black) for side in turned]
    if sum(width > 0 for width in widths) < 3:
        return gray
    gray = gray.copy()
    for k, width in enumerate(widths):
        np.rot90(gray, k)[: width + 1] = black
    return gray


def _border(gray: NDArray[np.uint8], black: int) -> int:
    """Rows at the top that belong to a border, 0 where there is none."""
    lit = (gray[: BORDER_PX + 2] > black + 60).mean(axis=1) >= BORDER_LIT
    rows = np.flatnonzero(lit)
    return int(rows[-1]) + 1 if len(rows) and not lit[-1] else 0
