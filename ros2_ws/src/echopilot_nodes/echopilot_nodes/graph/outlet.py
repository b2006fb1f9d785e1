"""Publisher of a node: dataclasses in, bytes out."""

from collections.abc import Callable
from typing import Any

from rclpy.node import Node
from rclpy.qos import QoSProfile

from echopilot_nodes.diagnostics.streams import Stream, streams_of
from echopilot_wire import Message, encode


class Outlet:
    """Publishes what `to` makes of an item, as bytes."""

    def __init__(self, node: Node, kind: Any, topic: str, to: Callable[..., Message], profile: QoSProfile) -> None:
        """`kind` is the message's class of rclpy; `to` one of the functions of echopilot_wire for that message."""
        self._to = to
        self.publisher = node.create_publisher(kind, topic, profile)
        self._stream = streams_of(node).said.setdefault(topic, Stream())

    def send(self, *item: Any) -> bytes:
        """Publish an item; returns its bytes."""
        data = encode(self._to(*item))
        self.send_again(data)
        return data

    def send_again(self, data: bytes) -> None:
        """Publish bytes that `send` returned."""
        self.publisher.publish(data)
        self._stream.note()

    @property
    def has_subscribers(self) -> bool:
        """True while anybody subscribes."""
        return bool(self.publisher.get_subscription_count() > 0)


def type_name_of(kind: Any) -> str:
    """Name of a class of rclpy, for example "geometry_msgs/msg/Twist"."""
    return f"{kind.__module__.split('.')[0]}/msg/{kind.__name__}"
