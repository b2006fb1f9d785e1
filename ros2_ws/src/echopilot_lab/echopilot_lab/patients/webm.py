"""Clips as WebM (VP8), which browsers play without a plug-in."""

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
    height, width = (n - n % 2 for n in frames[0].shape[:2])  # the codec wants even sizes
    with _quiet():
        writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"VP80"), rate_hz, (width, height))
    if not writer.isOpened():
        raise EchoPilotError("this OpenCV cannot write WebM (VP8); install opencv-python-headless from PyPI")
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
