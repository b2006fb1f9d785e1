"""Frames of a file as images for people: the screen as it came, and the same with outlines and the sector found."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from echopilot_core import EchoPilotError, Frame, PerceptionResult, SegmentationClass
from echopilot_lab.replay.clip_results import labels_inside
from echopilot_report.images.overlay import overlay

PER_CLIP = 4
STILL_PX, CLIP_PX = 640, 540  # longer side of a still, of a frame of a clip
JPEG_QUALITY = 82
SECTOR_RGB = (150, 160, 170)
DRAWN_RGB = (255, 255, 255)  # of a person's outline


@dataclass(frozen=True)
class ShownFrame:
    """JPEGs of one frame, and the classes outlined in it."""

    index: int
    plain: bytes
    outlined: bytes
    classes: tuple[SegmentationClass, ...]


def chosen(frames: int, outlined: Iterable[int] = ()) -> tuple[int, ...]:
    """Numbers of the frames to show: half of them those that people outlined, the others evenly over the clip."""
    first = sorted(k for k in outlined if k < frames)[: PER_CLIP // 2]
    count = min(frames, PER_CLIP) - len(first)
    even = (int((k + 0.5) * frames / count) for k in range(count))
    return tuple(sorted({*first, *even}))


def show_frame(
    index: int,
    frame: Frame,
    result: PerceptionResult,
    drawn: Mapping[SegmentationClass, NDArray[np.float64]],
    side_px: int,
) -> ShownFrame:
    """Both images of a frame, the longer side `side_px`; `drawn` are outlines of people in px (N, 2), in white."""
    labels = labels_inside(frame, result)
    image = overlay(frame.image, labels)
    sector = frame.geometry.pixels(frame.geometry.outline_m())
    lines = [(sector, SECTOR_RGB), *((polygon, DRAWN_RGB) for polygon in drawn.values())]
    for points, color in lines:
        cv2.polylines(image, [np.rint(points * 16).astype(np.int32)], True, color, 1, cv2.LINE_AA, shift=4)
    present = (SegmentationClass(int(label)) for label in np.unique(labels) if label)
    return ShownFrame(index, _jpeg(frame.image, side_px), _jpeg(image[:, :, ::-1], side_px), tuple(present))


def _jpeg(image: NDArray[np.uint8], side_px: int) -> bytes:
    scale = side_px / max(image.shape[:2])
    if scale < 1.0:
        size = (max(round(image.shape[1] * scale), 1), max(round(image.shape[0] * scale), 1))
        image = np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)
    done, data = cv2.imencode(".jpg", np.ascontiguousarray(image), [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
    if not done:
        raise EchoPilotError("this OpenCV writes no JPEG; install opencv-python-headless")
    return bytes(data)
