"""Node `probe_source`: a real clip as a stream of frames; lifecycle, starts from the beginning on activation."""

import signal
import time
from dataclasses import replace
from functools import partial
from pathlib import Path

from echopilot_msgs.msg import PerceptionResult as PerceptionResultMsg
from rclpy.lifecycle import LifecycleNode, LifecycleState, TransitionCallbackReturn
from std_msgs.msg import Bool
from ultrasound_msgs.msg import UltrasoundFrame

from echopilot_core import EchoPilotError, PerceptionResult, SteadyClock, to_ns
from echopilot_nodes.diagnostics.health import Health, Severity
from echopilot_nodes.diagnostics.publisher import Diagnostics
from echopilot_nodes.graph import qos, topics
from echopilot_nodes.graph.clock import wall_clock
from echopilot_nodes.graph.inlet import Inlet
from echopilot_nodes.graph.outlet import Outlet
from echopilot_nodes.graph.params import ProbeSourceParams, read_params
from echopilot_nodes.graph.process import run
from echopilot_perception.frames import open_clip
from echopilot_perception.frames.clip_schedule import ClipSchedule
from echopilot_perception.frames.readers.kinds import WORDS
from echopilot_wire import from_result, to_frame

POLL_S = 0.004
LAST_S = 1.0  # wall time from the end of the clip to that of the process: the last results are on their way


class ProbeSource(LifecycleNode):
    """Sends each frame once; `probe/ended` (latched) turns true after the last one was sent and, if lossless, answered.

    Stamps are the wall time of activation plus the clip's own frame times; `steady_stamp` is the moment of sending.
    """

    def __init__(self) -> None:
        super().__init__("probe_source")
        self._params = read_params(self, ProbeSourceParams)
        if not self._params.clip:
            raise EchoPilotError(f"parameter clip is empty; give {WORDS}")
        # here and not on configure: a bad clip ends the process with code 2
        clip = open_clip(Path(self._params.clip), self._params.depth_m or None, self._params.mirror)
        self._clip_frames = list(clip.frames())
        self._offsets_ns = [to_ns(float(t - clip.frame_times_s[0])) for t in clip.frame_times_s]
        self._period_ns = to_ns(1.0 / clip.frame_rate_hz)
        self._wall = SteadyClock()
        self._frames = Outlet(self, UltrasoundFrame, topics.PROBE_FRAME, to_frame, qos.FRAMES_OFFERED)
        self._ended = self.create_publisher(Bool, topics.PROBE_ENDED, qos.LATCHED)
        self._schedule: ClipSchedule | None = None
        self._results: Inlet[PerceptionResult] | None = None
        self._timer: object = None
        self._last_timer: object = None
        self._start_ns = 0
        self._is_over = False
        self._diagnostics = Diagnostics(self, self._health, hardware_id=clip.path.name)
        for remark in clip.remarks:
            self.get_logger().warning(f"{clip.path.name}: {remark}")
        self.get_logger().info(f"{len(self._clip_frames)} frames at {clip.frame_rate_hz:.1f} Hz")

    def on_activate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Begin at the first frame."""
        self._results = Inlet(
            self,
            PerceptionResultMsg,
            topics.PERCEPTION_RESULT,
            from_result,
            qos.ANSWER_LOCKSTEP,
            on_data=self._on_result,
        )
        self._schedule = None
        self._is_over = False
        self._ended.publish(Bool(data=False))
        self._timer = self.create_timer(POLL_S, self._work, clock=wall_clock())
        return super().on_activate(state)

    def on_deactivate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Stop sending."""
        self.destroy_timer(self._timer)
        if self._results is not None:
            self._results.close()
        return super().on_deactivate(state)

    def _health(self) -> Health:
        if self._schedule is None:
            return Health("waits for activation and listeners")
        counts = {"sent": self._schedule.sent, "dropped": self._schedule.dropped, "frames": len(self._clip_frames)}
        return Health("clip ended" if self._is_over else "sends", Severity.OK, counts)

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
            self.get_logger().info(f"clip ended: {self._schedule.sent} frames sent, {self._schedule.dropped} dropped")
            if self._params.ends:
                end = partial(signal.raise_signal, signal.SIGINT)
                self._last_timer = self.create_timer(LAST_S, end, clock=wall_clock())


def main() -> None:
    """Run the node until a signal comes."""
    run(ProbeSource)


if __name__ == "__main__":
    main()
