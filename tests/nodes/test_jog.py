"""What a jog on the wire becomes: a twist in probe with the stamp of the tick, or nothing."""

import math
from collections.abc import Iterator

import pytest

rclpy = pytest.importorskip("rclpy", reason="needs ROS 2")

from geometry_msgs.msg import TwistStamped  # noqa: E402
from rclpy.node import Node  # noqa: E402

from echopilot_nodes.jog_inbox import JogInbox  # noqa: E402


@pytest.fixture(scope="module")
def inbox() -> Iterator[JogInbox]:
    rclpy.init()
    node = Node("jog_test")
    yield JogInbox(node)
    node.destroy_node()
    rclpy.shutdown()


def message(frame: str = "probe", **linear: float) -> TwistStamped:
    made = TwistStamped()
    made.header.frame_id = frame
    for axis, value in linear.items():
        setattr(made.twist.linear, axis, value)
    return made


def test_a_jog_gets_the_stamp_of_the_first_tick_that_sees_it(inbox: JogInbox) -> None:
    inbox._hear(message(x=0.01))
    first = inbox.newest(1_000)
    assert first is not None and first.stamp_ns == 1_000 and first.twist[0] == 0.01
    assert inbox.newest(2_000) is first, "silence does not renew it"


@pytest.mark.parametrize("bad", [message(x=math.nan), message(y=math.inf), message("base", x=0.01)])
def test_what_is_not_finite_or_in_another_frame_is_left_out(inbox: JogInbox, bad: TwistStamped) -> None:
    before = inbox.newest(3_000)
    inbox._hear(bad)
    assert inbox.newest(4_000) is before
