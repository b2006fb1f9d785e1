"""Guided and hand-held steps in the exam machine: they wait for people, and never for ever."""

from pathlib import Path

from exam_world import World

from echopilot_core import GoalKind, Outcome, View
from echopilot_exam.machine.machine import ExamMachine, ExamPhase, OperatorRequest
from echopilot_exam.protocol.protocol import load_protocol

GUIDED = str(Path(__file__).with_name("guided.yaml"))


def new_world() -> World:
    return World(ExamMachine(load_protocol(GUIDED), "P-test"))


def run_to(world: World, phase: ExamPhase, step_index: int, limit_s: float = 300.0):
    while True:
        output = world.tick()
        if output.state.phase is phase and output.state.step_index == step_index:
            return output
        assert world.now_ns < limit_s * 1e9, f"never came to {phase}, stuck in {output.state.phase}"


def test_a_guided_step_waits_until_the_gate_passes_then_records_by_itself() -> None:
    world = new_world()
    world.good = False
    output = run_to(world, ExamPhase.GUIDED, 0)
    assert output.goal.kind is GoalKind.HOLD and output.goal.view is View.PLAX
    for _ in range(500):  # 25 s: three times what an autonomous hold may take
        assert world.tick().state.phase is ExamPhase.GUIDED
    world.good = True
    assert "move the probe" in world.tick().state.waiting_for
    output = run_to(world, ExamPhase.RECORD, 0)
    assert "hold the breath" in output.state.waiting_for


def test_a_view_held_by_hand_is_recorded_on_request_and_gives_no_number() -> None:
    world = new_world()
    output = run_to(world, ExamPhase.GUIDED, 1)
    assert output.goal.kind is GoalKind.IDLE, "the arm stays away"
    for _ in range(100):
        assert world.tick().state.phase is ExamPhase.GUIDED
    world.request = OperatorRequest.RESUME
    assert world.tick().state.phase is ExamPhase.RECORD
    outputs = world.run()
    results = outputs[-1].state.results
    assert [r.accepted for r in results] == [True, True, True]
    assert results[1].detail.startswith("Suprasternal arch; ")
    assert not any(m.view is View.NONE for o in outputs for m in o.new_measurements)


def test_without_an_operator_a_guided_exam_ends() -> None:
    world = new_world()
    world.good = False
    outputs = world.run(400.0)
    results = outputs[-1].state.results
    assert outputs[-1].state.phase is ExamPhase.DONE
    assert [r.outcome for r in results] == [Outcome.NOT_FOUND] * 3
    assert all("nobody" in r.detail for r in results[:2])


def test_a_guided_step_can_be_skipped_stopped_and_resumed() -> None:
    world = new_world()
    world.good = False
    run_to(world, ExamPhase.GUIDED, 0)
    world.request = OperatorRequest.STOP
    run_to(world, ExamPhase.OPERATOR_STOPPED, 0)
    world.request = OperatorRequest.RESUME
    run_to(world, ExamPhase.GUIDED, 0)
    world.request = OperatorRequest.SKIP
    output = run_to(world, ExamPhase.GUIDED, 1)
    assert output.state.results[0].outcome is Outcome.PREEMPTED
