"""Image topics of other drivers as scanners."""

import threading
import time
from typing import Any

import numpy as np
from rclpy.node import Node
from sensor_msgs.msg import CompressedImage, Image

from echopilot_core import EchoPilotError, ImagingParameters
from echopilot_core.guarded.bounded import one_line
from echopilot_core.timing import RemoteClock
from echopilot_nodes.graph import qos
from echopilot_perception.frames.readers.ros.messages import COMPRESSED, IMAGE, decoded
from echopilot_scanner import SourceImage

PACKED_END = "/compressed"  # of topics of image_transport


class TopicSource:
    """Images of a topic, stamped by its headers; a driver on another clock is moved to ours (`RemoteClock`).

    The newest image waits for `read`; one that is not taken before the next comes is dropped.
    """

    def __init__(self, node: Node, topic: str) -> None:
        self.name = f"topic:{topic}"
        self.trouble = ""
        self._node = node
        self._topic = topic
        self._kind, message = (COMPRESSED, CompressedImage) if topic.endswith(PACKED_END) else (IMAGE, Image)
        self._clock = RemoteClock(self.name)
        self._changed = threading.Condition()
        self._newest: tuple[Any, int, int] | None = None
        self._closed = False
        self._remarks: list[str] = []
        self._subscription = node.create_subscription(message, topic, self._receive, qos.FRAMES_NEWEST)

    def open(self) -> None:
        """The subscription is there already."""

    def _receive(self, message: Any) -> None:
        with self._changed:
            self._newest = message, time.monotonic_ns(), time.time_ns()
            self._changed.notify_all()

    def read(self, timeout_s: float) -> SourceImage | None:
        """The next image of the topic."""
        with self._changed:
            self._changed.wait_for(lambda: self._newest is not None or self._closed, timeout_s)
            found, self._newest = self._newest, None
        if found is None or self._closed:
            if self._node.count_publishers(self._topic) == 0:
                self.trouble = f"nobody publishes {self._topic}; images are expected there"
            return None
        message, heard_ns, wall_ns = found
        try:
            pixels = decoded(message, self._kind, self.name)
            if pixels.dtype != np.uint8:
                raise EchoPilotError(f"{self.name}: samples {pixels.dtype}; images of 8 bits are read")
        except EchoPilotError as error:
            self.trouble = str(error)
            return None
        self.trouble = ""
        stamp = message.header.stamp
        stamp_ns = self._clock.to_ours(stamp.sec * 1_000_000_000 + stamp.nanosec, wall_ns)
        if remark := self._clock.take_remark():
            self._remarks.append(one_line(remark))
        return SourceImage(stamp_ns, heard_ns - (wall_ns - stamp_ns), pixels)

    def apply(self, asked: ImagingParameters, timeout_s: float) -> str:
        """A topic has no way back: always EchoPilotError."""
        raise EchoPilotError(f"{self.name} takes no settings: set the scanner by its own driver")

    def take_remarks(self) -> list[str]:
        """Lines for the log since the last call."""
        remarks, self._remarks = self._remarks, []
        return remarks

    def close(self) -> None:
        """End; a `read` under way returns."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        self._node.destroy_subscription(self._subscription)
