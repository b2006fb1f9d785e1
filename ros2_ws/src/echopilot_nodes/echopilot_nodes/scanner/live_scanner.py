"""A live scanner as a stream of frames, for the node `probe_source`."""

import threading
from pathlib import Path

from rclpy.node import Node

from echopilot_core import EchoPilotError, ImagingParameters
from echopilot_nodes.graph.outlet import Outlet
from echopilot_nodes.graph.params import ProbeSourceParams
from echopilot_nodes.scanner.topic_source import TopicSource
from echopilot_scanner import FrameSource, FrameStream, ImagePlacer, open_source, parse_address

READ_S = 0.1  # how long the thread waits for an image before it looks whether to stop
ANSWER_S = 0.4  # for a scanner to answer settings; the exam waits half a second


class LiveScanner:
    """Reads the scanner in a thread of its own and sends each frame when it is complete.

    A lost signal is logged once with its reason, and once when it is back; nothing is sent meanwhile.
    """

    def __init__(self, node: Node, params: ProbeSourceParams, frames: Outlet) -> None:
        """Try the address; EchoPilotError for one that is none, and for a calibration image without a scale."""
        self._node, self._frames = node, frames
        self._address = parse_address(params.scanner)
        image = Path(params.calibration_image) if params.calibration_image else None
        self._placer = ImagePlacer(params.depth_m or None, params.mirror, image)
        self._open().close()
        self._stream: FrameStream | None = None
        self._ends = threading.Event()
        self._thread: threading.Thread | None = None

    def _open(self) -> FrameSource:
        if self._address.kind == "topic":
            return TopicSource(self._node, self._address.place)
        return open_source(self._address)

    def start(self) -> None:
        """Open the scanner and send its frames from sequence 0 on; EchoPilotError where it cannot be opened."""
        self._stream = FrameStream(self._open(), self._placer)
        self._ends.clear()
        self._thread = threading.Thread(target=self._read, args=(self._stream,), name="scanner", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Stop sending and close the scanner."""
        self._ends.set()
        if self._thread is not None:
            self._thread.join()
        if self._stream is not None:
            self._stream.source.close()
        self._thread = self._stream = None

    @property
    def trouble(self) -> str:
        """Reason why no frames come; empty while they do."""
        return f"{self._address}: not active" if self._stream is None else self._stream.signal.reason

    @property
    def summary(self) -> str:
        """Counts in one line."""
        if self._stream is None:
            return f"{self._address}: not active"
        signal = self._stream.signal
        counts = f"{signal.frames} frames, {signal.repeated} repeated, {signal.disordered} out of order"
        return f"{self._address}: {'frozen on request; ' if self._stream.frozen else ''}{counts}"

    @property
    def is_frozen(self) -> bool:
        """Whether the image is held on request."""
        return self._stream is not None and self._stream.frozen

    def freeze(self, frozen: bool) -> str:
        """Hold the image, or go on; one line for a person. EchoPilotError while no scanner is open."""
        if self._stream is None:
            raise EchoPilotError(f"{self._address}: not active")
        if frozen != self._stream.frozen:
            self._stream.frozen = frozen
            self._node.get_logger().info(f"{self._address}: {'frozen on request' if frozen else 'live again'}")
        return "frozen here; the scanner itself goes on" if frozen else "live"

    def apply(self, asked: ImagingParameters) -> str:
        """Send settings to the scanner; its answer. EchoPilotError with the reason of a refusal."""
        if self._stream is None:
            raise EchoPilotError(f"{self._address}: not active")
        return self._stream.source.apply(asked, ANSWER_S)

    def set_depth(self, depth_m: float) -> None:
        """The depth that the scanner was set to by hand [m]; EchoPilotError for one that is none of ultrasound."""
        self._placer.set_depth(depth_m)

    def _read(self, stream: FrameStream) -> None:
        logger, said = self._node.get_logger(), ""
        while not self._ends.is_set():
            frame = stream.next(READ_S)
            if frame is not None:
                self._frames.send(frame)
            for remark in stream.source.take_remarks():
                logger.warning(remark)
            reason = stream.signal.reason
            if reason and not said:
                logger.error(f"no frames: {reason}")
            elif said and not reason:
                logger.info(f"frames come again: {self.summary}")
            said = reason
