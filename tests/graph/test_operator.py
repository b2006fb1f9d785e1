"""An operator at a running graph: a canceled goal, stop and resume, the safety stop."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from action_msgs.msg import GoalStatus
from echopilot_msgs.action import AcquireView, RunExam
from echopilot_msgs.msg import ControlStatus, ExamState, ProbeCommand, RobotState, SafetyState
from echopilot_msgs.srv import ResetSafety
from geometry_msgs.msg import TwistStamped
from std_srvs.srv import Trigger

from echopilot_core import View
from echopilot_core.robot import CONTACT_N
from echopilot_nodes.graph import qos, topics

PRESSES_N = 2.0


@pytest.mark.timeout(400)
def test_cancel_stop_resume_and_safety_stop(make_graph: Callable[..., Any], model: Path | None, tmp_path: Path) -> None:
    graph = make_graph()
    graph.start_exam_graph(model, start="immediately", frame_hz=15.0)
    force = graph.listen(RobotState, topics.ROBOT_STATE, qos.STATE, lambda m: -m.measured_cf.force.z)
    states = graph.listen(ExamState, topics.EXAM_STATE, qos.STATE, lambda m: (m.state, m.active))
    status = graph.listen(ControlStatus, topics.CONTROL_STATUS, qos.STATE, lambda m: m.phase)
    safety = graph.listen(SafetyState, topics.SAFETY_STATE, qos.STATE, lambda m: (m.mode, tuple(m.reasons), m.soft_cap))

    twists = graph.listen(TwistStamped, topics.ROBOT_SERVO_CV, qos.COMMAND, lambda m: m.twist.linear.z)

    # A manual goal, canceled in contact: the probe leaves the skin.
    handle = graph.action(
        AcquireView, topics.ACQUIRE_VIEW, AcquireView.Goal(view=int(View.A4C), preset="cardiac", timeout=60.0)
    )
    assert handle.accepted
    ended = handle.get_result_async()
    graph.wait(lambda: bool(force) and force[-1] > PRESSES_N, 150.0, "contact for the manual goal")
    graph.wait(handle.cancel_goal_async().done, 20.0, "acceptance of the cancel")
    graph.wait(ended.done, 20.0, "the end of the manual goal")
    assert ended.result().status == GoalStatus.STATUS_CANCELED
    graph.wait(lambda: force[-1] < CONTACT_N and status[-1] != ControlStatus.PHASE_SEARCH, 30.0, "a free probe")

    # An exam: stopped in contact it leaves the skin and waits.
    goal = RunExam.Goal(protocol="aorta", patient_pseudonym="test", out_folder=str(tmp_path / "record"))
    handle = graph.action(RunExam, topics.EXAM_RUN, goal)
    assert handle.accepted
    ended = handle.get_result_async()
    graph.wait(lambda: force[-1] > PRESSES_N and states[-1][1], 150.0, "contact for the exam")
    assert safety[-1][2] == 15.0, "the abdominal row holds for the abdominal goal"
    assert graph.call(Trigger, topics.EXAM_STOP, Trigger.Request()).success
    graph.wait(
        lambda: states[-1][0] == "OPERATOR_STOPPED" and force[-1] < CONTACT_N, 30.0, "the stopped exam, off the skin"
    )
    assert graph.call(Trigger, topics.EXAM_RESUME, Trigger.Request()).success
    graph.wait(lambda: force[-1] > PRESSES_N, 150.0, "contact after the exam was resumed")

    # The safety stop latches; in contact nobody can reset it, and the exam waits for a person.
    assert graph.call(Trigger, topics.SAFETY_STOP, Trigger.Request()).success
    graph.wait(lambda: safety[-1][0] == SafetyState.MODE_STOPPED, 10.0, "the safety stop")
    assert "OPERATOR_STOP" in safety[-1][1]
    graph.wait(lambda: states[-1][0] == "SAFETY_STOPPED", 10.0, "an exam that knows it")
    assert not graph.call(ResetSafety, topics.RESET_SAFETY, ResetSafety.Request(operator_name=" ")).success
    assert graph.call(ResetSafety, topics.RESET_SAFETY, ResetSafety.Request(operator_name="test")).success
    heard = len(safety)
    graph.wait(lambda: len(safety) > heard + 20, 10.0, "more of safety")
    assert safety[-1][0] == SafetyState.MODE_STOPPED, "a reset in contact is refused"
    assert "OPERATOR_STOP (operator pressed stop, hazard 18)" in (graph.folder / "safety.log").read_text()

    # An operator has the probe lifted off; then a reset is taken, and the exam goes on when asked.
    assert not graph.call(ResetSafety, topics.SAFETY_LIFT_OFF, ResetSafety.Request(operator_name="")).success
    assert graph.call(ResetSafety, topics.SAFETY_LIFT_OFF, ResetSafety.Request(operator_name="test")).success
    graph.wait(lambda: force[-1] < CONTACT_N, 20.0, "a probe off the skin")
    graph.wait(lambda: safety[-1][0] == SafetyState.MODE_STOPPED, 20.0, "the end of the way")
    assert graph.call(ResetSafety, topics.RESET_SAFETY, ResetSafety.Request(operator_name="test")).success
    graph.wait(lambda: safety[-1][0] == SafetyState.MODE_OK, 10.0, "the reset")
    assert not graph.call(ResetSafety, topics.SAFETY_LIFT_OFF, ResetSafety.Request(operator_name="test")).success
    assert states[-1][0] == "SAFETY_STOPPED", "nothing goes on by itself"
    sent = len(twists)
    assert graph.call(Trigger, topics.EXAM_RESUME, Trigger.Request()).success
    graph.wait(
        lambda: states[-1][0] not in ("SAFETY_STOPPED", "RETREAT") and len(twists) > sent, 60.0, "the exam again"
    )

    # A second commander is seen by its publisher alone, and nothing moves for either of them.
    graph.node.create_publisher(ProbeCommand, topics.CONTROL_COMMAND, qos.COMMAND)
    graph.wait(lambda: "COMMANDERS" in safety[-1][1], 20.0, "safety that counts commanders")
    heard = len(safety)
    graph.wait(lambda: len(safety) > heard + 5, 10.0, "more of safety")
    sent, heard = len(twists), len(safety)
    graph.wait(lambda: len(safety) > heard + 20, 10.0, "more of safety")
    assert len(twists) == sent, "no twist leaves while stopped"
    graph.wait(handle.cancel_goal_async().done, 20.0, "acceptance of the cancel")
    graph.wait(ended.done, 30.0, "the end of the exam")
    assert ended.result().status == GoalStatus.STATUS_CANCELED
    assert not graph.call(Trigger, topics.EXAM_SKIP, Trigger.Request()).success, "no exam is running any more"
