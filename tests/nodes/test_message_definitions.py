"""Definitions hold every nested type once and can be parsed by the readers of bags."""

import pytest

pytest.importorskip("echopilot_msgs.msg", reason="needs the built messages")
mcap_ros2 = pytest.importorskip("mcap_ros2._dynamic", reason="needs mcap-ros2-support")

from echopilot_msgs.msg import ExamState, UltrasoundFrame  # noqa: E402
from rclpy.serialization import serialize_message  # noqa: E402

from echopilot_core import EchoPilotError  # noqa: E402
from echopilot_nodes.message_definitions import definition  # noqa: E402


@pytest.mark.parametrize("kind", [ExamState, UltrasoundFrame])
def test_a_generic_reader_decodes_our_messages(kind: type) -> None:
    name = f"echopilot_msgs/msg/{kind.__name__}"
    decode = mcap_ros2.generate_dynamic(name, definition(name))[name]
    message = kind()
    message.header.stamp.sec = 7
    message.header.frame_id = "base"
    assert decode(serialize_message(message)).header.stamp.sec == 7


def test_nested_types_appear_once() -> None:
    text = definition("echopilot_msgs/msg/PerceptionResult")
    assert text.count("MSG: echopilot_msgs/Measurement") == 1
    assert text.count("MSG: builtin_interfaces/Time") == 1


def test_a_missing_type_is_one_clear_line() -> None:
    with pytest.raises(EchoPilotError, match=r"echopilot_msgs/msg/Nothing\.msg not found"):
        definition("echopilot_msgs/msg/Nothing")
