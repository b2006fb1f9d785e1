"""The pictures of a clip in memory, and how colour becomes grey."""

from collections.abc import Iterable
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from echopilot_core import EchoPilotError

COLOUR_THRESHOLD = 40  # largest minus smallest channel from which a pixel is coloured, not grey
MAX_BYTES = 3_000_000_000


@dataclass(frozen=True)
class Region:
    """Part of the screen that the file itself calls ultrasound, with pixel spacing [m]."""

    left_px: int
    top_px: int
    right_px: int
    bottom_px: int
    spacing_x_m: float
    spacing_y_m: float


@dataclass(frozen=True)
class Pictures:
    """Grey pictures (N, H, W) uint8 in order, their times [s], where colour ever was, and what the file tells."""

    grey: NDArray[np.uint8]
    times_s: NDArray[np.float64]
    coloured: NDArray[np.bool_]
    region: Region | None = None
    preset: str = ""


def gather(pictures: Iterable[NDArray[np.uint8]], name: str) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
    """Stack pictures (H, W) or (H, W, 3) RGB as grey (N, H, W) and the mask of pixels that were ever coloured.

    Raises EchoPilotError when there is none, when sizes differ or when they do not fit in memory.
    """
    rows: list[NDArray[np.uint8]] = []
    coloured: NDArray[np.bool_] | None = None
    for picture in pictures:
        if rows and picture.shape[:2] != rows[0].shape:
            raise EchoPilotError(f"{name}: pictures differ in size: {picture.shape[:2]} after {rows[0].shape}")
        if coloured is None:
            coloured = np.zeros(picture.shape[:2], dtype=np.bool_)
        if picture.ndim == 3:
            coloured |= np.ptp(picture[..., :3], axis=2) > COLOUR_THRESHOLD
            picture = cv2.cvtColor(np.ascontiguousarray(picture[..., :3]), cv2.COLOR_RGB2GRAY)
        rows.append(np.ascontiguousarray(picture, dtype=np.uint8))
        if len(rows) * rows[0].nbytes > MAX_BYTES:
            raise EchoPilotError(f"{name}: the clip needs more than {MAX_BYTES // 10**9} GB of memory; cut it")
    if coloured is None:
        raise EchoPilotError(f"{name}: no picture could be read")
    return np.stack(rows), coloured
