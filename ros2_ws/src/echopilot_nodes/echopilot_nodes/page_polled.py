"""Topics that are looked at now and then instead of waking the process at every message."""

from typing import Any

from rclpy.callback_groups import CallbackGroup
from rclpy.subscription import Subscription


class GateGroup(CallbackGroup):
    """The executor serves these entities only while `is_open`; nothing wakes it up for them otherwise."""

    def __init__(self) -> None:
        super().__init__()
        self.is_open = False

    def can_execute(self, entity: object) -> bool:
        """Asked whenever the executor collects what it waits for."""
        return self.is_open

    def beginning_execution(self, entity: object) -> bool:
        """Everything runs in one thread."""
        return True

    def ending_execution(self, entity: object) -> None:
        """Nothing to release."""


def drained(subscription: Subscription) -> list[Any]:
    """What has arrived since the last look, oldest first; at most the depth of its queue."""
    messages = []
    with subscription.handle:
        while (taken := subscription.handle.take_message(subscription.msg_type, subscription.raw)) is not None:
            messages.append(taken[0])
    return messages
