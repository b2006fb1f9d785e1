"""What safety learns from other nodes: joint limits and the row of the limits; and what an operator asks of an exam."""

from pathlib import Path

import pytest

pytest.importorskip("echopilot_msgs.msg", reason="needs the built messages")

from echopilot_core import ControlGoal, GoalKind
from echopilot_exam.states import OperatorRequest
from echopilot_nodes.exam_goals import ExamGoals, TimedGoal
from echopilot_nodes.exam_run import ExamRun
from echopilot_nodes.joint_limits import joint_limits_rad
from echopilot_sim.anatomy import draw_patient
from echopilot_sim.description import description_file
from echopilot_sim.simulation import Simulation


def test_joint_limits_are_those_of_the_arm() -> None:
    text = description_file("urdf/echopilot_arm.urdf").read_text()
    assert joint_limits_rad(text).tolist() == Simulation(draw_patient(1)).joint_limits_rad.tolist()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "not xml",
        "<robot/>",
        '<robot><joint name="a" type="revolute"/></robot>',
        '<robot><joint name="a" type="revolute"><limit lower="1" upper="-1"/></joint></robot>',
        '<robot><joint name="a" type="revolute"><limit lower="nan" upper="1"/></joint></robot>',
    ],
)
def test_a_description_without_usable_limits_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"robot_description|joint"):
        joint_limits_rad(text)


def test_the_row_follows_a_fresh_goal_and_is_empty_otherwise() -> None:
    goals = ExamGoals()
    assert goals.fresh_preset(0) == ""
    goals.put(2, TimedGoal(100_000_000, ControlGoal(1, GoalKind.SWEEP, preset="abdomen"), True))
    goals.at(14, 140_000_000, lockstep=True)
    assert goals.fresh_preset(140_000_000) == ""  # acts from control tick 15 on
    goals.at(15, 150_000_000, lockstep=True)
    assert goals.fresh_preset(150_000_000) == "abdomen"
    assert goals.fresh_preset(500_000_000) == ""
    assert goals.fresh_preset(-500_000_000) == ""


def test_no_request_of_an_operator_is_overwritten(tmp_path: Path) -> None:
    run = ExamRun("aorta", "test", tmp_path / "record")
    for request in (OperatorRequest.STOP, OperatorRequest.RESUME):
        run.ask(request)
    assert [run.next_request() for _ in range(3)] == [
        OperatorRequest.STOP, OperatorRequest.RESUME, OperatorRequest.NONE,
    ]  # fmt: skip
    run.ask(OperatorRequest.SKIP)
    run.ask(OperatorRequest.ABORT)
    assert run.next_request() is OperatorRequest.ABORT
    run.close()
