"""Clips as WebM (VP8), which browsers play without a plug-in, and as MP4 (MPEG-4), which scanners export."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from echopilot_core import EchoPilotError


def write_webm(path: Path, frames: Sequence[NDArray[np.uint8]], rate_hz: float) -> None:
    """Write RGB frames (H, W, 3) uint8 of one size; raises EchoPilotError where this OpenCV cannot write VP8."""
    _write(path, frames, rate_hz, "VP80", "WebM (VP8)")


def write_mp4(path: Path, frames: Sequence[NDArray[np.uint8]], rate_hz: float) -> None:
    """Write RGB frames (H, W, 3) uint8 of one size; raises EchoPilotError where this OpenCV cannot write MPEG-4."""
    _write(path, frames, rate_hz, "mp4v", "MP4 (MPEG-4)")


def _write(path: Path, frames: Sequence[NDArray[np.uint8]], rate_hz: float, codec: str, what: str) -> None:
    height, width = (n - n % 2 for n in frames[0].shape[:2])  # the codecs want even sizes
    with _quiet():
        writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*codec), rate_hz, (width, height))
    if not writer.isOpened():
        raise EchoPilotError(f"this OpenCV cannot write {what}; install opencv-python-headless from PyPI")
    for frame in frames:
        writer.write(cv2.cvtColor(np.ascontiguousarray(frame[:height, :width]), cv2.COLOR_RGB2BGR))
    writer.release()


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep OpenCV's remark on the container's codec tag, which WebM has no use for, off the terminal."""
    kept = os.dup(2)
    null = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(null, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(null)
