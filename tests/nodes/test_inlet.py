"""What one node sends another receives; what is wrong is said once, what is not asked for is not decoded."""

import random
from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np
import pytest

rclpy = pytest.importorskip("rclpy", reason="needs ROS 2")
pytest.importorskip("echopilot_msgs.msg", reason="needs the built messages")

from echopilot_msgs.msg import RobotState as RobotStateMsg  # noqa: E402
from rclpy.node import Node  # noqa: E402

from echopilot_core import RobotMode, RobotState, se3  # noqa: E402
from echopilot_nodes.graph import qos, topics  # noqa: E402
from echopilot_nodes.graph.inlet import Inlet  # noqa: E402
from echopilot_nodes.graph.outlet import Outlet  # noqa: E402
from echopilot_wire import Message, as_on_the_wire, from_robot_state, to_robot_state  # noqa: E402

RNG = np.random.default_rng(3)
STATE = RobotState(
    5, 7, se3.exp(RNG.normal(size=6)), RNG.normal(size=6), RNG.normal(size=6), np.zeros(7), np.ones(7), RobotMode.SERVO
)


@pytest.fixture
def node() -> Iterator[Node]:
    rclpy.init(domain_id=random.SystemRandom().randint(1, 100))
    node = rclpy.create_node("inlet_test")
    yield node
    node.destroy_node()
    rclpy.shutdown()


def outlet(node: Node) -> Outlet:
    """Returns when somebody listens."""
    out = Outlet(node, RobotStateMsg, topics.ROBOT_STATE, to_robot_state, qos.STATE_OFFERED)
    spin(node, lambda: out.has_subscribers)
    return out


def spin(node: Node, condition: Callable[[], bool]) -> None:
    for _ in range(300):
        if condition():
            return
        rclpy.spin_once(node, timeout_sec=0.1)
    pytest.fail("nothing arrived")


def test_what_is_sent_is_heard(node: Node) -> None:
    heard: list[RobotState] = []
    Inlet(node, RobotStateMsg, topics.ROBOT_STATE, from_robot_state, qos.STATE_LOCKSTEP, heard.append)
    out = outlet(node)
    data = out.send(STATE)
    out.send_again(data)
    spin(node, lambda: len(heard) == 2)
    expected = as_on_the_wire(STATE)
    for state in heard:
        assert state.T_base_probe.tobytes() == expected.T_base_probe.tobytes()
        assert state.wrench.tobytes() == STATE.wrench.tobytes() and (state.tick, state.stamp_ns) == (7, 5)


def test_a_wrong_message_is_said_once_and_the_next_right_one_is_heard(
    node: Node, capfd: pytest.CaptureFixture[str]
) -> None:
    heard: list[RobotState] = []
    Inlet(node, RobotStateMsg, topics.ROBOT_STATE, from_robot_state, qos.STATE_LOCKSTEP, heard.append)
    out = outlet(node)
    wrong = RobotStateMsg(mode=99)
    for _ in range(5):
        out.publisher.publish(wrong)
    out.send(STATE)
    spin(node, lambda: len(heard) == 1)
    said = capfd.readouterr().err
    assert said.count("robot/state refused: 99 is not a valid RobotMode") == 1


def test_nothing_is_converted_before_it_is_read(node: Node) -> None:
    converted: list[int] = []
    heard: list[tuple[int, bytes]] = []

    def convert(message: Message) -> RobotState:
        converted.append(message.sequence)
        return from_robot_state(message)

    inlet = Inlet(
        node,
        RobotStateMsg,
        topics.ROBOT_STATE,
        convert,
        qos.STATE_LOCKSTEP,
        on_data=lambda tick, data: heard.append((tick, data)),
    )
    out = outlet(node)
    for tick in (7, 8):
        out.send(replace(STATE, tick=tick))
    spin(node, lambda: len(heard) == 2)
    assert [tick for tick, _ in heard] == [7, 8] and converted == []
    newest = inlet.read(heard[-1][1])
    assert newest is not None and newest.tick == 8 and converted == [8]
