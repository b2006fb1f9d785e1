"""A process that dies in contact leaves the patient safe within 100 ms: compliant hold or retract, no hard push."""

import json
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from echopilot_msgs.action import RunExam
from echopilot_msgs.msg import RobotState, SafetyState, SimTruth

from echopilot_nodes.graph import qos, topics

CONTACT_N = 3.0
WITHOUT = {
    "perception": {"robot", "controller", "exam"},
    "controller": {"safety", "exam"},
    "safety": {"robot", "exam"},
    "exam": set[str](),  # nobody is left to count
    "lifecycle_manager": set[str](),
}
"""Which nodes go on without the victim, and are counted in the record."""
SAFE_MODES = {RobotState.MODE_COMPLIANT_HOLD, RobotState.MODE_RETRACT}
WITHIN_TICKS = 10
SETTLE_TICKS = 200
DRAIN_S = 0.3


@pytest.mark.timeout(500)
@pytest.mark.parametrize("victim", ["perception", "controller", "safety", "exam", "lifecycle_manager"])
def test_a_killed_process_leads_to_a_compliant_hold(
    victim: str,
    make_graph: Callable[..., Any],
    model: Path | None,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    graph = make_graph()
    graph.start_exam_graph(model, peer_timeout_s=2.0, frame_hz=10.0)
    robot = graph.listen(
        RobotState, topics.ROBOT_STATE, qos.STATE_RECORDED, lambda m: (m.sequence, m.mode, -m.measured_cf.force.z)
    )
    safety = graph.listen(SafetyState, topics.SAFETY_STATE, qos.STATE, lambda m: (m.mode, tuple(m.reasons)))
    # The listener stands in for the scorer here: it has to know the true force.
    truth = graph.listen(
        SimTruth, topics.SIM_TRUTH_FRAME, qos.EVENTS, lambda m: (m.peak_normal_force, m.limit_crossings)
    )
    goal = RunExam.Goal(protocol="aorta", patient_pseudonym="test", out_folder=str(tmp_path / "record"))
    assert graph.action(RunExam, topics.EXAM_RUN, goal).accepted

    graph.wait(lambda: bool(robot) and robot[-1][2] > CONTACT_N, 240.0, "contact")
    killed_at = kill_between_ticks(graph, victim, robot)

    def held_at() -> int | None:
        return next((tick for tick, mode, _ in robot if tick > killed_at and mode in SAFE_MODES), None)

    graph.wait(lambda: held_at() is not None, 90.0, f"a compliant arm after {victim} was killed")
    ticks = (held_at() or 0) - killed_at
    graph.wait(lambda: robot[-1][0] > killed_at + SETTLE_TICKS, 60.0, "two simulated seconds more")
    peak_n, crossings = truth[-1]
    with capsys.disabled():
        print(f"\nkill -9 {victim}: compliant after {10 * ticks} ms, {safety[-1][1]}, peak {peak_n:.1f} N", end="")
    assert ticks <= WITHIN_TICKS
    assert crossings == 0 and peak_n < 20.0
    if victim in ("controller", "safety"):  # nobody can command any more: the arm's own hold, to the end
        assert robot[-1][1] in SAFE_MODES
    else:  # the dead one did not come back: latched, off the skin unless the controller fell silent with it
        stopped = victim == "exam" and "HEARTBEAT_LOST" in safety[-1][1]
        wanted = SafetyState.MODE_STOPPED if stopped else SafetyState.MODE_RETRACT
        assert safety[-1][0] == wanted and "NODE_GONE" in safety[-1][1]
    lockstep = json.loads((tmp_path / "record" / "exam.json").read_text())["lockstep"]
    assert set(lockstep["by_node"]) <= WITHOUT[victim] and lockstep["breaks"] == sum(lockstep["by_node"].values())
    assert bool(lockstep["breaks"]) is (victim in ("perception", "controller", "safety")), lockstep
    if victim != "safety":
        assert "NODE_LOST" in (graph.folder / "safety.log").read_text()


def kill_between_ticks(graph: Any, victim: str, robot: list[tuple[int, int, float]]) -> int:
    """SIGKILL while the simulator stands still, so that the last tick heard is the moment of death."""
    simulator = graph.processes["simulator"].pid
    os.kill(simulator, signal.SIGSTOP)
    try:
        until = time.monotonic() + DRAIN_S
        while time.monotonic() < until:
            graph.executor.spin_once(timeout_sec=0.05)
        graph.kill(victim)
    finally:
        os.kill(simulator, signal.SIGCONT)
    return robot[-1][0]
