"""Videos through OpenCV, images and folders of them through Pillow."""

import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFile

from echopilot_core import EchoPilotError
from echopilot_perception.frames.frame_times import assumed, even, of_stamps
from echopilot_perception.frames.image_sequence import ImageSequence, check_size, gather, unpacked_limit

IMAGE_SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff")
VIDEO_SUFFIXES = (".mp4", ".avi", ".mov", ".mkv", ".webm", ".m4v", ".mpg", ".mpeg")
RATES_HZ = (0.1, 1000.0)
os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")  # quiet; FFmpeg reads it once, when OpenCV first opens a video
_LOGGING = getattr(cv2.utils, "logging", cv2)  # OpenCV for NumPy 1 has the same functions one level up


def read_video(path: Path) -> ImageSequence:
    """Read every frame in order; raises EchoPilotError when the file is no video or breaks off."""
    with path.open("rb") as file:
        start = file.read(512)
    if start.isascii() and b"\0" not in start:  # a play list would send the decoder to other files and hosts
        raise EchoPilotError(f"{path.name} is not a readable video: it holds text")
    times: list[float] = []
    limit = unpacked_limit(path.stat().st_size)
    with _opened(path) as capture:
        check_size(int(capture.get(cv2.CAP_PROP_FRAME_WIDTH)), int(capture.get(cv2.CAP_PROP_FRAME_HEIGHT)), path.name)
        gray, colored = gather(_decode(capture, times), path.name, limit)
        announced = float(capture.get(cv2.CAP_PROP_FRAME_COUNT))
        rate_hz = float(capture.get(cv2.CAP_PROP_FPS))
    if announced > 0 and len(gray) < 0.9 * announced:
        raise EchoPilotError(f"{path.name}: {len(gray)} of {announced:.0f} frames could be read; the file is damaged")
    found = of_stamps(times, "times in the container")
    low, high = RATES_HZ
    if not found.known and low <= rate_hz <= high:
        found = even(len(gray), 1.0 / rate_hz, "rate in the container")
    return ImageSequence(gray, found, colored)


def read_images(path: Path) -> ImageSequence:
    """Read an image, or a folder of images in the order of their names; their times are not known."""
    files = sorted(p for p in path.iterdir() if p.suffix.lower() in IMAGE_SUFFIXES) if path.is_dir() else [path]
    if not files:
        raise EchoPilotError(f"{path.name} holds no image ({', '.join(IMAGE_SUFFIXES)})")
    limit = unpacked_limit(sum(file.stat().st_size for file in files))
    gray, colored = gather((_load(file) for file in files), path.name, limit)
    return ImageSequence(gray, assumed(len(gray), "images have none"), colored)


@contextmanager
def _opened(path: Path) -> Iterator[cv2.VideoCapture]:
    """The opened capture; OpenCV keeps its own complaints to itself meanwhile."""
    level = _LOGGING.getLogLevel()
    _LOGGING.setLogLevel(0)
    ffmpeg = cv2.CAP_FFMPEG in cv2.videoio_registry.getStreamBackends()
    capture = cv2.VideoCapture(str(path), cv2.CAP_FFMPEG if ffmpeg else cv2.CAP_ANY)
    try:
        if not capture.isOpened():
            raise EchoPilotError(f"{path.name} is not a readable video")
        yield capture
    except cv2.error as error:
        raise EchoPilotError(f"{path.name} is not a readable video: {error.err}") from error
    finally:
        capture.release()
        _LOGGING.setLogLevel(level)


def _decode(capture: cv2.VideoCapture, times: list[float]) -> Iterator[NDArray[np.uint8]]:
    while True:
        at_ms = float(capture.get(cv2.CAP_PROP_POS_MSEC))
        good, image = capture.read()
        if not good:
            return
        times.append(at_ms * 1e-3)
        yield cv2.cvtColor(image, cv2.COLOR_BGR2RGB).astype(np.uint8, copy=False)


def _load(file: Path) -> NDArray[np.uint8]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            ImageFile.LOAD_TRUNCATED_IMAGES = False  # libraries that render pages switch it on for all
            with Image.open(file) as image:
                check_size(*image.size, file.name)
                return _eight_bits(image)
    except EchoPilotError:
        raise
    except Exception as error:  # Pillow and its decoders raise every kind for damaged files
        reason = (str(error).splitlines() or [""])[0].replace(str(file), file.name)
        raise EchoPilotError(f"{file.name} is not a readable image: {reason}") from error


def _eight_bits(image: Image.Image) -> NDArray[np.uint8]:
    if image.mode.startswith("I;16"):
        return np.asarray(np.asarray(image) >> 8, dtype=np.uint8)
    if image.mode in ("I", "F"):
        raise EchoPilotError("images of 32 bits per sample cannot be shown as gray; convert them to 8 or 16 bits")
    return np.asarray(image if image.mode == "L" else image.convert("RGB"), dtype=np.uint8)
