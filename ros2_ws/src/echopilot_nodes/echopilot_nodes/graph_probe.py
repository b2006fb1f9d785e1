"""Measure a live graph from outside: acquisition of an image to the first command that answers it, and drops."""

import argparse
import json
import sys
import time
from pathlib import Path

import numpy as np
import rclpy
import rclpy.signals
import rclpy.utilities
from echopilot_msgs.msg import PerceptionResult, ProbeCommand, UltrasoundFrame
from rclpy.node import Node
from sensor_msgs.msg import Image

from echopilot_core import SteadyClock
from echopilot_nodes import conversions as conv
from echopilot_nodes import names, qos
from echopilot_nodes.console import spin_until

START_S = 90.0
PEER_ROUNDS = 200
PEER_TOPIC = "graph_probe/echo"


class GraphProbe(Node):
    """Notes when images, results and commands are heard; all times on the steady clock of this host [ns]."""

    def __init__(self) -> None:
        super().__init__("graph_probe")
        self._clock = SteadyClock()
        self.acquired_ns: dict[int, int] = {}
        self.result_ms: dict[int, float] = {}
        self.command_ms: dict[int, float] = {}
        self.shape = (1, 1)
        self.create_subscription(UltrasoundFrame, names.PROBE_FRAME, self._on_frame, qos.FRAMES_RECORDED)
        self.create_subscription(PerceptionResult, names.PERCEPTION_RESULT, self._on_result, qos.STATE_RECORDED)
        self.create_subscription(ProbeCommand, names.CONTROL_COMMAND, self._on_command, qos.COMMAND)

    def forget(self) -> None:
        """Begin to measure now."""
        self.acquired_ns, self.result_ms, self.command_ms = {}, {}, {}

    def _on_frame(self, message: UltrasoundFrame) -> None:
        frame = conv.from_frame(message)
        self.acquired_ns[frame.sequence] = frame.steady_ns
        self.shape = (frame.image.shape[0], frame.image.shape[1])

    def _on_result(self, message: PerceptionResult) -> None:
        self._note(message.sequence, self.result_ms)

    def _on_command(self, message: ProbeCommand) -> None:
        self._note(message.frame_sequence, self.command_ms)

    def _note(self, sequence: int, into: dict[int, float]) -> None:
        acquired_ns = self.acquired_ns.get(sequence)
        if acquired_ns is not None and sequence not in into:
            into[sequence] = 1e-6 * (self._clock.now_ns() - acquired_ns)


def percentiles(milliseconds: list[float]) -> dict[str, float | None]:
    """p50, p95, p99 [ms]; None without samples."""
    return {f"p{p}": float(np.percentile(milliseconds, p)) if milliseconds else None for p in (50, 95, 99)}


def echo_ms(node: GraphProbe) -> list[float]:
    """Peer: a bare image of the same size published and heard again by this process [ms]."""
    heard: list[float] = []
    message = Image(height=node.shape[0], width=node.shape[1], encoding="mono8", step=node.shape[1])
    message.data.frombytes(bytes(node.shape[0] * node.shape[1]))
    publisher = node.create_publisher(Image, PEER_TOPIC, qos.COMMAND)
    node.create_subscription(Image, PEER_TOPIC, lambda _: heard.append(time.perf_counter()), qos.COMMAND)
    spin_until(node, lambda: publisher.get_subscription_count() > 0, 5.0)
    spent = []
    for _ in range(PEER_ROUNDS):
        before, count = time.perf_counter(), len(heard)
        publisher.publish(message)
        if spin_until(node, lambda count=count: len(heard) > count, 1.0):  # type: ignore[misc]
            spent.append(1e3 * (heard[-1] - before))
    return spent


def figures(node: GraphProbe, seconds: float) -> dict[str, object]:
    """All that was measured."""
    sequences = sorted(node.acquired_ns)
    acquired = sequences[-1] - sequences[0] + 1
    return {
        "ms": percentiles(list(node.command_ms.values())),
        "image_to_result_ms": percentiles(list(node.result_ms.values())),
        "frames": {
            "acquired": acquired,
            "per_second": acquired / seconds,
            "dropped_before_publishing": acquired - len(sequences),
            "without_result": len([s for s in sequences if s not in node.result_ms]),
            "without_command": len([s for s in sequences if s not in node.command_ms]),
        },
        "peer": {"name": "bare rclpy image echo in one process", "ms": percentiles(echo_ms(node))},
        "threads": 1,
    }


def main() -> None:
    """`python -m echopilot_nodes.graph_probe --seconds 20 --out FILE`."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args(rclpy.utilities.remove_ros_args(sys.argv)[1:])
    rclpy.init(signal_handler_options=rclpy.signals.SignalHandlerOptions.NO)
    node = GraphProbe()
    try:
        if not spin_until(node, lambda: len(node.command_ms) > 0, START_S):
            sys.exit(f"no command answered an image within {START_S:.0f} s")
        node.forget()
        spin_until(node, lambda: False, arguments.seconds)
        arguments.out.write_text(json.dumps(figures(node, arguments.seconds), indent=2) + "\n")
    finally:
        node.destroy_node()
        rclpy.shutdown()


if __name__ == "__main__":
    main()
