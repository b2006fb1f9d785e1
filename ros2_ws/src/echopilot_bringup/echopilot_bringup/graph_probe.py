"""Measurement of a live graph from outside: time from an image's acquisition to its command, and dropped frames."""

import argparse
import json
import sys
import time
from pathlib import Path

import numpy as np
import rclpy
import rclpy.utilities
from echopilot_msgs.msg import PerceptionResult as PerceptionResultMsg
from echopilot_msgs.msg import ProbeCommand
from rclpy.node import Node
from sensor_msgs.msg import Image
from ultrasound_msgs.msg import UltrasoundFrame

import echopilot_core as core
from echopilot_bringup.processes import processor_seconds, shares
from echopilot_core import Frame, SteadyClock
from echopilot_nodes.graph import qos, topics
from echopilot_nodes.graph.context import init
from echopilot_nodes.graph.executor import make_executor, spin_until
from echopilot_nodes.graph.inlet import Inlet
from echopilot_wire import from_command, from_frame, from_result

START_S = 90.0
PEER_ROUNDS = 200
PEER_TOPIC = "graph_probe/echo"


class GraphProbe(Node):
    """Notes when images, results and commands are heard; all times on the steady clock of this host [ns]."""

    def __init__(self) -> None:
        super().__init__("graph_probe")
        self.spinner = make_executor()
        self.spinner.add_node(self)
        self._clock = SteadyClock()
        self.acquired_ns: dict[int, int] = {}
        self.result_ms: dict[int, float] = {}
        self.command_ms: dict[int, float] = {}
        self.shape = (1, 1)
        Inlet(self, UltrasoundFrame, topics.PROBE_FRAME, from_frame, qos.FRAMES_RECORDED, self._on_frame)
        Inlet(
            self,
            PerceptionResultMsg,
            topics.PERCEPTION_RESULT,
            from_result,
            qos.STATE_RECORDED,
            on_data=lambda sequence, _: self._note(sequence, self.result_ms),
        )
        Inlet(self, ProbeCommand, topics.CONTROL_COMMAND, from_command, qos.STATE_RECORDED, self._on_command)

    def forget(self) -> None:
        """Begin to measure now."""
        self.acquired_ns, self.result_ms, self.command_ms = {}, {}, {}

    def _on_frame(self, frame: Frame) -> None:
        self.acquired_ns[frame.sequence] = frame.steady_ns
        self.shape = (frame.image.shape[0], frame.image.shape[1])

    def _on_command(self, command: core.ProbeCommand) -> None:
        self._note(command.frame_sequence, self.command_ms)

    def _note(self, sequence: int, into: dict[int, float]) -> None:
        acquired_ns = self.acquired_ns.get(sequence)
        if acquired_ns is not None and sequence not in into:
            into[sequence] = 1e-6 * (self._clock.now_ns() - acquired_ns)


def percentiles(milliseconds: list[float]) -> dict[str, float | None]:
    """p50, p95, p99 [ms]; None without samples."""
    return {f"p{p}": float(np.percentile(milliseconds, p)) if milliseconds else None for p in (50, 95, 99)}


def echo_ms(node: GraphProbe) -> list[float]:
    """Peer: a bare image of the same size published and heard again by this process [ms]."""
    received_s: list[float] = []
    message = Image(height=node.shape[0], width=node.shape[1], encoding="mono8", step=node.shape[1])
    message.data.frombytes(bytes(node.shape[0] * node.shape[1]))
    publisher = node.create_publisher(Image, PEER_TOPIC, qos.COMMAND)
    node.create_subscription(Image, PEER_TOPIC, lambda _: received_s.append(time.perf_counter()), qos.COMMAND)
    spin_until(node.spinner, lambda: publisher.get_subscription_count() > 0, 5.0)
    spent = []
    for _ in range(PEER_ROUNDS):
        before, count = time.perf_counter(), len(received_s)
        publisher.publish(message)
        if spin_until(node.spinner, lambda count=count: len(received_s) > count, 1.0):  # type: ignore[misc]
            spent.append(1e3 * (received_s[-1] - before))
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
    """`python -m echopilot_bringup.graph_probe --seconds 20 --session PID --out FILE`."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--session", type=int, required=True, help="session id of the supervisor that runs the nodes")
    arguments = parser.parse_args(rclpy.utilities.remove_ros_args(sys.argv)[1:])
    init()
    node = GraphProbe()
    try:
        if not spin_until(node.spinner, lambda: len(node.command_ms) > 0, START_S):
            sys.exit(f"no command answered an image within {START_S:.0f} s")
        node.forget()
        before = processor_seconds(arguments.session)
        spin_until(node.spinner, lambda: False, arguments.seconds)
        used = shares(before, processor_seconds(arguments.session), arguments.seconds)
        document = {**figures(node, arguments.seconds), "shares": used}
        arguments.out.write_text(json.dumps(document, indent=2) + "\n")
    finally:
        node.destroy_node()
        rclpy.shutdown()


if __name__ == "__main__":
    main()
