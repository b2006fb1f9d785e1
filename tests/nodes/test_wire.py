"""Messages written without ROS say what those of rclpy say, field by field; reading gives back what was written."""

import pytest

pytest.importorskip("echopilot_msgs.msg", reason="needs the built messages")
dynamic = pytest.importorskip("mcap_ros2._dynamic", reason="needs mcap-ros2-support")

from dataclasses import replace  # noqa: E402
from typing import Any  # noqa: E402

import numpy as np  # noqa: E402
from rclpy.serialization import deserialize_message, serialize_message  # noqa: E402

from echopilot_core import (  # noqa: E402
    ControlGoal,
    ControlPhase,
    ControlStatus,
    GoalKind,
    Outcome,
    ProbeCommand,
    RobotMode,
    RobotState,
    SafetyMode,
    SafetyState,
    View,
    se3,
)
from echopilot_exam.protocol import StepKind  # noqa: E402
from echopilot_exam.record import wire_read, wire_state, wire_write  # noqa: E402
from echopilot_exam.record.definitions import definition  # noqa: E402
from echopilot_exam.states import ExamPhase, ExamState, StepResult  # noqa: E402
from echopilot_lab.seen_difference import differences  # noqa: E402
from echopilot_nodes import conversions as conv  # noqa: E402
from echopilot_nodes.conversions.exam import to_exam_state  # noqa: E402

RNG = np.random.default_rng(7)
POSE = se3.exp(RNG.normal(size=6))
ROBOT = RobotState(
    5_000_000_001, 7, POSE, RNG.normal(size=6), RNG.normal(size=6), np.zeros(7), np.ones(7), RobotMode.SERVO
)
COMMAND = ProbeCommand(2_000_000_003, 4, RNG.normal(size=6), 5.0, -1, 50_000_000)
STATUS = ControlStatus(
    3, 1, 2, GoalKind.SWEEP, ControlPhase.SWEEP, Outcome.RUNNING, "grüßt", 0.5, 5.0, 4.9, float("nan"), 0.7, 12, 0.06
)
SAFETY = SafetyState(3, SafetyMode.RETRACT, ("force_trip", "x"), 12.0, 18.0, 3)
RESULT = StepResult(View.A4C, StepKind.ACQUIRE, Outcome.SUCCEEDED, True, 0.9, 0.8, 12.5, 40, "fine", (39, 40))
EXAM = ExamState(
    6, 1, True, ExamPhase.SEARCH, 1, 3, 1, View.A4C, "a view", 0.25, "looks", "cardiac",
    ControlGoal(3, GoalKind.ACQUIRE_VIEW, View.A4C), (RESULT,), 11,
)  # fmt: skip


def encode(name: str, message: dict[str, Any]) -> bytes:
    type_name = f"echopilot_msgs/msg/{name}"
    return bytes(dynamic.serialize_dynamic(type_name, definition(type_name))[type_name](message))


def decode(name: str, data: bytes) -> Any:
    type_name = f"echopilot_msgs/msg/{name}"
    return dynamic.generate_dynamic(type_name, definition(type_name))[type_name](data)


def check_same(name: str, ours: dict[str, Any], theirs: Any) -> bytes:
    """The same fields; rclpy leaves what it likes in the padding, so its bytes go through our decoder first."""
    data, other = encode(name, ours), serialize_message(theirs)
    assert data == encode(name, decode(name, other))
    deserialize_message(data, type(theirs))
    return data


@pytest.mark.parametrize(
    ("name", "ours", "theirs"),
    [
        ("RobotState", wire_state.robot_message(ROBOT), conv.to_robot_state(ROBOT)),
        ("ProbeCommand", wire_state.command_message(COMMAND), conv.to_probe_command(COMMAND)),
        ("ControlStatus", wire_state.status_message(STATUS), conv.to_status(STATUS)),
        ("SafetyState", wire_state.safety_message(SAFETY), conv.to_safety_state(SAFETY)),
        ("ExamState", wire_state.exam_message(EXAM, 9), to_exam_state(EXAM, 9)),
    ],
)
def test_states_are_those_of_rclpy(name: str, ours: dict[str, Any], theirs: Any) -> None:
    check_same(name, ours, theirs)


def test_frames_and_results_are_those_of_rclpy_and_come_back_whole() -> None:
    from echopilot_nodes.perception import warm_up_frame
    from echopilot_perception.pipeline import Perception

    frame = replace(warm_up_frame(), stamp_ns=1_234_567_890, sequence=5, steady_ns=8)
    perception = Perception()
    seen = replace(perception.see(frame), latency_s=0.25)
    perception.close()
    data = check_same("UltrasoundFrame", wire_write.frame_message(frame), conv.to_frame(frame))
    back = wire_read.read_frame(decode("UltrasoundFrame", data))
    assert np.array_equal(back.image, frame.image) and back.geometry == frame.geometry
    data = check_same("PerceptionResult", wire_write.result_message(seen), conv.to_result(seen))
    assert differences(seen, wire_read.read_result(decode("PerceptionResult", data))) == []
