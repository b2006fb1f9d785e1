"""The clock of a node without simulated time: ROS time at the start, steady from then on."""

import time
from types import SimpleNamespace
from typing import Any

import pytest

pytest.importorskip("rclpy", reason="needs rclpy")

from echopilot_nodes.graph import clock as module
from echopilot_nodes.graph.clock import NodeClock

MS = 1_000_000


class StandIn:
    """What a NodeClock asks of its node."""

    def __init__(self) -> None:
        self.errors: list[str] = []

    def get_parameter(self, name: str) -> Any:
        assert name == "use_sim_time"
        return SimpleNamespace(value=False)

    def get_clock(self) -> None:
        return None

    def get_logger(self) -> Any:
        return SimpleNamespace(error=self.errors.append)


class Time:
    """Steady and wall clock of a test."""

    def __init__(self) -> None:
        self.steady_ns, self.wall_ns = 10**12, 1_796_000_000 * 10**9

    def monotonic_ns(self) -> int:
        return self.steady_ns

    def time_ns(self) -> int:
        return self.wall_ns

    def go(self, ns: int) -> None:
        self.steady_ns += ns
        self.wall_ns += ns


@pytest.fixture
def clocks(monkeypatch: pytest.MonkeyPatch) -> Time:
    made = Time()
    monkeypatch.setattr(module, "time", made)
    return made


def tick(clock: NodeClock, clocks: Time, seconds: float, behind_ns: int) -> None:
    for _ in range(round(100 * seconds)):
        clocks.go(10 * MS)
        clock.note_tick(clock.now_ns() - behind_ns)


def test_it_is_ros_time_and_a_step_of_the_wall_clock_makes_nothing_older(clocks: Time) -> None:
    clock = NodeClock(StandIn())  # type: ignore[arg-type]
    assert clock.now_ns() == clocks.wall_ns
    clocks.go(5 * MS)
    before_ns = clock.now_ns()
    clocks.wall_ns += 3_600 * 10**9
    assert clock.now_ns() == before_ns
    clocks.go(5 * MS)
    assert clock.now_ns() - before_ns == 5 * MS


def test_a_robot_of_this_time_is_not_remarked_also_on_a_busy_machine(clocks: Time) -> None:
    node = StandIn()
    clock = NodeClock(node)  # type: ignore[arg-type]
    tick(clock, clocks, 2.0, behind_ns=MS)
    tick(clock, clocks, 20.0, behind_ns=20 * MS)
    assert node.errors == []


@pytest.mark.parametrize(("behind_ns", "said"), [(6 * MS, "0.006 s behind"), (-(10**10), "10 s ahead of")])
def test_a_robot_of_another_time_is_told_with_what_was_expected_every_ten_seconds(
    clocks: Time, behind_ns: int, said: str
) -> None:
    node = StandIn()
    clock = NodeClock(node)  # type: ignore[arg-type]
    tick(clock, clocks, 12.0, behind_ns)
    assert len(node.errors) == 2
    assert f"stamps of robot/state are {said} this process; expected: at most 4 ms" in node.errors[0]


def test_the_real_clocks_are_read() -> None:
    clock = NodeClock(StandIn())  # type: ignore[arg-type]
    assert abs(clock.now_ns() - time.time_ns()) < 50 * MS
