"""From a dataclass through the wire and back nothing changes, in any field of any message."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import wire_items as items
from hypothesis import given, settings
from hypothesis import strategies as st

import echopilot_wire as wire
from echopilot_core import (
    ControlGoal,
    Frame,
    GoalKind,
    PerceptionResult,
    ProbeGeometry,
    ProbeKind,
    RobotState,
    SectorBox,
    se3,
)

GEOMETRY = ProbeGeometry(ProbeKind.CONVEX, 0.06, 1.1, 0.05, 0.16, 3.1e-4, 3.2e-4, 255.5, -12.25, 2.5e6)

STAMP_NS = 1_795_463_063_123_456_789

PAIRS: dict[str, tuple[Any, Any, Any]] = {
    "frame": (items.FRAMES, wire.to_frame, wire.from_frame),
    "result": (items.results(), wire.to_result, wire.from_result),
    "command": (items.COMMANDS, wire.to_command, wire.from_command),
    "safe twist": (items.SAFE_TWISTS, wire.to_safe_twist, wire.from_safe_twist),
    "safety state": (items.SAFETY_STATES, wire.to_safety_state, wire.from_safety_state),
    "goal": (items.GOALS, wire.to_goal, wire.from_goal),
    "status": (items.STATUSES, wire.to_status, wire.from_status),
    "exam state": (items.EXAM_STATUSES, wire.to_exam_state, wire.from_exam_state),
    "measurement": (items.MEASUREMENTS, lambda m: wire.to_measurement(m, STAMP_NS), wire.from_measurement),
    "finding": (items.FINDINGS, lambda f: wire.to_finding(f, STAMP_NS), wire.from_finding),
    "landmarks": (items.LANDMARKS, wire.to_landmarks, wire.from_landmarks),
    "surface": (items.SURFACES, wire.to_cloud, wire.from_cloud),
}


def through(message: wire.Message) -> wire.Message:
    """Into bytes and back, as between two processes."""
    return wire.decode(wire.encode(message), message.__msgtype__)


@pytest.mark.parametrize("name", PAIRS)
@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_nothing_changes_on_the_way(name: str, data: Any) -> None:
    strategy, to, back = PAIRS[name]
    item = data.draw(strategy)
    assert items.same(back(through(to(item))), item)


@settings(max_examples=100, deadline=None)
@given(items.ROBOT_STATES)
def test_a_robot_state_is_everywhere_the_one_of_the_wire(state: RobotState) -> None:
    received = wire.from_robot_state(through(wire.to_robot_state(state)))
    assert items.same(received, wire.as_on_the_wire(state))
    assert items.same(received.T_base_probe, se3.as_transmitted(state.T_base_probe))
    assert items.same(replace(received, T_base_probe=state.T_base_probe), state)
    assert np.abs(received.T_base_probe - state.T_base_probe)[:3, :3].max() < 1e-12
    assert received.T_base_probe[:3, 3].tobytes() == state.T_base_probe[:3, 3].tobytes()


@settings(max_examples=60, deadline=None)
@given(items.POSES)
def test_the_start_of_a_goal_arrives_as_every_pose_does(T: np.ndarray) -> None:
    goal = ControlGoal(1, GoalKind.SWEEP, preset="abdomen", T_base_start=T, sweep_m=0.04)
    received = wire.from_goal(through(wire.to_goal(goal)))
    assert items.same(received, replace(goal, T_base_start=se3.as_transmitted(T)))
    lost = wire.from_goal(through(wire.to_goal(replace(goal, T_base_start=T * np.nan))))
    assert np.isnan(lost.T_base_start).all()


@given(st.integers(-(2**31) * 10**9, 2**31 * 10**9 - 1))
def test_stamps_are_exact_in_nanoseconds(stamp_ns: int) -> None:
    assert wire.stamp_of(through(wire.to_safe_twist(items.core.SafeTwist(stamp_ns, np.zeros(6))))) == stamp_ns


def test_a_pose_that_is_not_finite_arrives_as_such(robot: RobotState) -> None:
    T = np.eye(4)
    T[0, 3] = np.nan
    lost = replace(robot, T_base_probe=T)
    assert np.isnan(wire.from_robot_state(through(wire.to_robot_state(lost))).T_base_probe).all()


def test_the_image_is_a_view_on_the_bytes_that_came() -> None:
    image = np.arange(12, dtype=np.uint8).reshape(3, 4)
    data = wire.encode(wire.to_frame(Frame(0, 0, image, GEOMETRY, SectorBox(0, 0, 4, 3))))
    received = wire.from_frame(wire.decode(data, "ultrasound_msgs/msg/UltrasoundFrame")).image
    assert np.array_equal(received, image) and not received.flags.writeable
    assert np.shares_memory(received, np.frombuffer(data, np.uint8))


@pytest.mark.parametrize(("field", "value"), [("view", 99), ("kind", 200)])
def test_unknown_enums_are_refused(field: str, value: int) -> None:
    message = wire.to_goal(ControlGoal(1, GoalKind.HOLD))
    setattr(message, field, value)
    with pytest.raises(ValueError):
        wire.from_goal(through(message))


@settings(max_examples=30, deadline=None)
@given(items.results())
def test_groups_that_do_not_fit_are_refused(seen: PerceptionResult) -> None:
    for field in ("guidance_motions", "landmark_positions", "box_corners", "class_areas"):
        message = wire.to_result(seen)
        setattr(message, field, np.append(getattr(message, field), 1.0))
        with pytest.raises(ValueError):
            wire.from_result(through(message))


def test_incomplete_and_foreign_images_are_refused() -> None:
    frame = Frame(0, 0, np.zeros((4, 4), np.uint8), GEOMETRY, SectorBox(0, 0, 4, 4))
    message = wire.to_frame(frame)
    message.image.data = message.image.data[:7]
    with pytest.raises(ValueError):
        wire.from_frame(through(message))
    message = wire.to_frame(frame)
    message.image.encoding = "rgb8"
    with pytest.raises(ValueError, match="mono8"):
        wire.from_frame(through(message))


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=400))
def test_bytes_that_are_no_message_are_a_value_error(data: bytes) -> None:
    for head in (b"", b"\x00\x01\x00\x00"):
        with pytest.raises(ValueError):
            wire.from_frame(wire.decode(head + data, "ultrasound_msgs/msg/UltrasoundFrame"))


@settings(max_examples=30, deadline=None)
@given(items.results(), st.data())
def test_bytes_that_were_cut_off_are_a_value_error(seen: PerceptionResult, data: Any) -> None:
    whole = wire.encode(wire.to_result(seen))
    cut = data.draw(st.integers(0, len(whole) - 1))
    with pytest.raises(ValueError):
        wire.from_result(wire.decode(whole[:cut], "echopilot_msgs/msg/PerceptionResult"))


@pytest.fixture
def robot() -> RobotState:
    six, seven = np.zeros(6), np.zeros(7)
    return RobotState(STAMP_NS, 3, np.eye(4), six, six, seven, seven, items.core.RobotMode.COMPLIANT_HOLD)
