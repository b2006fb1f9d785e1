"""Recordings in real time: images or frames of a rosbag2 folder or an MCAP file, played again and again."""

import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from echopilot_core import EchoPilotError, ImagingParameters, to_s
from echopilot_core.guarded.bounded import one_line
from echopilot_perception.frames.image_placement import ImagePlacement
from echopilot_perception.frames.readers.kinds import split_topic
from echopilot_perception.frames.readers.ros.bag import FRAME_TYPE
from echopilot_perception.frames.readers.ros.messages import IMAGE_TYPES, decoded
from echopilot_scanner.interface import SourceImage
from echopilot_scanner.placer import gray
from echopilot_scanner.recorded_messages import find_topic, recorded_messages
from echopilot_wire import from_frame, from_time

PAUSE_NS = 60_000_000_000  # a longer pause in a recording is cut to this


class BagSource:
    """Images of one topic, each due when as much time has passed as in the recording.

    Stamps are the time of the start plus the recording's own times, and go on when the recording begins again: the
    turn takes the mean time between images. Frames of EchoPilot keep their geometry and settings.
    """

    def __init__(self, path: Path) -> None:
        """`path` may name a topic behind `::`."""
        self._path, self._topic = split_topic(path)
        self._closing = threading.Event()
        self._images: Iterator[tuple[int, SourceImage]] = iter(())
        self._next: tuple[int, SourceImage] | None = None
        self._remarks: list[str] = []
        self.trouble = ""

    @property
    def name(self) -> str:
        """How messages for people call it."""
        return f"bag:{self._path.name}"

    def open(self) -> None:
        """Open the recording and read its first image; EchoPilotError where there is none."""
        self._topic = find_topic(self._path, self._topic, (*IMAGE_TYPES, FRAME_TYPE), "images")
        self._images = self._endless()
        self._next = next(self._images, None)
        if self._next is None:
            raise EchoPilotError(f"{self.name}: no images on {self._topic}")
        self._steady_ns, self._wall_ns = time.monotonic_ns(), time.time_ns()

    def read(self, timeout_s: float) -> SourceImage | None:
        """The next image when it is due; None when it is due later than `timeout_s` from now."""
        assert self._next is not None, "open it first"
        offset_ns, image = self._next
        left_s = to_s(self._steady_ns + offset_ns - time.monotonic_ns())
        if self._closing.wait(min(max(left_s, 0.0), timeout_s)) or left_s > timeout_s:
            return None
        self._next = next(self._images)
        return SourceImage(self._wall_ns + offset_ns, self._steady_ns + offset_ns, image.pixels, None, image.placement)

    def _endless(self) -> Iterator[tuple[int, SourceImage]]:
        """Times since the start [ns] with images, without end; images whose stamps go back are left out."""
        start_ns = 0
        while True:
            first_ns = last_ns = None
            count = offset_ns = 0
            for stamp_ns, image in self._once():
                if first_ns is None or last_ns is None:
                    first_ns = last_ns = stamp_ns
                if stamp_ns < last_ns or (stamp_ns == last_ns and count):
                    self._remark("images whose stamps do not increase are left out")
                    continue
                offset_ns += min(stamp_ns - last_ns, PAUSE_NS)
                last_ns, count = stamp_ns, count + 1
                yield start_ns + offset_ns, image
            if count == 0:
                return
            start_ns += offset_ns + (offset_ns // (count - 1) if count > 1 else PAUSE_NS)

    def _once(self) -> Iterator[tuple[int, SourceImage]]:
        """Stamps of the headers with images, once through the recording."""
        for kind, message in recorded_messages(self._path, self._topic, self._remark):
            try:
                yield from_time(message.header.stamp), self._image(message, kind)
            except (EchoPilotError, ValueError) as error:
                self._remark(f"an image on {self._topic} is left out: {one_line(error, 120)}")

    def _image(self, message: Any, kind: str) -> SourceImage:
        if kind != FRAME_TYPE:
            pixels = decoded(message, kind, self.name)
            if pixels.dtype.str != "|u1":
                raise EchoPilotError(f"samples {pixels.dtype}; read are 8 bits")
            return SourceImage(0, 0, pixels)
        frame = from_frame(message)
        placement = ImagePlacement(frame.geometry, frame.sector, frame.imaging, frame.imaging.calibrated)
        return SourceImage(0, 0, gray(frame.image), None, placement)

    def _remark(self, line: str) -> None:
        line = f"{self.name}: {line}"
        if line not in self._remarks and len(self._remarks) < 5:
            self._remarks.append(line)

    def apply(self, asked: ImagingParameters, timeout_s: float) -> str:
        """A recording is as it is: always EchoPilotError."""
        raise EchoPilotError(f"{self.name} is a recording and takes no settings")

    def take_remarks(self) -> list[str]:
        """Lines for the log since the last call."""
        remarks, self._remarks = self._remarks, []
        return remarks

    def close(self) -> None:
        """End."""
        self._closing.set()
