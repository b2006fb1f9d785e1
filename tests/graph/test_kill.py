"""A node that dies in contact leaves the patient safe: compliant hold or retract, never a hard push."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from echopilot_msgs.action import RunExam
from echopilot_msgs.msg import ControlStatus, RobotState, SafetyState, SimTruth

from echopilot_nodes import names, qos

CONTACT_N = 3.0
SAFE_MODES = {RobotState.MODE_COMPLIANT_HOLD, RobotState.MODE_RETRACT}
SETTLE_TICKS = 200


@pytest.mark.timeout(240)
@pytest.mark.parametrize("victim", ["perception", "controller", "exam", "safety"])
def test_a_killed_node_leads_to_hold_or_retract(
    victim: str, make_graph: Callable[..., Any], model: Path | None, tmp_path: Path
) -> None:
    graph = make_graph()
    graph.start_exam_graph(model, peer_timeout_s=0.5)
    robot = graph.listen(RobotState, names.ROBOT_STATE, qos.STATE, lambda m: (m.tick, m.mode, -m.wrench.force.z))
    status = graph.listen(ControlStatus, names.CONTROL_STATUS, qos.STATE, lambda m: (m.tick, m.phase))
    graph.listen(SafetyState, names.SAFETY_STATE, qos.STATE, lambda m: (m.mode, tuple(m.reasons)))
    # The listener stands in for the scorer here: it has to know the true force.
    truth = graph.listen(
        SimTruth, names.SIM_TRUTH_FRAME, qos.EVENTS, lambda m: (m.peak_normal_force, m.limit_crossings)
    )
    goal = RunExam.Goal(protocol="aorta", patient_pseudonym="test", out_folder=str(tmp_path / "record"))
    assert graph.action(RunExam, names.EXAM_RUN, goal).accepted

    graph.wait(lambda: bool(robot) and robot[-1][2] > CONTACT_N, 90.0, "contact")
    graph.kill(victim)
    killed_at = robot[-1][0]

    def is_safe() -> bool:
        held = any(tick > killed_at and mode in SAFE_MODES for tick, mode, _ in robot)
        left = any(tick > killed_at and phase == ControlStatus.PHASE_RETREAT for tick, phase in status)
        return held or left

    graph.wait(is_safe, 90.0, f"a safe arm after {victim} was killed")
    safe_at = robot[-1][0]
    graph.wait(lambda: robot[-1][0] > safe_at + SETTLE_TICKS, 60.0, "two simulated seconds more")
    peak_n, crossings = truth[-1]
    assert crossings == 0
    assert peak_n < 20.0
    if victim in ("controller", "safety"):  # nobody can command any more: the arm's own hold
        assert robot[-1][1] in SAFE_MODES
