"""Subscription of a node: bytes in, dataclasses out."""

import time
from collections.abc import Callable
from typing import Any, Generic, TypeVar

from rclpy.node import Node
from rclpy.qos import QoSProfile

from echopilot_control.goal_schedule import TimedGoal
from echopilot_nodes.diagnostics.streams import Stream, streams_of
from echopilot_nodes.graph.outlet import type_name_of
from echopilot_wire import Message, decode, from_goal, peek_number, peek_stamp, stamp_of

T = TypeVar("T")

COMPLAINT_S = 1.0


class Inlet(Generic[T]):
    """Subscribes to the bytes of a message; a message that is refused is said once a second, with its reason.

    With `on_item` every message is converted as it comes. With `on_data` nothing is decoded until somebody calls
    `read`: it gets the message's `key` (its number or stamp) and its bytes.
    """

    def __init__(
        self,
        node: Node,
        kind: Any,
        topic: str,
        convert: Callable[[Message], T],
        profile: QoSProfile,
        on_item: Callable[[T], None] | None = None,
        on_data: Callable[[int, bytes], None] | None = None,
        key: Callable[[bytes], int] = peek_number,
        **options: Any,
    ) -> None:
        """`kind` is the message's class of rclpy; `convert` and `key` raise ValueError for what they cannot mean.

        `options` go to the subscription.
        """
        self._node = node
        self._topic = topic
        self._type_name = type_name_of(kind)
        self._convert = convert
        self._on_item = on_item
        self._on_data = on_data
        self._key = key
        self._complained_s = -COMPLAINT_S
        self._stream = streams_of(node).heard.setdefault(topic, Stream())
        self.subscription = node.create_subscription(kind, topic, self._receive, profile, raw=True, **options)

    def read(self, data: bytes) -> T | None:
        """What a message says; None for one that is refused."""
        try:
            return self._convert(decode(data, self._type_name))
        except ValueError as error:
            self.refuse(str(error))
            return None

    def note(self, data: bytes) -> bool:
        """Count a message; False, and it is refused, where it has no header."""
        try:
            self._stream.note(peek_stamp(data))
        except ValueError as error:
            self.refuse(str(error))
            return False
        return True

    def close(self) -> None:
        """Stop listening."""
        self._node.destroy_subscription(self.subscription)

    def _receive(self, data: bytes) -> None:
        if not self.note(data):
            return
        if self._on_data is not None:
            try:
                key = self._key(data)
            except ValueError as error:
                self.refuse(str(error))
                return
            self._on_data(key, data)
        if self._on_item is not None and (item := self.read(data)) is not None:
            self._on_item(item)

    def refuse(self, why: str) -> None:
        """Count a message that is not used, and say why, once a second."""
        self._stream.refused += 1
        now_s = time.monotonic()
        if now_s - self._complained_s >= COMPLAINT_S:
            self._complained_s = now_s
            counted = f" ({self._stream.refused} so far)" if self._stream.refused > 1 else ""
            self._node.get_logger().error(f"{self._topic} refused: {why}{counted}")


def from_exam_goal(m: Message) -> tuple[int, TimedGoal]:
    """Exam tick and goal of an ExamState, for controller and safety; ValueError for an unknown kind or view."""
    return m.tick, TimedGoal(stamp_of(m), from_goal(m.goal), m.active)
