"""Frame grabbers of Video4Linux through OpenCV."""

import os
import stat
import threading
import time
from pathlib import Path
from typing import Any, Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from echopilot_core import EchoPilotError, ImagingParameters, to_s
from echopilot_scanner.interface import SourceImage

os.environ.setdefault("OPENCV_VIDEOIO_V4L_SELECT_TIMEOUT", "1")  # [s] that OpenCV waits for a frame, by default 10
BELIEVED_NS = 60_000_000_000  # a stamp older than this is of another clock
AGAIN_S = 1.0  # between attempts to open a device that was unplugged


class Capture(Protocol):
    """The part of cv2.VideoCapture that is used."""

    def isOpened(self) -> bool: ...  # noqa: N802

    def grab(self) -> bool: ...

    def retrieve(self) -> tuple[bool, NDArray[np.uint8]]: ...

    def get(self, prop: int, /) -> float: ...

    def release(self) -> None: ...


def open_v4l2(device: str, size: tuple[int, int] | None) -> Capture:
    """A device as a capture, with the size (width, height) in pixels if it has that; EchoPilotError otherwise."""
    path = Path(device)
    if not path.exists() or not stat.S_ISCHR(path.stat().st_mode):
        found = ", ".join(sorted(str(p) for p in Path("/dev").glob("video*"))) or "none"
        raise EchoPilotError(f"{device} is no video device; devices here: {found}")
    wanted = [] if size is None else [cv2.CAP_PROP_FRAME_WIDTH, size[0], cv2.CAP_PROP_FRAME_HEIGHT, size[1]]
    capture: Capture = (
        cv2.VideoCapture(device, cv2.CAP_V4L2, wanted) if wanted else cv2.VideoCapture(device, cv2.CAP_V4L2)
    )
    if not capture.isOpened():
        raise EchoPilotError(f"{device} cannot be opened as a frame grabber: it is in use, or has no video input")
    given = (int(capture.get(cv2.CAP_PROP_FRAME_WIDTH)), int(capture.get(cv2.CAP_PROP_FRAME_HEIGHT)))
    if size is not None and given != size:
        capture.release()
        raise EchoPilotError(f"{device} does not give {size[0]} x {size[1]} px but {given[0]} x {given[1]}")
    return capture


class GrabberSource:
    """Images of a frame grabber, stamped by the driver when the buffer was filled.

    The driver stamps on the monotonic clock (V4L2_BUF_FLAG_TIMESTAMP_MONOTONIC). One whose stamps are on another clock
    is stamped when the image arrives here, and a remark says so.
    """

    def __init__(self, device: str, size: tuple[int, int] | None = None, opens: Any = open_v4l2) -> None:
        """`opens(device, size)` gives a `Capture`."""
        self._device = device
        self._size = size
        self._opens = opens
        self._capture: Capture | None = None
        self._closing = threading.Event()
        self._remarks: list[str] = []
        self._foreign_clock = False
        self.trouble = ""

    @property
    def name(self) -> str:
        """How messages for people call it."""
        return f"v4l2:{self._device}"

    def open(self) -> None:
        """Open the device; EchoPilotError when there is none that can be opened."""
        self._capture = self._opens(self._device, self._size)

    def read(self, timeout_s: float) -> SourceImage | None:
        """The next image; OpenCV waits a second at most for a device without signal, whatever `timeout_s` says."""
        if self._closing.is_set() or (self._capture is None and not self._reopened(timeout_s)):
            return None
        assert self._capture is not None
        good = self._capture.grab()
        heard_ns, wall_ns = time.monotonic_ns(), time.time_ns()
        if good:
            good, image = self._capture.retrieve()
        if not good:
            self._lost()
            return None
        self.trouble = ""
        steady_ns = self._stamp(round(1e6 * self._capture.get(cv2.CAP_PROP_POS_MSEC)), heard_ns)
        pixels = image if image.ndim == 2 else cv2.cvtColor(image, cv2.COLOR_BGR2RGB)
        return SourceImage(wall_ns - (heard_ns - steady_ns), steady_ns, np.asarray(pixels, np.uint8))

    def _stamp(self, stamp_ns: int, heard_ns: int) -> int:
        if 0 <= heard_ns - stamp_ns <= BELIEVED_NS:
            return stamp_ns
        if stamp_ns > 0 and not self._foreign_clock:  # OpenCV gives 0 for the first image
            self._foreign_clock = True
            self._remarks.append(
                f"{self.name} stamps {to_s(heard_ns - stamp_ns):.3g} s from the monotonic clock; expected: 0 to "
                f"{to_s(BELIEVED_NS):.0f} s before it. Images are stamped when they arrive"
            )
        return heard_ns

    def _lost(self) -> None:
        gone = not Path(self._device).exists()
        self.trouble = f"{self.name}: the device was unplugged" if gone else f"{self.name} gives no image: no signal"
        if gone and self._capture is not None:
            self._capture.release()
            self._capture = None

    def _reopened(self, timeout_s: float) -> bool:
        self._closing.wait(min(timeout_s, AGAIN_S))
        try:
            self.open()
        except EchoPilotError as error:
            self.trouble = str(error)
            return False
        return True

    def apply(self, asked: ImagingParameters, timeout_s: float) -> str:
        """A grabber sees the scanner's screen alone: always EchoPilotError."""
        raise EchoPilotError(
            f"{self.name} takes no settings: set the scanner by hand, then the parameter depth_m of probe_source"
        )

    def take_remarks(self) -> list[str]:
        """Lines for the log since the last call."""
        remarks, self._remarks = self._remarks, []
        return remarks

    def close(self) -> None:
        """Return the device; call it when no `read` is under way."""
        self._closing.set()
        if self._capture is not None:
            self._capture.release()
            self._capture = None
