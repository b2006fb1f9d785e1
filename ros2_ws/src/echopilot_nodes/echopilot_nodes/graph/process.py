"""One node as a process: exit code 0 on SIGINT or SIGTERM, 2 with one line for bad input."""

import gc
import os
import signal
import sys
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol, TypeVar, runtime_checkable

import rclpy
from rclpy._rclpy_pybind11 import RCLError
from rclpy.executors import Executor, ExternalShutdownException
from rclpy.node import Node
from rclpy.task import Future

from echopilot_core import EchoPilotError
from echopilot_nodes.graph.context import init
from echopilot_nodes.graph.executor import make_executor, spin
from echopilot_nodes.graph.parent_death import END_WITH_PARENT, end_with_supervisor

if TYPE_CHECKING:
    from rich.console import Console

N = TypeVar("N", bound=Node)


@runtime_checkable
class Runs(Protocol):
    """A node that drives its own loop instead of only answering callbacks."""

    def run(self, executor: Executor) -> None:
        """Return when the context is shut down."""


@runtime_checkable
class Closes(Protocol):
    """A node with files or threads to finish."""

    def close(self) -> None:
        """Called once, also after a failure."""


STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
ORPHAN_S = 20.0
"""Wall time that a node has to end in once its parent is gone, with nobody left to kill it."""
YIELD = 5
"""Niceness of the nodes that no command waits for: on a full machine they run after those from image to twist."""


def on_stop(action: Callable[[], object]) -> None:
    """Call `action` once, from a thread of its own, when SIGINT, SIGTERM or SIGHUP comes; later signals do nothing.

    Nothing is thrown into running code, as Python's own handlers do: rclpy loses an exception that comes while it
    converts a message. The wake-up descriptor hears a signal whichever thread of the process the system gives it to:
    those that NumPy starts on import cannot be kept from it by a mask.
    """
    read_fd, write_fd = os.pipe()
    os.set_blocking(write_fd, False)
    signal.set_wakeup_fd(write_fd, warn_on_full_buffer=False)
    for number in STOP_SIGNALS:
        if number is not signal.SIGHUP or signal.getsignal(number) is not signal.SIG_IGN:  # nohup
            signal.signal(number, lambda *_: None)
    parent = os.getppid()

    def wait() -> None:
        os.read(read_fd, 1)
        action()
        if END_WITH_PARENT in os.environ and os.getppid() != parent:
            threading.Event().wait(ORPHAN_S)
            os._exit(1)

    threading.Thread(target=wait, name="signals", daemon=True).start()


def freeze_heap() -> None:
    """Leave the objects of now out of all garbage collections to come.

    Python looks through everything once in some minutes and stands still for it: 33 ms for the 134,000 objects of
    arm_driver's libraries, where safety latches after 40 ms without a state.
    """
    gc.collect()
    gc.freeze()


class StopSignal:
    """Notes SIGINT and SIGTERM while the context stays usable, for a node that still has to speak at the end."""

    def __init__(self) -> None:
        self.received = False
        on_stop(self._note)

    def _note(self) -> None:
        self.received = True


def run(
    make_node: Callable[[], Node],
    own_signals: bool = False,
    executor_of_node: Callable[[], Executor] = make_executor,
    yields: bool = False,
) -> None:
    """Create the node, spin it until a signal comes, destroy it, leave the process.

    With `own_signals` the context survives signals: the node has a `run` with a `StopSignal`. One that `yields` is
    outside the path from image to twist.
    """
    if yields:
        os.nice(YIELD)
    sys.exit(_run(make_node, own_signals, executor_of_node))


def run_in_foreground(make_node: Callable[[], N], work: Callable[[N], int], console: "Console") -> None:
    """Create the node, let `work` drive it, destroy it, leave the process with the exit code of `work`.

    Ctrl-C gives 130, an EchoPilotError one line and 2.
    """
    init()
    node = make_node()
    try:
        code = work(node)
    except KeyboardInterrupt:
        code = 130
    except EchoPilotError as error:
        console.print(f"[red]error:[/] {error}")
        code = 2
    finally:
        node.destroy_node()
        rclpy.shutdown()
    sys.exit(code)


def _spin(executor: Executor, stop: Future, node: Node) -> None:
    """Spin until `stop`; a lifecycle transition that is not possible now is refused, and does not end the node."""
    while executor.context.ok() and not stop.done():
        try:
            spin(executor, stop)
        except RCLError as error:
            if "Transition is not registered" not in str(error):
                raise
            node.get_logger().error("a transition was asked for that is not possible now: refused")


def _run(make_node: Callable[[], Node], own_signals: bool, executor_of_node: Callable[[], Executor]) -> int:
    node: Node | None = None
    try:
        end_with_supervisor()
        init()
        stop = Future()
        if not own_signals:
            on_stop(lambda: stop.set_result(None))
        node = make_node()
        executor = executor_of_node()
        executor.add_node(node)
        freeze_heap()
        if isinstance(node, Runs):
            stop.add_done_callback(lambda _: rclpy.try_shutdown())
            node.run(executor)
        else:
            _spin(executor, stop, node)
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
