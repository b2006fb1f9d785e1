"""A real clip as a stream of frames, for the node `probe_source`."""

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from echopilot_msgs.msg import PerceptionResult as PerceptionResultMsg
from rclpy.node import Node
from std_msgs.msg import Bool

from echopilot_core import EchoPilotError, Frame, ImagingParameters, PerceptionResult, SteadyClock, to_ns
from echopilot_nodes.graph import qos, topics
from echopilot_nodes.graph.clock import wall_clock
from echopilot_nodes.graph.inlet import Inlet
from echopilot_nodes.graph.outlet import Outlet
from echopilot_nodes.graph.params import ProbeSourceParams
from echopilot_perception.frames import open_clip
from echopilot_perception.frames.clip_schedule import ClipSchedule
from echopilot_wire import from_result

POLL_S = 0.004


class ClipPlayer:
    """Sends each frame once; `probe/ended` (latched) turns true after the last one was sent and, if lossless, answered.

    Stamps are the wall time of activation plus the clip's own frame times; `steady_stamp` is the time of sending.
    """

    def __init__(
        self, node: Node, params: ProbeSourceParams, frames: Outlet, on_end: Callable[[], object] = lambda: None
    ) -> None:
        """Reads the clip; EchoPilotError for a bad one. `on_end` is called when `probe/ended` turns true."""
        clip = open_clip(Path(params.clip), params.depth_m or None, params.mirror)
        self._node, self._params, self._frames, self._on_end = node, params, frames, on_end
        self._name = clip.path.name
        self._clip_frames: list[Frame] = list(clip.frames())
        self._offsets_ns = [to_ns(float(t - clip.frame_times_s[0])) for t in clip.frame_times_s]
        self._period_ns = to_ns(1.0 / clip.frame_rate_hz)
        self._wall = SteadyClock()
        self._ended = node.create_publisher(Bool, topics.PROBE_ENDED, qos.LATCHED)
        self._schedule: ClipSchedule | None = None
        self._results: Inlet[PerceptionResult] | None = None
        self._timer: object = None
        self._start_ns = 0
        self._is_over = False
        for remark in clip.remarks:
            node.get_logger().warning(f"{clip.path.name}: {remark}")
        node.get_logger().info(f"{len(self._clip_frames)} frames at {clip.frame_rate_hz:.1f} Hz")

    def start(self) -> None:
        """Begin at the first frame."""
        self._results = Inlet(
            self._node,
            PerceptionResultMsg,
            topics.PERCEPTION_RESULT,
            from_result,
            qos.ANSWER_LOCKSTEP,
            on_data=self._on_result,
        )
        self._schedule = None
        self._is_over = False
        self._ended.publish(Bool(data=False))
        self._timer = self._node.create_timer(POLL_S, self._work, clock=wall_clock())

    def stop(self) -> None:
        """Stop sending."""
        self._node.destroy_timer(self._timer)
        if self._results is not None:
            self._results.close()

    @property
    def trouble(self) -> str:
        """A clip always comes."""
        return ""

    @property
    def summary(self) -> str:
        """Progress in one line."""
        if self._schedule is None:
            return f"{self._name}: not begun"
        return f"{self._name}: {self._schedule.sent} frames sent, {self._schedule.dropped} dropped"

    @property
    def is_frozen(self) -> bool:
        """A clip is never held."""
        return False

    def freeze(self, frozen: bool) -> str:
        """A clip goes on to its end: always EchoPilotError."""
        raise EchoPilotError(f"{self._name} is a recording and cannot be frozen")

    def apply(self, asked: ImagingParameters) -> str:
        """A clip is as it was recorded: always EchoPilotError."""
        raise EchoPilotError(f"{self._name} is a recording and takes no settings")

    def set_depth(self, depth_m: float) -> None:
        """A clip is placed when it is read: always EchoPilotError."""
        raise EchoPilotError(f"depth_m of the clip {self._name} counts from the start; give it then")

    def _on_result(self, sequence: int, _: bytes) -> None:
        if self._schedule is not None:
            if not self._schedule.answered(sequence) and self._results is not None:
                self._results.refuse(f"frame {sequence} was not sent yet")
            self._work()

    def _work(self) -> None:
        now_ns = self._wall.now_ns()
        if self._schedule is None:
            if self._params.lossless and self._frames.publisher.get_subscription_count() < self._params.listeners:
                return  # not everybody listens yet
            p = self._params
            self._schedule = ClipSchedule(self._offsets_ns, self._period_ns, now_ns, p.rate, p.lossless, p.loop)
            self._start_ns = time.time_ns()
        slot = self._schedule.due(now_ns)
        if slot is not None:
            frame = self._clip_frames[slot.index]
            stamp_ns = self._start_ns + slot.offset_ns
            sent = replace(frame, stamp_ns=stamp_ns, sequence=slot.sequence, steady_ns=self._wall.now_ns())
            self._frames.send(sent)
        elif self._schedule.is_over() and not self._is_over:
            self._is_over = True
            self._ended.publish(Bool(data=True))
            self._node.get_logger().info(f"clip ended: {self.summary}")
            self._on_end()
