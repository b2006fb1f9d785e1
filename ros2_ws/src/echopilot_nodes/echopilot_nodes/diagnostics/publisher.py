"""Publisher of a node's health on /diagnostics, once a second of wall time."""

from collections.abc import Callable

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue
from rclpy.node import Node

from echopilot_nodes.diagnostics.health import Health, running
from echopilot_nodes.diagnostics.streams import StreamHealth, streams_of
from echopilot_nodes.graph import qos, topics
from echopilot_nodes.graph.clock import wall_clock
from echopilot_wire import to_time

PERIOD_S = 1.0


class Diagnostics:
    """Says two things of a node: its `state`, and its `topics` with rates, ages and refusals.

    Stamps are the graph's time: with a simulated clock that of the last message that the node has heard, zero before
    the first, else that of the node.
    """

    def __init__(self, node: Node, health: Callable[[], Health] = running, hardware_id: str = "") -> None:
        """`health` is called once a second; `hardware_id` names the device that the node stands for."""
        self._node, self._health, self._hardware_id = node, health, hardware_id
        self._streams = streams_of(node)
        self._topics = StreamHealth(self._streams)
        self._publisher = node.create_publisher(DiagnosticArray, topics.DIAGNOSTICS, qos.STATE_OFFERED)
        self._timer = node.create_timer(PERIOD_S, self._publish, clock=wall_clock())

    def _publish(self) -> None:
        name = self._node.get_fully_qualified_name().lstrip("/")
        parts = {"state": self._health(), "topics": self._topics.look()}
        message = DiagnosticArray(status=[self._status(f"{name}: {part}", health) for part, health in parts.items()])
        message.header.stamp.sec, message.header.stamp.nanosec = self._now()
        self._publisher.publish(message)

    def _now(self) -> tuple[int, int]:
        if self._node.count_publishers(self._node.resolve_topic_name(topics.CLOCK)):
            stamp = to_time(self._streams.stamp_ns)
        else:
            stamp = self._node.get_clock().now().to_msg()
        return stamp.sec, stamp.nanosec

    def _status(self, name: str, health: Health) -> DiagnosticStatus:
        return DiagnosticStatus(
            level=bytes([health.severity]),
            name=name,
            message=health.message,
            hardware_id=self._hardware_id,
            values=[KeyValue(key=key, value=value) for key, value in health.texts().items()],
        )
