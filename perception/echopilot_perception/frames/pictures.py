"""The pictures of a clip in memory, and how colour becomes grey."""

from collections.abc import Iterable
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from echopilot_core import EchoPilotError

COLOUR_THRESHOLD = 40  # largest minus smallest channel from which a pixel is coloured, not grey
MAX_BYTES = 3_000_000_000
MAX_FRAMES = 20_000
MAX_PIXELS = 50_000_000  # of one picture: more is a decompression bomb or no ultrasound screen
MIN_SIDE_PX = 32


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

    Raises EchoPilotError when there is none, when they are too small or large, when sizes differ or when they do not
    fit in memory.
    """
    rows: list[NDArray[np.uint8]] = []
    coloured: NDArray[np.bool_] | None = None
    for picture in pictures:
        if rows and picture.shape[:2] != rows[0].shape:
            raise EchoPilotError(f"{name}: pictures differ in size: {picture.shape[:2]} after {rows[0].shape}")
        if picture.ndim not in (2, 3) or (picture.ndim == 3 and picture.shape[2] != 3):
            raise EchoPilotError(f"{name}: pictures must be grey or RGB, got an array of {picture.shape}")
        if coloured is None:
            check_size(picture.shape[1], picture.shape[0], name)
            coloured = np.zeros(picture.shape[:2], dtype=np.bool_)
        if picture.ndim == 3:
            red, green, blue = cv2.split(np.ascontiguousarray(picture))
            most, least = cv2.max(cv2.max(red, green), blue), cv2.min(cv2.min(red, green), blue)
            coloured |= cv2.subtract(most, least) > COLOUR_THRESHOLD
            picture = cv2.cvtColor(np.ascontiguousarray(picture), cv2.COLOR_RGB2GRAY)
        rows.append(np.ascontiguousarray(picture, dtype=np.uint8))
        if len(rows) * rows[0].nbytes > MAX_BYTES or len(rows) > MAX_FRAMES:
            raise EchoPilotError(
                f"{name}: the clip has more than {MAX_FRAMES} frames or {MAX_BYTES // 10**9} GB; cut it"
            )
    if coloured is None:
        raise EchoPilotError(f"{name}: no picture could be read")
    return np.stack(rows), coloured


def check_size(width: int, height: int, name: str) -> None:
    """Raise EchoPilotError for pictures that are too small to show anything or too large to be decoded."""
    if min(width, height) < MIN_SIDE_PX:
        raise EchoPilotError(
            f"{name}: pictures of {width} x {height} px; at least {MIN_SIDE_PX} x {MIN_SIDE_PX} are needed"
        )
    if width * height > MAX_PIXELS:
        raise EchoPilotError(
            f"{name}: pictures of {width} x {height} px; more than {MAX_PIXELS // 10**6} million are refused"
        )
