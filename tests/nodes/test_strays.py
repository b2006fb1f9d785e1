"""One message of the far future, or a counter that leaps or falls, is refused, counted and named; nothing goes deaf."""

import random
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

rclpy = pytest.importorskip("rclpy", reason="needs ROS 2")
pytest.importorskip("echopilot_msgs.msg", reason="needs the built messages")

from rclpy.node import Node  # noqa: E402

from echopilot_core import (  # noqa: E402
    ControlPhase,
    ControlStatus,
    GoalKind,
    LabelMap,
    Outcome,
    PerceptionResult,
    ProbeGeometry,
    ProbeKind,
    RobotMode,
    RobotState,
    SafetyMode,
    SafetyState,
    View,
)
from echopilot_core.timing import EXAM_TICKS, TICK_NS  # noqa: E402
from echopilot_nodes.bonds import Peers  # noqa: E402
from echopilot_nodes.exam_inputs import ExamInputQueue, TickInputs  # noqa: E402
from echopilot_wire import encode, to_result, to_robot_state, to_safety_state, to_status  # noqa: E402

FAR = 2**31 - 2
FRAMES_PER_TICK = 3  # a frame every three ticks
LATE_FRAMES = 2


@pytest.fixture
def node(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Node]:
    tmp_path.chmod(0o700)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    rclpy.init(domain_id=random.SystemRandom().randint(1, 100))
    node = rclpy.create_node("strays_test")
    yield node
    node.destroy_node()
    rclpy.shutdown()


def robot(tick: int, lockstep: bool) -> RobotState:
    due = tick // FRAMES_PER_TICK - LATE_FRAMES if lockstep else -1
    zero = np.zeros(6)
    return RobotState(tick * TICK_NS, tick, np.eye(4), zero, zero, np.zeros(7), np.zeros(7), RobotMode.SERVO, due)


def result(sequence: int, stamp_ns: int) -> PerceptionResult:
    geometry = ProbeGeometry(ProbeKind.PHASED, 0.0, 1.5, 0.02, 0.16, 0.0005, 0.0005, 160.0, 0.0, 0.0)
    blank = LabelMap(np.zeros((4, 4), np.uint8), 0.0, 0.0, 0.01)
    even = np.full(len(View), 1.0 / len(View))
    return PerceptionResult(stamp_ns, sequence, geometry, blank, (), even, 1.0, np.ones(16), 0.0)


def status(tick: int) -> ControlStatus:
    numbers = (0.0, 5.0, 0.0, 0.0, 0.0)
    return ControlStatus(
        tick * TICK_NS, tick, 0, GoalKind.IDLE, ControlPhase.IDLE, Outcome.RUNNING, "", *numbers, -1, 0.0
    )


class Exam:
    """The inputs of an exam node, and the ticks that it would have computed."""

    def __init__(self, node: Node, lockstep: bool) -> None:
        self.lockstep = lockstep
        self.taken: list[TickInputs] = []
        peers = Peers("/", (), lambda _: None)
        self.queue = ExamInputQueue(node, lockstep, 30.0, peers, self.work, lambda: None)
        self.queue.open()

    def work(self) -> None:
        while self.queue.is_ready():
            self.taken.append(self.queue.take())
            self.queue.expect_next()

    def tick(self, k: int, **changes: Any) -> None:
        """All that nodes say at a control tick."""
        stamp_ns = k * TICK_NS
        if k % FRAMES_PER_TICK == 0:
            n = k // FRAMES_PER_TICK
            self.hear("_on_result", n, to_result(result(n, stamp_ns)))
        self.hear("_on_robot", k, to_robot_state(robot(k, self.lockstep)))
        self.hear("_on_status", k, to_status(status(k)))
        self.hear("_on_safety", stamp_ns, to_safety_state(SafetyState(stamp_ns, SafetyMode.OK, (), 12.0, 18.0)))

    def hear(self, name: str, key: int, message: Any) -> None:
        hear: Callable[[int, bytes], None] = getattr(self.queue, name)
        hear(key, encode(message))


STRAYS: dict[str, Callable[[Exam, int], None]] = {
    "result": lambda e, k: e.hear("_on_result", FAR, to_result(result(FAR, k * TICK_NS))),
    "result of the future": lambda e, k: e.hear("_on_result", FAR, to_result(result(FAR, FAR * TICK_NS))),
    "status": lambda e, k: e.hear("_on_status", FAR, to_status(status(FAR))),
    "safety": lambda e, k: e.hear(
        "_on_safety", FAR * TICK_NS, to_safety_state(SafetyState(FAR * TICK_NS, SafetyMode.OK, (), 12.0, 18.0))
    ),
    "tick ahead": lambda e, k: e.hear("_on_robot", FAR, to_robot_state(robot(FAR, e.lockstep))),
    "tick back": lambda e, k: e.hear("_on_robot", 1, to_robot_state(robot(1, e.lockstep))),
    "stamp ahead": lambda e, k: e.hear(
        "_on_robot", k + 1, to_robot_state(replace(robot(k + 1, e.lockstep), stamp_ns=FAR * TICK_NS))
    ),
}


@pytest.mark.parametrize("lockstep", [True, False])
@pytest.mark.parametrize("stray", STRAYS)
def test_the_exam_computes_every_tick_with_its_images(
    stray: str, lockstep: bool, node: Node, capfd: pytest.CaptureFixture[str]
) -> None:
    def run(strays: bool) -> list[tuple[int, list[int], int]]:
        exam = Exam(node, lockstep)
        for k in range(1, 200):
            exam.tick(k)
            if strays and k in (50, 51, 120):
                STRAYS[stray](exam, k)
        exam.queue.close()
        return [(t.robot.tick, [r.sequence for r in t.results], t.status.tick if t.status else -1) for t in exam.taken]

    clean = run(False)
    capfd.readouterr()
    assert [tick for tick, _, _ in clean] == list(range(EXAM_TICKS, clean[-1][0] + 1, EXAM_TICKS)) and len(clean) > 35
    assert run(True) == clean
    assert "refused" in capfd.readouterr().err
