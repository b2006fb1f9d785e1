"""Lifecycle node `perception`: the perception model (by default echopilot-edge) on every frame, loaded on configure."""

import time
from dataclasses import replace
from pathlib import Path

from echopilot_msgs.msg import PerceptionResult as PerceptionResultMsg
from rclpy.lifecycle import LifecycleNode, LifecycleState, TransitionCallbackReturn
from rclpy.timer import Timer
from ultrasound_msgs.msg import UltrasoundFrame

from echopilot_core import EchoPilotError, Frame
from echopilot_nodes.bonds import Bond, BondState
from echopilot_nodes.diagnostics.frame_meter import FrameMeter
from echopilot_nodes.diagnostics.health import Health, Severity
from echopilot_nodes.diagnostics.publisher import Diagnostics
from echopilot_nodes.graph import qos, topics
from echopilot_nodes.graph.clock import wall_clock
from echopilot_nodes.graph.inlet import Inlet
from echopilot_nodes.graph.outlet import Outlet
from echopilot_nodes.graph.params import PerceptionParams, read_params
from echopilot_nodes.graph.process import run
from echopilot_perception.pipeline import Perception, warm_up_frame
from echopilot_wire import from_frame, to_result

POLL_S = 0.02


class PerceptionNode(LifecycleNode):
    """One result per frame taken, with the frame's stamp and sequence."""

    def __init__(self) -> None:
        super().__init__("perception")
        self._params = read_params(self, PerceptionParams)
        self._bond = Bond(self.get_namespace(), self.get_name(), BondState(active=False))
        self._core: Perception | None = None
        self._frames: Inlet[Frame] | None = None
        self._waiting: Timer | None = None
        self._meter = FrameMeter()
        self._diagnostics = Diagnostics(self, self._health)
        self._results = Outlet(self, PerceptionResultMsg, topics.PERCEPTION_RESULT, to_result, qos.ANSWER_OFFERED)

    def on_configure(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Load the model; a missing or broken one is a failed transition with one clear line."""
        try:
            self._core = Perception(Path(self._params.model) if self._params.model else None, self._params.runtime)
            self.get_logger().info(f"{self._core.manifest.model_id} runs on {self._core.runtime}")
            self._core.see(warm_up_frame())  # the first inference is slow: not at the cost of a real frame
        except EchoPilotError as error:
            self.get_logger().error(str(error))
            return TransitionCallbackReturn.FAILURE
        return super().on_configure(state)

    def on_activate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Start taking frames; in lockstep once all listeners are there, so that none of them misses a result."""
        if self._params.lockstep and self._params.listeners:
            self._waiting = self.create_timer(POLL_S, self._begin_if_connected, clock=wall_clock())
        else:
            self._begin()
        self._bond.say(active=True)
        return super().on_activate(state)

    def on_deactivate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Stop taking frames."""
        self._bond.say(active=False)
        self._stop_waiting()
        if self._frames is not None:
            self._frames.close()
            self._frames = None
        return super().on_deactivate(state)

    def on_cleanup(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Unload the model."""
        self._unload()
        return super().on_cleanup(state)

    def close(self) -> None:
        """Free the runtime and say goodbye."""
        self._unload()
        self._bond.close()

    def _unload(self) -> None:
        if self._core is not None:
            self._core.close()
            self._core = None

    def _begin_if_connected(self) -> None:
        if self._results.publisher.get_subscription_count() >= self._params.listeners:
            self._stop_waiting()
            self._begin()
        else:
            wanted = self._params.listeners
            self.get_logger().info(
                f"waiting for {wanted} subscribers to the results", throttle_duration_sec=2.0, skip_first=True
            )

    def _begin(self) -> None:
        profile = qos.FRAMES_LOCKSTEP if self._params.lockstep else qos.FRAMES_NEWEST
        self._frames = Inlet(self, UltrasoundFrame, topics.PROBE_FRAME, from_frame, profile, self._on_frame)

    def _stop_waiting(self) -> None:
        if self._waiting is not None:
            self.destroy_timer(self._waiting)
            self._waiting = None

    def _on_frame(self, frame: Frame) -> None:
        started_s = time.perf_counter()
        if self._core is None:
            return  # unloaded while the frame was on its way
        self._meter.take(frame.sequence, frame.steady_ns)
        try:
            result = self._core.see(frame)
        except (ValueError, EchoPilotError) as error:
            self.get_logger().error(f"frame {frame.sequence} not used: {error}", throttle_duration_sec=1.0)
            return
        seen_s = time.perf_counter()
        self._results.send(replace(result, enhanced=None, latency_s=seen_s - started_s))
        self._meter.note(seen_s - started_s, time.perf_counter() - seen_s)

    def _health(self) -> Health:
        if self._core is None:
            return Health("no model is loaded")
        engine = {"model": self._core.manifest.model_id, "engine": self._core.runtime}
        if self._frames is None:
            return Health("loaded, takes no frames", Severity.OK, engine)
        return Health("takes frames", Severity.OK, engine | self._meter.values())


def main() -> None:
    """Run the node until a signal comes."""
    run(PerceptionNode)


if __name__ == "__main__":
    main()
