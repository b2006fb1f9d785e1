"""Screen content that may be ultrasound: bright pixels, and the connected part that moves most."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from echopilot_core import SectorBox

ABOVE_BLACK = 3  # gray values above the screen's own black from which a pixel has content
MAX_IMAGES = 24
MIN_SHARE = 0.01  # of the screen that a sector covers
EDGE_TOLERANCE = 0.04  # of the width: parts whose left and right edges agree that well are one rectangle
FULL_ROW, EMPTY_MARGIN = 0.8, 0.35  # shares of pixels with content in a row of a rectangle, and beside it
UPPER_AREA, UPPER_FILL = 0.15, 0.6  # least area, of the part below and of its own box, of an image above a trace
UPPER_HEIGHT, UPPER_WIDTH = 0.15, 0.12  # of the screen, of the same
GAP_ROW, TEXT_ROW = 0.1, 0.6  # shares of bright pixels in a row: fewer are a gap between lines, fewer are text


@dataclass(frozen=True)
class Content:
    """Masks (H, W) of one clip: `bright` as it is, `mask` blurred and without color, `parts` numbered, `main` chosen.

    `left_px` and `right_px` bound the largest part of `main`.
    """

    bright: NDArray[np.bool_]
    mask: NDArray[np.bool_]
    parts: NDArray[np.int32]
    areas: NDArray[np.float64]
    main: NDArray[np.bool_]
    left_px: int
    right_px: int


def find_content(images: NDArray[np.uint8], colored: NDArray[np.bool_] | None) -> Content | None:
    """Content of images (N, H, W); None where no part is large enough.

    Colored pixels are ignored; strokes as thin as text are removed by opening; of the remaining parts, the one that
    moves most is chosen, together with parts that share its left and right edges.
    """
    picked = images[:: max(len(images) // MAX_IMAGES, 1)]
    brightest = picked.max(axis=0)
    motion = picked.astype(np.float32).std(axis=0)
    black = int(np.argmax(np.bincount(brightest.ravel(), minlength=256)[:64]))
    mask = cv2.blur(brightest, (5, 5)) > black + ABOVE_BLACK
    if colored is not None:
        mask &= cv2.dilate(colored.astype(np.uint8), np.ones((3, 3), np.uint8)) == 0
    disc = _disc(max(max(images.shape[1:]) // 80, 4))
    opened = cv2.morphologyEx(mask.astype(np.uint8), cv2.MORPH_OPEN, disc)
    closed = cv2.morphologyEx(opened, cv2.MORPH_CLOSE, disc)
    count, parts, stats, _ = cv2.connectedComponentsWithStats(closed, connectivity=8)
    if count < 2:
        return None
    areas = stats[:, cv2.CC_STAT_AREA].astype(np.float64)
    moving = np.bincount(parts.ravel(), weights=np.minimum(motion, 20.0).ravel(), minlength=count)
    merit = areas * (0.2 + moving / np.maximum(areas, 1.0))
    merit[0] = -1.0
    best = int(np.argmax(merit))
    if areas[best] < MIN_SHARE * closed.size:
        return None
    best = _above(stats, best, closed.shape)
    left, width = stats[:, cv2.CC_STAT_LEFT], stats[:, cv2.CC_STAT_WIDTH]
    slack = EDGE_TOLERANCE * width[best]
    same = (np.abs(left - left[best]) <= slack) & (np.abs(left + width - left[best] - width[best]) <= slack)
    same[0] = False
    bright, first, end = brightest > black + ABOVE_BLACK, int(left[best]), int(left[best] + width[best])
    return Content(bright, mask, parts, areas, np.asarray(same[parts]), first, end)


def _above(stats: NDArray[np.int32], best: int, shape: tuple[int, ...]) -> int:
    """The part above the best one that is an image of its own: on mixed screens spectrum and M-mode lie below it."""
    left, top, width, height, area = (stats[:, k].astype(np.float64) for k in range(5))
    other = (np.abs(left - left[best]) > EDGE_TOLERANCE * width[best]) | (
        np.abs(left + width - left[best] - width[best]) > EDGE_TOLERANCE * width[best]
    )
    image = (
        other
        & (top + height <= top[best] + 3)
        & (area >= UPPER_AREA * area[best])
        & (area >= UPPER_FILL * width * height)
    )
    image &= (height >= UPPER_HEIGHT * shape[0]) & (width >= UPPER_WIDTH * shape[1])
    image[0] = False
    return int(np.argmax(np.where(image, area, 0.0))) if image.any() else best


def rectangle(content: Content) -> SectorBox:
    """The rectangle around the main part.

    A dark band may cut it in two: full rows with nothing beside them belong to it. Rows of text at its top do not.
    """
    left, right = content.left_px, content.right_px
    rows = np.nonzero(content.main.any(axis=1))[0]
    fill = content.mask[:, left:right].mean(axis=1)
    margin = max((right - left) // 12, 4)
    beside = np.hstack([content.mask[:, max(left - margin, 0) : left], content.mask[:, right : right + margin]])
    quiet = beside.mean(axis=1) < EMPTY_MARGIN if beside.shape[1] else np.ones(len(fill), np.bool_)
    full = np.nonzero((fill >= FULL_ROW) & quiet)[0]
    first = int(min([rows[0], *full[:1]]))
    end = int(max([rows[-1], *full[-1:]])) + 1
    lit = content.bright[first : first + (end - first) // 2, left:right].mean(axis=1)
    return SectorBox(left, first + _below_text(lit), right, end)


def _below_text(lit: NDArray[np.float64]) -> int:
    """First row of the image, from the share of bright pixels in each row: blocks of rows of text come before it."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], lit > GAP_ROW, [False]]).astype(np.int8)))
    for start, stop in zip(edges[::2], edges[1::2], strict=True):
        if float(lit[start:stop].mean()) >= TEXT_ROW:
            return int(start + np.argmax(lit[start:stop] >= TEXT_ROW))
    return 0


def _disc(radius: int) -> NDArray[np.uint8]:
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1, 2 * radius + 1))
    return np.asarray(kernel, dtype=np.uint8)
