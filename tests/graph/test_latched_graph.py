"""A latched reason ends by a reset alone: no twist leaves, whatever restarts, repeats or falls back."""

import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from robot_source import RobotSource
from std_srvs.srv import Trigger

from echopilot_core import RobotMode, RobotState
from echopilot_core.robot import SafetyMode
from echopilot_nodes.graph import topics

LATCHED = {SafetyMode.STOPPED, SafetyMode.RETRACT}
TICKS = 25
RETREAT_TICKS = 200
HOLDER = """
import sys
from echopilot_nodes.bonds import ROBOT, Bond, BondState
bond = Bond(sys.argv[1], ROBOT, BondState(session=sys.argv[2]))
print("bound", flush=True)
for line in sys.stdin:
    bond.say(session=line.strip())
    print("said", flush=True)
"""


class Holder:
    """A process that holds the robot's bond, to be killed."""

    def __init__(self, graph: Any) -> None:
        self.graph, self.count = graph, 0
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self.count += 1
        self.process = subprocess.Popen(
            [sys.executable, "-c", HOLDER, self.graph.namespace, str(self.count)],
            env=self.graph.environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        )  # fmt: skip
        assert self.process.stdout is not None and self.process.stdout.readline() == b"bound\n"

    def say(self) -> None:
        """The source begins again, and says so."""
        self.count += 1
        assert self.process is not None and self.process.stdin is not None and self.process.stdout is not None
        self.process.stdin.write(f"{self.count}\n".encode())
        self.process.stdin.flush()
        assert self.process.stdout.readline() == b"said\n"

    def kill(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.communicate()
            self.process = None


@pytest.fixture
def rig(make_graph: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Any, RobotSource, Holder]]:
    graph = make_graph()
    for name in ("ROS_DOMAIN_ID", "XDG_RUNTIME_DIR"):
        monkeypatch.setenv(name, graph.environment[name])
    holder = Holder(graph)
    graph.start("safety")
    holder.start()
    source = RobotSource(graph)
    source.connect()
    source.until_mode({SafetyMode.OK})
    yield graph, source, holder
    holder.kill()


def press(robot: RobotState, newton: float) -> RobotState:
    wrench = np.array(robot.wrench)
    wrench[2] = -newton
    return replace(robot, wrench=wrench)


def stop(graph: Any, source: RobotSource) -> None:
    assert graph.call(Trigger, topics.SAFETY_STOP, Trigger.Request()).success


def trip(graph: Any, source: RobotSource) -> None:
    source.distort = lambda robot: press(robot, 25.0)
    source.until_mode(LATCHED)
    source.distort = lambda robot: robot


def fault(graph: Any, source: RobotSource) -> None:
    source.distort = lambda robot: replace(robot, mode=RobotMode.FAULT)
    source.until_mode(LATCHED)
    source.distort = lambda robot: robot


def ways(graph: Any, source: RobotSource, holder: Holder) -> dict[str, Callable[[], None]]:
    """Every way in which a process or a stream can restart, repeat or fall back; ticks run after each."""

    def restart_safety(number: int) -> None:
        graph.processes["safety"].send_signal(number)
        graph.processes["safety"].wait()
        graph.start("safety")
        source.connect_again()

    def begin_again_silently() -> None:
        source.begin_again()
        for _ in range(60):
            source.robot = source.step()
            source.say(source.robot)
            graph.executor.spin_once(timeout_sec=0.01)

    def begin_again_in_a_new_process() -> None:
        holder.kill()
        graph.wait(lambda: "ROBOT_LOST" in source.states[-1].reasons, 5.0, "safety that knows of the dead robot")
        holder.start()
        source.begin_again()
        source.connect_again()

    def begin_again_aloud() -> None:
        holder.say()
        source.begin_again()
        source.connect_again()

    def stray(**changes: int) -> None:
        robot = source.robot
        ticks = {"tick": robot.tick, "stamp_ns": robot.stamp_ns} | changes
        source.say(replace(robot, **ticks))
        graph.executor.spin_once(timeout_sec=0.1)

    def begin_commands_again() -> None:
        source.sequence = 0

    def leap_commands() -> None:
        source.sequence += 2**40

    now = source.robot
    return {
        "ticks repeat": lambda: stray(),
        "one lower tick": lambda: stray(
            tick=max(1, source.robot.tick - 30), stamp_ns=source.robot.stamp_ns - 300_000_000
        ),
        "one tick of the far future": lambda: stray(tick=now.tick + 2**40, stamp_ns=now.stamp_ns + 2**50),
        "commands begin again": begin_commands_again,
        "commands leap": leap_commands,
        "safety killed": lambda: restart_safety(signal.SIGKILL),
        "safety ended": lambda: restart_safety(signal.SIGINT),
        "ticks begin again without a word": begin_again_silently,
        "another patient": begin_again_aloud,
        "robot killed, another patient": begin_again_in_a_new_process,
    }


@pytest.mark.timeout(400)
@pytest.mark.parametrize("cause", [stop, trip, fault])
def test_no_twist_leaves_until_a_reset(
    cause: Callable[[Any, RobotSource], None],
    rig: tuple[Any, RobotSource, Holder],
    capsys: pytest.CaptureFixture[str],
) -> None:
    graph, source, holder = rig
    before = len(source.twists)
    source.run(TICKS)
    assert len(source.twists) > before + TICKS // 2, "the probe moves before"
    cause(graph, source)
    source.until_mode(LATCHED)
    reasons = set(source.states[-1].reasons)
    source.run(RETREAT_TICKS if cause is trip else TICKS)
    tried = ways(graph, source, holder)
    for name, way in tried.items():
        sent = len(source.twists)
        way()
        source.settle(TICKS)
        assert len(source.twists) == sent, f"{name}: {len(source.twists) - sent} twists left"
        state = source.states[-1]
        assert state.mode in LATCHED and reasons & set(state.reasons), f"{name}: {state.mode.name} {state.reasons}"
    with capsys.disabled():
        print(f"\n{cause.__name__}: 0 twists after {len(tried)} ways", end="")
    source.reset()


@pytest.mark.timeout(200)
@pytest.mark.parametrize("damage", ["", '{"latched": [', '{"latched": ["NO_SUCH_REASON"]}'])
def test_a_damaged_record_of_latches_is_a_latch(damage: str, rig: tuple[Any, RobotSource, Holder]) -> None:
    graph, source, _ = rig
    graph.processes["safety"].send_signal(signal.SIGINT)
    graph.processes["safety"].wait()
    (file,) = Path(graph.environment["XDG_STATE_HOME"]).glob("echopilot/latches-*.json")
    file.write_text(damage)
    graph.start("safety")
    source.connect_again()
    sent = len(source.twists)
    source.settle(TICKS)
    assert source.states[-1].mode is SafetyMode.STOPPED and "LATCH_UNREADABLE" in source.states[-1].reasons
    assert len(source.twists) == sent
    assert "until an operator has looked at the robot" in (graph.folder / "safety.log").read_text()
    source.reset()
