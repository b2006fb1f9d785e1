"""Every enum of the vocabulary has the same names and integers in the messages."""

import pytest

from echopilot_core import classes, frame, measurement, robot, views

msg = pytest.importorskip("echopilot_msgs.msg", reason="messages are not built (make setup)")

PAIRS = [
    (views.View, "View", ""),
    (classes.Tissue, "Tissue", ""),
    (classes.FindingKind, "Finding", "KIND_"),
    (frame.ProbeKind, "ProbeGeometry", "KIND_"),
    (frame.MarkerSide, "ProbeGeometry", "MARKER_"),
    (frame.Mode, "UltrasoundFrame", "MODE_"),
    (measurement.Convention, "Measurement", "CONVENTION_"),
    (measurement.Phase, "Measurement", "PHASE_"),
    (measurement.GateStatus, "Measurement", "GATE_"),
    (robot.RobotMode, "RobotState", "MODE_"),
    (robot.SafetyMode, "SafetyState", "MODE_"),
    (robot.GoalKind, "ControlGoal", "KIND_"),
    (robot.ControlPhase, "ControlStatus", "PHASE_"),
    (robot.Outcome, "ControlStatus", "OUTCOME_"),
]


@pytest.mark.parametrize(("enum", "message", "prefix"), PAIRS, ids=[e.__name__ for e, _, _ in PAIRS])
def test_constants_are_the_enum(enum, message, prefix):
    kind = getattr(msg, message)
    # rosidl keeps a message's constants in its metaclass.
    constants = vars(type(kind))[f"_{type(kind).__name__}__constants"]
    ours = {name.removeprefix(prefix): value for name, value in constants.items() if name.startswith(prefix)}
    assert ours == {member.name: member.value for member in enum}
