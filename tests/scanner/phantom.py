"""A scanner over a moving floor: a speckled fan with a line whose depth is known at every time."""

import threading
import time
from collections.abc import Callable

import cv2
import numpy as np

from echopilot_control.calibration import Signal, time_offset
from echopilot_control.calibration.motion import line_depth_px
from echopilot_core import Frame
from echopilot_scanner import FrameStream

WIDTH, HEIGHT, DEPTH_PX, SPACING_M = 320, 240, 200.0, 0.5e-3
LATE_S = 0.040  # what the image shows was so long before its stamp


def depth_px(at_s: np.ndarray) -> np.ndarray:
    """Depth of the floor [px], moved by hand, not too regularly."""
    return 120.0 + 22.0 * np.sin(2 * np.pi * 0.83 * at_s) + 12.0 * np.sin(2 * np.pi * 1.41 * at_s + 1.0)


class Phantom:
    """Images of the fan; screens have the fan at (40, 20) and text beside it."""

    def __init__(self, seed: int) -> None:
        print(f"seed {seed}")
        self._rng = np.random.default_rng(seed)
        rows, columns = np.mgrid[:HEIGHT, :WIDTH]
        r, a = np.hypot(columns - 160, rows - 20), np.arctan2(columns - 160, rows - 20)
        self._inside = (r > 5) & (r < DEPTH_PX) & (np.abs(a) < np.deg2rad(40))
        self._rows = rows

    def image(self, at_s: float) -> np.ndarray:
        """(240, 320) uint8 with the floor where it is at `at_s`."""
        speckle = self._rng.rayleigh(16, self._inside.shape)
        line = 220.0 * np.exp(-(((self._rows - 20 - depth_px(np.array(at_s))) / 2.0) ** 2))
        return np.where(self._inside, speckle + line, 0).clip(0, 255).astype(np.uint8)

    def screen(self, at_s: float) -> np.ndarray:
        """The image on a color screen (400, 480, 3) BGR."""
        screen = np.zeros((400, 480, 3), np.uint8)
        screen[20 : 20 + HEIGHT, 40 : 40 + WIDTH] = self.image(at_s)[..., None]
        cv2.putText(screen, "D 10.0 cm", (330, 380), cv2.FONT_HERSHEY_SIMPLEX, 0.5, (255, 255, 255), 1)
        return screen


class Clockwork:
    """Calls `send(k)` at `rate_hz` in a thread, until it is stopped."""

    def __init__(self, send: Callable[[int], None], rate_hz: float = 30.0) -> None:
        self._send = send
        self._period_s = 1.0 / rate_hz
        self._ends = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def _run(self) -> None:
        start_s, k = time.monotonic(), 0
        while not self._ends.wait(max(start_s + k * self._period_s - time.monotonic(), 0.0)):
            self._send(k)
            k += 1

    def __enter__(self) -> "Clockwork":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ends.set()
        self._thread.join()


def collect(stream: FrameStream, done: Callable[[list[Frame]], bool], timeout_s: float = 40.0) -> list[Frame]:
    """Frames until `done` says so of them; fails when that takes longer."""
    frames: list[Frame] = []
    end_s = time.monotonic() + timeout_s
    while not done(frames):
        assert time.monotonic() < end_s, f"{len(frames)} frames; {stream.signal}; {stream.source.take_remarks()}"
        if (frame := stream.next(0.1)) is not None:
            frames.append(frame)
    return frames


def lasting(seconds: float, count: int = 2) -> Callable[[list[Frame]], bool]:
    """True once there are so many frames, and they last so long."""
    return lambda frames: len(frames) >= count and frames[-1].stamp_ns - frames[0].stamp_ns >= seconds * 1e9


def delay_s(frames: list[Frame], origin_s: float) -> float:
    """Delay of frames against the floor's true motion on the clock that starts at `origin_s`, as calibrated."""
    at_s = np.array([frame.stamp_ns * 1e-9 - origin_s for frame in frames])
    seen = np.array([line_depth_px(frame.image) for frame in frames])
    tracked_s = np.arange(at_s[0] - 0.5, at_s[-1] + 0.5, 0.005)
    return time_offset(Signal(at_s, seen), Signal(tracked_s, depth_px(tracked_s)), 0.1).delay_s
