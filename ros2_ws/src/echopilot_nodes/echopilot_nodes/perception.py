"""Node `perception`: EchoCare on every frame; lifecycle, loads the model on configure."""

import time
from dataclasses import replace
from pathlib import Path

import numpy as np
from echopilot_msgs.msg import PerceptionResult, UltrasoundFrame
from rclpy.lifecycle import LifecycleNode, LifecycleState, TransitionCallbackReturn
from rclpy.subscription import Subscription

from echopilot_core import EchoPilotError, Frame, ProbeGeometry, ProbeKind, SectorBox
from echopilot_nodes import conversions as conv
from echopilot_nodes import names, qos
from echopilot_nodes.bond import Bond
from echopilot_nodes.params import PerceptionParams, read_params
from echopilot_nodes.process import run
from echopilot_perception.pipeline import Perception


class PerceptionNode(LifecycleNode):
    """One result per frame taken, with the frame's stamp and sequence."""

    def __init__(self) -> None:
        super().__init__("perception")
        self._params = read_params(self, PerceptionParams)
        self._bond = Bond(self)
        self._core: Perception | None = None
        self._frames: Subscription | None = None
        self._results = self.create_publisher(PerceptionResult, names.PERCEPTION_RESULT, qos.ANSWER_OFFERED)

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
        """Start taking frames."""
        profile = qos.FRAMES_LOCKSTEP if self._params.lockstep else qos.FRAMES_NEWEST
        self._frames = self.create_subscription(UltrasoundFrame, names.PROBE_FRAME, self._on_frame, profile)
        return super().on_activate(state)

    def on_deactivate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Stop taking frames."""
        if self._frames is not None:
            self.destroy_subscription(self._frames)
            self._frames = None
        return super().on_deactivate(state)

    def on_cleanup(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Unload the model."""
        self.close()
        return super().on_cleanup(state)

    def close(self) -> None:
        """Free the runtime."""
        if self._core is not None:
            self._core.close()
            self._core = None

    def _on_frame(self, message: UltrasoundFrame) -> None:
        started_s = time.perf_counter()
        assert self._core is not None
        try:
            seen = self._core.see(conv.from_frame(message))
        except (ValueError, EchoPilotError) as error:
            self.get_logger().error(f"frame {message.sequence} not used: {error}", throttle_duration_sec=1.0)
            return
        self._results.publish(conv.to_result(replace(seen, latency_s=time.perf_counter() - started_s)))


def warm_up_frame() -> Frame:
    """A speckled picture of 160 mm depth."""
    geometry = ProbeGeometry(ProbeKind.PHASED, 0.0, 1.57, 0.019, 0.16, 0.0005, 0.0005, 160.0, 0.0, 2.5e6)
    image = np.random.default_rng(0).integers(0, 255, (320, 320), dtype=np.uint8)
    return Frame(0, 0, image, geometry, SectorBox(0, 0, 320, 320))


def main() -> None:
    """Run the node until a signal comes."""
    run(PerceptionNode)


if __name__ == "__main__":
    main()
