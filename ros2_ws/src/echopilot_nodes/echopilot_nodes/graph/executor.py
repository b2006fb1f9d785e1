"""The executor of the nodes: rclpy's EventsExecutor, which builds no wait set and costs a quarter per message."""

import time
from collections.abc import Callable

from rclpy.executors import Executor, SingleThreadedExecutor
from rclpy.task import Future

WAIT_S = 60.0  # any finite time; see `spin`
POLL_S = 0.2


def make_executor() -> Executor:
    """The events executor, or the single-threaded one where rclpy has none (before 7.1.5).

    Callbacks run one at a time, in the order in which their messages arrived over all topics. Callbacks of
    subscriptions, timers and services are plain functions; callback groups are not looked at.
    """
    try:
        from rclpy.experimental.events_executor import EventsExecutor
    except ImportError:
        return SingleThreadedExecutor()
    return EventsExecutor()


def spin(executor: Executor, stop: Future) -> None:
    """Run callbacks until `stop` is done or the context is shut down; raises what they raise.

    The context lives on when `stop` ends the spinning, so that a callback under way may still publish. In finite
    waits: with an endless one, the events executor of the rclpy 7.1.6 wheels loops at full load and takes no event.
    """
    while executor.context.ok() and not stop.done():
        executor.spin_until_future_complete(stop, WAIT_S)


def spin_until(executor: Executor, done: Callable[[], bool], timeout_s: float) -> bool:
    """Run callbacks until `done`, which is asked after each; False when it took longer."""
    end_s = time.monotonic() + timeout_s
    while not done():
        left_s = end_s - time.monotonic()
        if left_s <= 0.0:
            return False
        executor.spin_once(timeout_sec=min(left_s, POLL_S))
    return True
