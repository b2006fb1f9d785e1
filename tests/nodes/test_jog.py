"""What a jog on the wire becomes: a twist in probe with the stamp of the tick, or nothing."""

import math
from collections.abc import Iterator

import pytest

rclpy = pytest.importorskip("rclpy", reason="needs ROS 2")

from geometry_msgs.msg import TwistStamped  # noqa: E402
from rclpy.node import Node  # noqa: E402

from echopilot_nodes.graph.jog_input import JogInput  # noqa: E402


@pytest.fixture(scope="module")
def buffer() -> Iterator[JogInput]:
    rclpy.init()
    node = Node("jog_test")
    yield JogInput(node)
    node.destroy_node()
    rclpy.shutdown()


def message(frame: str = "probe", **linear: float) -> TwistStamped:
    made = TwistStamped()
    made.header.frame_id = frame
    for axis, value in linear.items():
        setattr(made.twist.linear, axis, value)
    return made


def test_a_jog_gets_the_stamp_of_the_first_tick_that_sees_it(buffer: JogInput) -> None:
    buffer._on_jog(message(x=0.01))
    first = buffer.newest(1_000)
    assert first is not None and first.stamp_ns == 1_000 and first.twist[0] == 0.01
    assert buffer.newest(2_000) is first, "silence does not renew it"


@pytest.mark.parametrize("bad", [message(x=math.nan), message(y=math.inf), message("base", x=0.01)])
def test_what_is_not_finite_or_in_another_frame_is_left_out(buffer: JogInput, bad: TwistStamped) -> None:
    before = buffer.newest(3_000)
    buffer._on_jog(bad)
    assert buffer.newest(4_000) is before
