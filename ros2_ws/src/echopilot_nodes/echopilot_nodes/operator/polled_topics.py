"""Topics that are polled instead of waking the process at every message."""

from typing import TypeVar

from rclpy.callback_groups import CallbackGroup

from echopilot_nodes.graph.inlet import Inlet

T = TypeVar("T")


class GateGroup(CallbackGroup):
    """The executor serves these entities only while `is_open`; nothing wakes it up for them otherwise."""

    def __init__(self) -> None:
        super().__init__()
        self.is_open = False

    def can_execute(self, entity: object) -> bool:
        """Called whenever the executor collects its wait set."""
        return self.is_open

    def beginning_execution(self, entity: object) -> bool:
        """Everything runs in one thread."""
        return True

    def ending_execution(self, entity: object) -> None:
        """Nothing to release."""


def drained(inlet: Inlet[T], newest: int | None = None) -> list[T]:
    """Messages received since the last poll, oldest first, at most the depth of its queue; of it the `newest` ones."""
    data = []
    subscription = inlet.subscription
    with subscription.handle:  # rclpy has no public call that takes a message without an executor
        while (taken := subscription.handle.take_message(subscription.msg_type, True)) is not None:
            if inlet.note(taken[0]):
                data.append(taken[0])
    items = (inlet.read(raw) for raw in data[-newest if newest else 0 :])
    return [item for item in items if item is not None]
