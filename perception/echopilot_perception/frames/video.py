"""Videos and folders of pictures, through OpenCV."""

from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from echopilot_core import EchoPilotError
from echopilot_perception.frames.pictures import Pictures, gather

PICTURE_SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff")
VIDEO_SUFFIXES = (".mp4", ".avi", ".mov", ".mkv", ".webm", ".m4v", ".mpg", ".mpeg")
DEFAULT_RATE_HZ = 30.0


def read_video(path: Path) -> Pictures:
    """Read every frame in order; raises EchoPilotError when the file is no video or breaks off."""
    capture = cv2.VideoCapture(str(path))
    try:
        if not capture.isOpened():
            raise EchoPilotError(f"{path.name} is not a readable video")
        times: list[float] = []
        grey, coloured = gather(_decode(capture, times), path.name)
        told = int(capture.get(cv2.CAP_PROP_FRAME_COUNT))
        rate_hz = float(capture.get(cv2.CAP_PROP_FPS)) or DEFAULT_RATE_HZ
    finally:
        capture.release()
    if told > 0 and len(grey) < 0.9 * told:
        raise EchoPilotError(f"{path.name}: {len(grey)} of {told} frames could be read; the file is damaged")
    times_s = np.array(times)
    if len(times_s) > 1 and not (np.diff(times_s) > 0).all():
        times_s = np.arange(len(times_s)) / rate_hz
    return Pictures(grey, times_s - times_s[0], coloured)


def read_pictures(path: Path) -> Pictures:
    """Read a picture, or a folder of pictures in the order of their names, at 30 per second."""
    files = sorted(p for p in path.iterdir() if p.suffix.lower() in PICTURE_SUFFIXES) if path.is_dir() else [path]
    if not files:
        raise EchoPilotError(f"{path.name} holds no picture ({', '.join(PICTURE_SUFFIXES)})")
    grey, coloured = gather((_load(file) for file in files), path.name)
    return Pictures(grey, np.arange(len(grey)) / DEFAULT_RATE_HZ, coloured)


def _decode(capture: cv2.VideoCapture, times: list[float]) -> Iterator[NDArray[np.uint8]]:
    while True:
        at_ms = float(capture.get(cv2.CAP_PROP_POS_MSEC))
        good, picture = capture.read()
        if not good:
            return
        times.append(at_ms * 1e-3)
        yield cv2.cvtColor(picture, cv2.COLOR_BGR2RGB).astype(np.uint8, copy=False)


def _load(file: Path) -> NDArray[np.uint8]:
    picture = cv2.imread(str(file), cv2.IMREAD_COLOR)
    if picture is None:
        raise EchoPilotError(f"{file.name} is not a readable picture")
    return np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2RGB), dtype=np.uint8)
