"""Start, spin and end one node as a process: exit 0 on SIGINT or SIGTERM, 2 with one line for bad input."""

import signal
import sys
import threading
from collections.abc import Callable
from typing import Protocol, runtime_checkable

import rclpy
from rclpy.executors import ExternalShutdownException, SingleThreadedExecutor
from rclpy.node import Node
from rclpy.signals import SignalHandlerOptions

from echopilot_core import EchoPilotError


@runtime_checkable
class Runs(Protocol):
    """A node that drives its own loop instead of only answering callbacks."""

    def run(self, executor: SingleThreadedExecutor) -> None:
        """Return when the context is shut down."""


@runtime_checkable
class Closes(Protocol):
    """A node with files or threads to finish."""

    def close(self) -> None:
        """Called once, also after a failure."""


STOP_SIGNALS = {signal.SIGINT, signal.SIGTERM}


def on_stop(action: Callable[[], object]) -> None:
    """Call `action` once, from a thread of its own, when SIGINT or SIGTERM comes; the signals are blocked elsewhere.

    Nothing is thrown into running code, as Python's own handlers do: rclpy loses an exception that comes while it
    converts a message.
    """

    def wait() -> None:
        signal.sigwait(STOP_SIGNALS)
        action()

    threading.Thread(target=wait, name="signals", daemon=True).start()


class StopSignal:
    """Notes SIGINT and SIGTERM while the context stays usable, for a node that still has to speak at the end."""

    def __init__(self) -> None:
        self.received = False
        on_stop(self._note)

    def _note(self) -> None:
        self.received = True


def run(make_node: Callable[[], Node], own_signals: bool = False) -> None:
    """Create the node, spin it until a signal comes, destroy it, leave the process.

    With `own_signals` the context survives signals: the node has a `run` with a `StopSignal`.
    """
    sys.exit(_run(make_node, own_signals))


def _run(make_node: Callable[[], Node], own_signals: bool) -> int:
    node: Node | None = None
    try:
        signal.pthread_sigmask(signal.SIG_BLOCK, STOP_SIGNALS)  # before any thread starts: they inherit the mask
        rclpy.init(signal_handler_options=SignalHandlerOptions.NO)
        if not own_signals:
            on_stop(rclpy.try_shutdown)
        node = make_node()
        executor = SingleThreadedExecutor()
        executor.add_node(node)
        if isinstance(node, Runs):
            node.run(executor)
        else:
            executor.spin()
    except (KeyboardInterrupt, ExternalShutdownException):
        pass
    except EchoPilotError as error:
        print(f"echopilot: {error}", file=sys.stderr)
        return 2
    except Exception:
        if rclpy.ok():
            raise
    finally:
        if isinstance(node, Closes):
            node.close()
        if node is not None:
            node.destroy_node()
        if rclpy.ok():
            rclpy.shutdown()
    return 0
