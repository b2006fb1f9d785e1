"""Videos through OpenCV, from a file or from the bytes of one inside another file."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import cv2
import numpy as np
from numpy.typing import NDArray

from echopilot_core import EchoPilotError
from echopilot_core.guarded.bounded import open_regular
from echopilot_perception.frames.frame_times import even, of_stamps
from echopilot_perception.frames.image_sequence import ImageSequence, check_size, gather, unpacked_limit

RATES_HZ = (0.1, 1000.0)
os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")  # quiet; FFmpeg reads it once, when OpenCV first opens a video
_LOGGING = getattr(cv2.utils, "logging", cv2)  # OpenCV for NumPy 1 has the same functions one level up


def read_video(path: Path) -> ImageSequence:
    """Read every frame in order; raises EchoPilotError when the file is no video or breaks off."""
    with open_regular(path, path.name) as file:
        start = file.read(512)
    if not start:
        raise EchoPilotError(f"{path.name} is empty: 0 bytes")
    if _is_text(start):
        raise EchoPilotError(f"{path.name} is not a readable video: it holds text")
    times: list[float] = []
    limit = unpacked_limit(path.stat().st_size)
    with _opened(path, path.name) as capture:
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


def video_images(stream: bytes, name: str) -> Iterator[NDArray[np.uint8]]:
    """RGB images (H, W, 3) of a video that lies inside the file `name`, an MPEG container or a bare stream."""
    if not stream or _is_text(stream[:512]):
        raise EchoPilotError(f"{name} holds no readable video")
    with TemporaryDirectory() as folder:  # FFmpeg reads files alone
        path = Path(folder) / "stream.mpg"
        path.write_bytes(stream)
        with _opened(path, name) as capture:
            yield from _decode(capture, [])


def _is_text(start: bytes) -> bool:
    """Whether a file begins with text: a play list would send the decoder to other files and hosts."""
    return start.isascii() and b"\0" not in start


@contextmanager
def _opened(path: Path, name: str) -> Iterator[cv2.VideoCapture]:
    """The opened capture; OpenCV keeps its own complaints to itself meanwhile."""
    level = _LOGGING.getLogLevel()
    _LOGGING.setLogLevel(0)
    ffmpeg = cv2.CAP_FFMPEG in cv2.videoio_registry.getStreamBackends()
    capture = cv2.VideoCapture(str(path), cv2.CAP_FFMPEG if ffmpeg else cv2.CAP_ANY)
    try:
        if not capture.isOpened():
            raise EchoPilotError(f"{name} is not a readable video")
        check_size(int(capture.get(cv2.CAP_PROP_FRAME_WIDTH)), int(capture.get(cv2.CAP_PROP_FRAME_HEIGHT)), name)
        yield capture
    except cv2.error as error:
        raise EchoPilotError(f"{name} is not a readable video: {error.err}") from error
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
