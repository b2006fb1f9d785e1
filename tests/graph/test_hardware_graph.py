"""Hardware in the simulator's place: a driver's process in wall time, without simulated time anywhere.

The driver is the simulated arm over its patient behind JointState, WrenchStamped and joint velocities; the bridge makes
a robot of it. An exam step runs, safety holds for nothing, and each fault of the driver's clock is named.
"""

import os
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from diagnostic_msgs.msg import DiagnosticArray
from echopilot_msgs.action import RunExam
from echopilot_msgs.msg import ExamState, RobotState, SafetyState
from echopilot_msgs.srv import ResetSafety
from rcl_interfaces.msg import Parameter, ParameterType, ParameterValue
from rcl_interfaces.srv import SetParameters
from std_msgs.msg import Bool

import echopilot_wire as wire
from echopilot_core import RobotMode, SafetyMode
from echopilot_nodes.graph import qos, topics

PROTOCOL = """
title: One short look
steps:
  - {view: AORTA_TRANS, kind: acquire, preset: abdomen, force_n: 8.0, timeout_s: 14, beats: 1, gate: AORTA_TRANS}
"""
CONFIG = "hardware.yaml"
START_S = 120.0
LATE_MS = 20.0  # of a driver and of messages where every node has a processor when it needs one


FIRST = -10  # niceness of what answers the arm; docs/hardware.md asks for it


def start_hardware(graph: Any, rate_hz: int, **driver: object) -> None:
    graph.start("arm_driver", CONFIG, rate=float(rate_hz), frame_hz=10.0, **driver)
    graph.start("robot_bridge", CONFIG, rate=float(rate_hz))


def prefer(graph: Any, *names: str) -> None:
    """Give nodes the processor first, where this user may."""
    for name in names:
        with suppress(PermissionError):
            os.setpriority(os.PRIO_PROCESS, graph.processes[name].pid, FIRST)


def lateness_ms(message: DiagnosticArray) -> float:
    """How late the driver's samples were at most [ms], where a message tells it."""
    values = [v.value for s in message.status for v in s.values if v.key == "late at most [ms]"]
    return float(values[0]) if values else 0.0


def told_by_the_bridge(graph: Any) -> "list[str]":
    """Messages of the bridge's health, as they come."""

    def state(message: DiagnosticArray) -> str:
        return next((s.message for s in message.status if s.name == "robot_bridge: state"), "")

    return graph.listen(DiagnosticArray, topics.DIAGNOSTICS, qos.STATE_RECORDED, state)


@pytest.mark.timeout(400)
@pytest.mark.parametrize("rate_hz", [100, 500])
def test_an_exam_step_runs_over_a_driver_and_safety_holds_for_nothing(
    make_graph: Callable[..., Any], model: Path | None, tmp_path: Path, rate_hz: int
) -> None:
    graph = make_graph()
    protocol = tmp_path / "short.yaml"
    protocol.write_text(PROTOCOL)
    start_hardware(graph, rate_hz)
    graph.start("safety", CONFIG)
    graph.start("controller", CONFIG)
    graph.start("exam", CONFIG, calibration="simulated")
    graph.start("perception", CONFIG, **({"model": model} if model else {}))
    graph.start("lifecycle_manager", CONFIG)
    prefer(graph, "arm_driver", "robot_bridge", "safety", "controller")
    active = graph.listen(Bool, topics.LIFECYCLE_ACTIVE, qos.LATCHED, lambda m: m.data)
    ages_ms: list[float] = []

    def heard(message: RobotState) -> Any:
        ages_ms.append(1e-6 * (time.time_ns() - wire.stamp_of(message)))
        return wire.from_robot_state(message)

    robot = graph.listen(RobotState, topics.ROBOT_STATE, qos.STATE_RECORDED, heard)
    said = graph.listen(SafetyState, topics.SAFETY_STATE, qos.ANSWER_RECORDED, wire.from_safety_state)
    exams = graph.listen(ExamState, topics.EXAM_STATE, qos.ANSWER_RECORDED, lambda m: (wire.stamp_of(m), m.active))
    late_ms = graph.listen(DiagnosticArray, topics.DIAGNOSTICS, qos.STATE_RECORDED, lateness_ms)
    graph.wait(lambda: bool(active) and active[-1] and len(robot) > 300, START_S, "an active graph and a robot")
    reset = ResetSafety.Request(operator_name="test")  # of what a starting machine was late for
    assert graph.call(ResetSafety, topics.RESET_SAFETY, reset).success

    goal = RunExam.Goal(protocol=str(protocol), patient_pseudonym="test", out_folder=str(tmp_path / "record"))
    del late_ms[:], ages_ms[:]
    handle = graph.action(RunExam, topics.EXAM_RUN, goal)
    assert handle.accepted
    ended = handle.get_result_async()
    graph.wait(ended.done, 200.0, "the end of the exam")
    result = ended.result().result
    assert Path(result.record_folder, "exam.json").is_file(), result.message

    running = [stamp for stamp, is_active in exams if is_active]
    during = [state for state in said if running[0] <= state.stamp_ns <= running[-1]]
    held = {state.reasons for state in during if state.mode is not SafetyMode.OK}
    late = max(*late_ms, *ages_ms)
    if held and late > LATE_MS:
        pytest.skip(f"this machine is too busy for wall time: the driver or its states were late by {late:.0f} ms")
    assert held == set(), f"{held}\n{graph.logs()}"
    pressed = [state for state in robot if state.contact_force_n > 4.0]
    print(f"{rate_hz} Hz: {max(state.contact_force_n for state in robot):.1f} N at most")
    assert len(pressed) > 100 and all(state.mode is not RobotMode.FAULT for state in robot)
    assert max(state.contact_force_n for state in robot) < 15.0


