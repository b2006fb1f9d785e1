"""Decoded images of a clip, and their conversion to gray."""

from collections.abc import Iterable
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from echopilot_core import EchoPilotError
from echopilot_core.guarded.bounded import MAX_IMAGE_PIXELS
from echopilot_perception.frames.frame_store import FrameStore
from echopilot_perception.frames.frame_times import FrameTimes

COLOR_THRESHOLD = 40  # largest minus smallest channel from which a pixel is colored, not gray
MAX_BYTES = 3_000_000_000
MAX_FRAMES = 20_000
FREE_BYTES, MOST_RATIO = 300_000_000, 100  # a small file may unpack to the first, a large one to so many times its size
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
class ImageSequence:
    """Gray images (N, H, W) uint8 in order with their times, mask (H, W) of pixels that ever had color, metadata.

    `remarks` are lines on what the reader chose or left out.
    """

    gray: NDArray[np.uint8]
    times: FrameTimes
    colored: NDArray[np.bool_]
    region: Region | None = None
    preset: str = ""
    remarks: tuple[str, ...] = ()

    @property
    def times_s(self) -> NDArray[np.float64]:
        """Times (N,) [s] of the frames, known or assumed."""
        return self.times.seconds


def unpacked_limit(file_bytes: int) -> int:
    """Bytes of gray images that a file of this size may unpack to: the rest is a decompression bomb."""
    return min(MAX_BYTES, FREE_BYTES + MOST_RATIO * file_bytes)


def check_clip(width: int, height: int, frames: int, limit: int, name: str) -> None:
    """Raise EchoPilotError for a clip that claims too small or large images, or more than `limit` bytes of gray."""
    check_size(width, height, name)
    if frames > MAX_FRAMES or width * height * frames > limit:
        raise EchoPilotError(
            f"{name}: {frames} frames of {width} x {height} px; at most {MAX_FRAMES} and {limit / 1e6:.0f} MB are read "
            "from a file of this size; cut it"
        )


def gather(
    images: Iterable[NDArray[np.uint8]], name: str, limit: int = MAX_BYTES
) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
    """Stack images (H, W) or (H, W, 3) RGB as gray (N, H, W) and the mask of pixels that were ever colored.

    Many images lie in a temporary file. Raises EchoPilotError when there is none, when they are too small or large,
    when sizes differ or when they are more than `limit` bytes.
    """
    store, shape = FrameStore(), (0, 0)
    colored: NDArray[np.bool_] | None = None
    for image in images:
        if len(store) and image.shape[:2] != shape:
            raise EchoPilotError(f"{name}: images differ in size: {image.shape[:2]} after {shape}")
        if image.ndim not in (2, 3) or (image.ndim == 3 and image.shape[2] != 3):
            raise EchoPilotError(f"{name}: images must be gray or RGB, got an array of {image.shape}")
        if colored is None:
            check_size(image.shape[1], image.shape[0], name)
            colored = np.zeros(image.shape[:2], dtype=np.bool_)
        if image.ndim == 3:
            red, green, blue = cv2.split(np.ascontiguousarray(image))
            most, least = cv2.max(cv2.max(red, green), blue), cv2.min(cv2.min(red, green), blue)
            colored |= cv2.subtract(most, least) > COLOR_THRESHOLD
            image = cv2.cvtColor(np.ascontiguousarray(image), cv2.COLOR_RGB2GRAY)
        shape = (image.shape[0], image.shape[1])
        store.add(np.asarray(image, np.uint8))
        check_clip(image.shape[1], image.shape[0], len(store), limit, name)
    if colored is None:
        raise EchoPilotError(f"{name}: no image could be read")
    return store.stack(), colored


def check_size(width: int, height: int, name: str) -> None:
    """Raise EchoPilotError for images that are too small to show anything or too large to be decoded."""
    if min(width, height) < MIN_SIDE_PX:
        raise EchoPilotError(
            f"{name}: images of {width} x {height} px; at least {MIN_SIDE_PX} x {MIN_SIDE_PX} are needed"
        )
    if width * height > MAX_IMAGE_PIXELS:
        raise EchoPilotError(
            f"{name}: images of {width} x {height} px; more than {MAX_IMAGE_PIXELS // 10**6} million are refused"
        )
