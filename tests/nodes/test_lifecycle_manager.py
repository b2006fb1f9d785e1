"""The lifecycle manager brings nodes up in order, brings back what restarts, and leaves what others deactivated."""

import random
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

rclpy = pytest.importorskip("rclpy", reason="needs ROS 2")

from lifecycle_msgs.msg import State, Transition  # noqa: E402
from lifecycle_msgs.srv import ChangeState  # noqa: E402
from rclpy.executors import SingleThreadedExecutor  # noqa: E402
from rclpy.lifecycle import LifecycleNode  # noqa: E402
from std_msgs.msg import Bool  # noqa: E402

from echopilot_nodes.graph import qos, topics  # noqa: E402
from echopilot_nodes.lifecycle_manager import BEAT_S, LifecycleManager  # noqa: E402

WAIT_S = 20.0
ACTIVE, INACTIVE = State.PRIMARY_STATE_ACTIVE, State.PRIMARY_STATE_INACTIVE


class Bench:
    """The manager of two lifecycle nodes that do nothing."""

    def __init__(self) -> None:
        self.manager = LifecycleManager()
        self.nodes = {name: LifecycleNode(name, use_global_arguments=False) for name in ("first", "second")}
        self.executor = SingleThreadedExecutor()
        for node in (self.manager, *self.nodes.values()):
            self.executor.add_node(node)
        self.active: list[bool] = []
        user = self.nodes["first"]
        user.create_subscription(Bool, topics.LIFECYCLE_ACTIVE, lambda m: self.active.append(m.data), qos.LATCHED)
        self.change = user.create_client(ChangeState, "second/change_state")

    def states(self) -> list[int]:
        return [managed.state for managed in self.manager._managed]

    def until(self, done: Callable[[], bool], what: str) -> None:
        end_s = time.monotonic() + WAIT_S
        while not done():
            assert time.monotonic() < end_s, f"waited {WAIT_S} s for {what}; states {self.states()}"
            self.executor.spin_once(timeout_sec=0.05)

    def ask(self, transition: int) -> None:
        future = self.change.call_async(ChangeState.Request(transition=Transition(id=transition)))
        self.until(future.done, "a transition")
        assert future.result().success

    def close(self) -> None:
        self.executor.shutdown()
        self.manager.close()
        for node in (self.manager, *self.nodes.values()):
            node.destroy_node()


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Any]:
    tmp_path.chmod(0o700)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    rclpy.init(args=["--ros-args", "-p", "nodes:=first second"], domain_id=random.SystemRandom().randint(1, 100))
    bench = Bench()
    yield bench
    bench.close()
    rclpy.shutdown()


def test_what_somebody_else_deactivated_stays_so_until_it_is_activated_again(bench: Bench) -> None:
    bench.until(lambda: bench.states() == [ACTIVE, ACTIVE] and bench.active[-1:] == [True], "an active graph")
    bench.ask(Transition.TRANSITION_DEACTIVATE)
    bench.until(lambda: bench.states() == [ACTIVE, INACTIVE] and bench.active[-1] is False, "the manager to see it")
    beats_s = time.monotonic() + 3 * BEAT_S
    bench.until(lambda: time.monotonic() > beats_s, "three beats")
    assert bench.states() == [ACTIVE, INACTIVE]
    bench.ask(Transition.TRANSITION_ACTIVATE)
    bench.until(lambda: bench.states() == [ACTIVE, ACTIVE] and bench.active[-1] is True, "an active graph again")
    bench.ask(Transition.TRANSITION_DEACTIVATE)
    bench.ask(Transition.TRANSITION_CLEANUP)  # as after a restart: unconfigured, so it is brought back
    bench.until(lambda: bench.states() == [ACTIVE, ACTIVE], "the node to be brought back")
