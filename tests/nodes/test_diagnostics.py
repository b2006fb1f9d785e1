"""What /diagnostics says of a node: rates and refusals, its health, in the graph's time; logs do not repeat."""

import random
import time
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest

rclpy = pytest.importorskip("rclpy", reason="needs ROS 2")
pytest.importorskip("echopilot_msgs.msg", reason="needs the built messages")

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus  # noqa: E402
from echopilot_msgs.msg import RobotState as RobotStateMsg  # noqa: E402
from rclpy.node import Node  # noqa: E402
from rosgraph_msgs.msg import Clock  # noqa: E402

from echopilot_core import RobotMode, RobotState, SafetyMode, SafetyState  # noqa: E402
from echopilot_nodes.diagnostics.frame_meter import FrameMeter  # noqa: E402
from echopilot_nodes.diagnostics.health import Health, Severity  # noqa: E402
from echopilot_nodes.diagnostics.publisher import Diagnostics  # noqa: E402
from echopilot_nodes.diagnostics.repeat_filter import RepeatFilter  # noqa: E402
from echopilot_nodes.diagnostics.safety_health import safety_health  # noqa: E402
from echopilot_nodes.diagnostics.streams import Stream, StreamHealth, Streams, streams_of  # noqa: E402
from echopilot_nodes.graph import qos, topics  # noqa: E402
from echopilot_nodes.graph.inlet import Inlet  # noqa: E402
from echopilot_nodes.graph.outlet import Outlet  # noqa: E402
from echopilot_wire import from_robot_state, to_robot_state  # noqa: E402

STAMP_NS = 12_000_000_034


class Watch:
    """A clock that stands until it is moved [s]."""

    now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


def test_rates_are_those_between_two_looks_and_new_refusals_are_a_warning() -> None:
    watch = Watch()
    streams = Streams(heard={"robot/state": Stream(watch)}, said={"control/command": Stream(watch)})
    health = StreamHealth(streams, watch)
    for _ in range(20):
        streams.heard["robot/state"].note()
    watch.now_s += 2.0
    first = health.look()
    assert first.severity is Severity.OK and first.values["robot/state heard [Hz]"] == pytest.approx(10.0)
    assert first.values["robot/state last heard [s] ago"] == pytest.approx(2.0)
    assert first.values["control/command said [Hz]"] == 0.0 and "control/command last said [s] ago" not in first.values
    streams.heard["robot/state"].refused += 3
    watch.now_s += 1.0
    second = health.look()
    assert second.severity is Severity.WARN and second.message == "3 messages refused in the last 1 s"
    assert second.values["robot/state heard [Hz]"] == 0.0
    assert health.look().severity is Severity.OK


def test_a_line_that_repeats_is_said_once_a_second_with_its_count() -> None:
    watch = Watch()
    lines = RepeatFilter(watch)
    said = []
    for k in range(500):  # ten seconds of a state that toggles fifty times a second
        watch.now_s = 100.0 + k * 0.02
        said += [line for line in [lines.line("HOLD: ROBOT_STALE" if k % 2 else "OK")] if line is not None]
    assert len(said) == 20 and said[:2] == ["OK", "HOLD: ROBOT_STALE"]
    assert said[2] == "OK (and 24 times since it was last said)"
    assert lines.line("STOPPED: FORCE_TRIP") == "STOPPED: FORCE_TRIP"


def test_stages_of_perception_add_up_and_gaps_in_the_sequence_are_skipped_frames() -> None:
    now_ns = 5_000_000_000
    meter = FrameMeter(lambda: now_ns)
    for sequence in (3, 4, 9):
        meter.take(sequence, now_ns - 20_000_000)
        meter.note(0.012, 0.001)
    meter.take(10, 0)  # another machine
    values = meter.values()
    assert values["skipped frames"] == 4
    assert values["acquired to taken p50 [ms]"] == pytest.approx(20.0)
    assert values["network p95 [ms]"] == pytest.approx(12.0) and values["sending p50 [ms]"] == pytest.approx(1.0)


def test_safety_tells_the_margin_to_the_trip_and_a_hold_is_less_than_a_stop() -> None:
    pressing = replace(robot(), wrench=np.array([0.0, 0.0, -5.0, 0.0, 0.0, 0.0]))
    seen = {
        mode: safety_health(pressing, SafetyState(STAMP_NS, mode, ("FORCE_TRIP",), 12.0, 18.0), 1, 0)
        for mode in SafetyMode
    }
    assert all(health.values["margin to the trip [N]"] == 13.0 for health in seen.values())
    assert seen[SafetyMode.OK].severity < seen[SafetyMode.HOLD].severity < seen[SafetyMode.STOPPED].severity
    assert seen[SafetyMode.STOPPED].message == "FORCE_TRIP"
    assert safety_health(None, None, 1, 0).severity is Severity.STALE


@pytest.fixture
def node() -> Iterator[Node]:
    rclpy.init(domain_id=random.SystemRandom().randint(1, 100))
    node = rclpy.create_node("tested", namespace="lab")
    yield node
    node.destroy_node()
    rclpy.shutdown()


def robot() -> RobotState:
    zero = np.zeros(6)
    return RobotState(STAMP_NS, 1, np.eye(4), zero, zero, np.zeros(7), np.zeros(7), RobotMode.SERVO)


def test_a_node_says_its_health_and_topics_in_the_time_of_the_graph(node: Node) -> None:
    heard: list[DiagnosticArray] = []
    node.create_subscription(DiagnosticArray, "/diagnostics", heard.append, 10)
    clock = node.create_publisher(Clock, topics.CLOCK, 1)
    out = Outlet(node, RobotStateMsg, topics.ROBOT_STATE, to_robot_state, qos.STATE_OFFERED)
    Inlet(node, RobotStateMsg, topics.ROBOT_STATE, from_robot_state, qos.STATE, lambda _: None)
    diagnostics = Diagnostics(node, lambda: Health("HOLD", Severity.WARN, {"margin [N]": 1.23456}), hardware_id="arm")
    end_s = time.monotonic() + 10.0
    while not any(m.header.stamp.sec for m in heard):
        assert time.monotonic() < end_s, heard
        out.send(robot())
        rclpy.spin_once(node, timeout_sec=0.05)
    message = heard[-1]
    assert (message.header.stamp.sec, message.header.stamp.nanosec) == (12, 34)
    state, about_topics = message.status
    assert (state.name, state.message, state.hardware_id) == ("lab/tested: state", "HOLD", "arm")
    assert state.level == DiagnosticStatus.WARN
    assert [(v.key, v.value) for v in state.values] == [("margin [N]", "1.235")]
    assert about_topics.name == "lab/tested: topics" and about_topics.level == DiagnosticStatus.OK
    assert float(dict((v.key, v.value) for v in about_topics.values)["robot/state heard [Hz]"]) > 1.0
    assert diagnostics is not None and clock is not None
    assert streams_of(node).stamp_ns == STAMP_NS
