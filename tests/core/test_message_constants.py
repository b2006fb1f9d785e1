"""Every enum of the vocabulary has the same names and integers in the messages."""

import pytest

from echopilot_core import HeadName, frame, measurement, robot, suspicion, vocabulary
from echopilot_wire.store import STORE

PAIRS = [
    (vocabulary.View, "echopilot_msgs/msg/View", ""),
    (vocabulary.SegmentationClass, "echopilot_msgs/msg/SegmentationClass", ""),
    (vocabulary.FindingKind, "echopilot_msgs/msg/Finding", "KIND_"),
    (frame.ProbeKind, "ultrasound_msgs/msg/ProbeGeometry", "KIND_"),
    (frame.MarkerSide, "ultrasound_msgs/msg/ProbeGeometry", "MARKER_"),
    (frame.ImagingMode, "ultrasound_msgs/msg/UltrasoundFrame", "MODE_"),
    (measurement.CaliperConvention, "echopilot_msgs/msg/Measurement", "CONVENTION_"),
    (measurement.CardiacPhase, "echopilot_msgs/msg/Measurement", "PHASE_"),
    (measurement.GateStatus, "echopilot_msgs/msg/Measurement", "GATE_"),
    (robot.RobotMode, "echopilot_msgs/msg/RobotState", "MODE_"),
    (robot.SafetyMode, "echopilot_msgs/msg/SafetyState", "MODE_"),
    (robot.GoalKind, "echopilot_msgs/msg/ControlGoal", "KIND_"),
    (robot.ControlPhase, "echopilot_msgs/msg/ControlStatus", "PHASE_"),
    (robot.Outcome, "echopilot_msgs/msg/ControlStatus", "OUTCOME_"),
    (suspicion.SuspicionOutcome, "echopilot_msgs/msg/Suspicion", "OUTCOME_"),
]


@pytest.mark.parametrize(("enum", "message", "prefix"), PAIRS, ids=[e.__name__ for e, _, _ in PAIRS])
def test_constants_are_the_enum(enum, message, prefix):
    constants = {name: value for name, _, value in STORE.fielddefs[message][0]}
    ours = {name.removeprefix(prefix): value for name, value in constants.items() if name.startswith(prefix)}
    assert ours == {member.name: member.value for member in enum}


def test_a_result_says_of_every_head_whether_it_is_there():
    fields = {name for name, _ in STORE.fielddefs["echopilot_msgs/msg/PerceptionResult"][1]}
    assert {f for f in fields if f.startswith("has_")} == {f"has_{head.value}" for head in HeadName}


def test_names_of_measurements_have_their_codes_in_the_message():
    constants = {name: value for name, _, value in STORE.fielddefs["echopilot_msgs/msg/Measurement"][0]}
    ours = {name.removeprefix("NAME_"): value for name, value in constants.items() if name.startswith("NAME_")}
    assert ours == {member.name: member.code for member in measurement.MeasurementName}
