"""Videos through OpenCV, pictures and folders of them through Pillow."""

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
from echopilot_perception.frames.pictures import Pictures, check_size, gather

PICTURE_SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff")
VIDEO_SUFFIXES = (".mp4", ".avi", ".mov", ".mkv", ".webm", ".m4v", ".mpg", ".mpeg")
DEFAULT_RATE_HZ = 30.0
RATES_HZ = (0.1, 1000.0)
MAX_SECONDS = 1e6
os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")  # quiet; FFmpeg reads it once, when OpenCV first opens a video
_LOGGING = getattr(cv2.utils, "logging", cv2)  # OpenCV for NumPy 1 has the same functions one level up


def read_video(path: Path) -> Pictures:
    """Read every frame in order; raises EchoPilotError when the file is no video or breaks off."""
    with path.open("rb") as file:
        start = file.read(512)
    if start.isascii() and b"\0" not in start:  # a play list would send the decoder to other files and hosts
        raise EchoPilotError(f"{path.name} is not a readable video: it holds text")
    times: list[float] = []
    with _opened(path) as capture:
        check_size(int(capture.get(cv2.CAP_PROP_FRAME_WIDTH)), int(capture.get(cv2.CAP_PROP_FRAME_HEIGHT)), path.name)
        grey, coloured = gather(_decode(capture, times), path.name)
        told = float(capture.get(cv2.CAP_PROP_FRAME_COUNT))
        rate_hz = float(capture.get(cv2.CAP_PROP_FPS))
    if told > 0 and len(grey) < 0.9 * told:
        raise EchoPilotError(f"{path.name}: {len(grey)} of {told:.0f} frames could be read; the file is damaged")
    times_s = np.array(times)
    if not np.isfinite(times_s).all() or not (np.diff(times_s) > 0).all() or times_s[-1] > MAX_SECONDS:
        low, high = RATES_HZ
        times_s = np.arange(len(times_s)) / (rate_hz if low <= rate_hz <= high else DEFAULT_RATE_HZ)
    return Pictures(grey, times_s - times_s[0], coloured)


def read_pictures(path: Path) -> Pictures:
    """Read a picture, or a folder of pictures in the order of their names, at 30 per second."""
    files = sorted(p for p in path.iterdir() if p.suffix.lower() in PICTURE_SUFFIXES) if path.is_dir() else [path]
    if not files:
        raise EchoPilotError(f"{path.name} holds no picture ({', '.join(PICTURE_SUFFIXES)})")
    grey, coloured = gather((_load(file) for file in files), path.name)
    return Pictures(grey, np.arange(len(grey)) / DEFAULT_RATE_HZ, coloured)


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
        good, picture = capture.read()
        if not good:
            return
        times.append(at_ms * 1e-3)
        yield cv2.cvtColor(picture, cv2.COLOR_BGR2RGB).astype(np.uint8, copy=False)


def _load(file: Path) -> NDArray[np.uint8]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            ImageFile.LOAD_TRUNCATED_IMAGES = False  # libraries that render pages switch it on for all
            with Image.open(file) as picture:
                check_size(*picture.size, file.name)
                return _eight_bits(picture)
    except EchoPilotError:
        raise
    except Exception as error:  # Pillow and its decoders raise every kind for damaged files
        reason = (str(error).splitlines() or [""])[0].replace(str(file), file.name)
        raise EchoPilotError(f"{file.name} is not a readable picture: {reason}") from error


def _eight_bits(picture: Image.Image) -> NDArray[np.uint8]:
    if picture.mode.startswith("I;16"):
        return np.asarray(np.asarray(picture) >> 8, dtype=np.uint8)
    if picture.mode in ("I", "F"):
        raise EchoPilotError("pictures of 32 bits per sample cannot be shown as grey; convert them to 8 or 16 bits")
    return np.asarray(picture if picture.mode == "L" else picture.convert("RGB"), dtype=np.uint8)