@pytest.mark.timeout(200)
@pytest.mark.parametrize(
    ("name", "driver"),
    [
        ("CLOCK_OFFSET", {"clock_shift": -0.005}),
        ("CLOCK_EPOCH", {"clock_shift": -1.7e9}),
        ("STAMPS_ZERO", {"stamps": "zero"}),
    ],
)
def test_a_driver_with_another_clock_is_named_and_never_followed(
    make_graph: Callable[..., Any], name: str, driver: "dict[str, object]"
) -> None:
    graph = make_graph()
    told = told_by_the_bridge(graph)
    robot = graph.listen(RobotState, topics.ROBOT_STATE, qos.STATE_RECORDED, lambda m: m.mode)
    start_hardware(graph, 100, **driver)
    graph.wait(lambda: any(text.startswith(name) for text in told), START_S, name)
    text = next(text for text in told if text.startswith(name))
    assert "expected: " in text
    del robot[:]
    graph.wait(lambda: len(robot) > 20, 20.0, "states")
    assert set(robot) == {RobotState.MODE_FAULT}


@pytest.mark.timeout(200)
def test_a_clock_that_steps_or_stands_while_it_runs_is_named_and_passes(make_graph: Callable[..., Any]) -> None:
    graph = make_graph()
    told = told_by_the_bridge(graph)
    start_hardware(graph, 100)
    for key, value, name in (
        ("clock_shift", 2.0, "CLOCK_STEP"),
        ("clock_shift", -1.0, "CLOCK_STEP"),
        ("stamps", "stand", "STAMPS_STAND"),
    ):
        graph.wait(lambda: "the arm follows" in told[-3:], START_S, "an arm without a fault")
        del told[:]
        set_parameter(graph, key, value)
        graph.wait(lambda name=name: any(text.startswith(name) for text in told), 20.0, name)
        assert "expected: " in next(text for text in told if text.startswith(name))
    set_parameter(graph, "stamps", "ros")
    graph.wait(lambda: "the arm follows" in told[-3:], 30.0, "an arm without a fault again")


def set_parameter(graph: Any, name: str, value: object) -> None:
    """Set a live parameter of the driver."""
    if isinstance(value, str):
        told = ParameterValue(type=ParameterType.PARAMETER_STRING, string_value=value)
    else:
        told = ParameterValue(type=ParameterType.PARAMETER_DOUBLE, double_value=value)
    request = SetParameters.Request(parameters=[Parameter(name=name, value=told)])
    assert graph.call(SetParameters, "arm_driver/set_parameters", request).results[0].successful
