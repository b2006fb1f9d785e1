"""Properties of the exam machine: a normal exam, and no dead end from any state."""

import random
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from exam_world import TICK_NS, World, make_robot, make_seen, make_status, safety

from echopilot_core import (
    CaliperConvention,
    ControlGoal,
    ControlPhase,
    GateStatus,
    GoalKind,
    MeasurementName,
    Outcome,
    SafetyMode,
    View,
)
from echopilot_exam.machine.machine import ExamInputs, ExamMachine, ExamOutput, ExamPhase, OperatorRequest
from echopilot_exam.machine.states import TERMINAL
from echopilot_exam.protocol.protocol import load_protocol
from echopilot_exam.protocol.step import StepKind

A4C_ONLY, GUIDED = (str(Path(__file__).with_name(name)) for name in ("a4c.yaml", "guided.yaml"))


def new_world(protocol: str = "full", **options: float) -> World:
    return World(ExamMachine(load_protocol(protocol), "P-test"), **options)


def phases(outputs: list[ExamOutput]) -> list[ExamPhase]:
    return [output.state.phase for output in outputs]


def advance_to(world: World, phase: ExamPhase, limit_s: float = 200.0) -> None:
    while world.tick().state.phase is not phase:
        assert world.now_ns < limit_s * 1e9, f"never came to {phase}"


def test_full_exam_visits_every_step_and_measures_what_is_there() -> None:
    outputs = new_world(widest_m=0.034, fraction=0.6).run()
    visited = phases(outputs)
    for phase in ("PREPARE", "APPROACH", "TOUCH", "COUPLE", "SEARCH", "HOLD", "RECORD", "MEASURE", "SWEEP", "RETREAT"):
        assert ExamPhase[phase] in visited
    assert visited[0] is ExamPhase.IDLE
    assert visited[-1] is ExamPhase.DONE
    results = outputs[-1].state.results
    assert [(r.view, r.kind, r.accepted) for r in results] == [
        (View.A4C, StepKind.ACQUIRE, True),
        (View.AORTA_TRANS, StepKind.ACQUIRE, True),
        (View.AORTA_TRANS, StepKind.SWEEP, True),
    ]
    numbers = {m.name: m for o in outputs for m in o.new_measurements}
    assert numbers[MeasurementName.EF_SINGLE_PLANE_A4C].value == pytest.approx(0.6, abs=0.04)
    widest = numbers[MeasurementName.AORTA_MAX_OUTER_AP]
    assert widest.value == pytest.approx(0.034, abs=0.001)
    assert widest.convention is CaliperConvention.OUTER_TO_OUTER
    assert widest.gate is GateStatus.PASSED and widest.frame_sequences
    assert [f.kind.name for o in outputs for f in o.new_findings] == ["ANEURYSM_ABDOMINAL"]


def test_sweep_starts_without_leaving_the_skin() -> None:
    outputs = new_world("aorta").run()
    kinds = list(dict.fromkeys(output.goal.kind for output in outputs))
    assert kinds == [GoalKind.IDLE, GoalKind.ACQUIRE_VIEW, GoalKind.SWEEP, GoalKind.RETREAT]


def test_goal_ids_only_grow_and_change_with_every_goal() -> None:
    outputs = new_world().run()
    goals = [output.goal for output in outputs]
    for before, after in pairwise(goals):
        assert after.goal_id >= before.goal_id
        assert (after.goal_id == before.goal_id) == (after == before)


def test_refused_gate_gives_no_number() -> None:
    world = new_world(A4C_ONLY)
    world.good = False
    outputs = world.run()
    assert not any(output.new_measurements or output.new_findings for output in outputs)
    result = outputs[-1].state.results[0]
    assert not result.accepted and "quality" in result.detail
    assert ExamPhase.VIEW_NOT_FOUND in phases(outputs)


def test_view_that_turns_bad_while_recording_gives_no_number() -> None:
    world = new_world(A4C_ONLY)
    advance_to(world, ExamPhase.RECORD)
    world.good = False
    outputs = world.run()
    assert not any(output.new_measurements for output in outputs)
    assert not outputs[-1].state.results[0].accepted


def test_a_recording_that_turns_bad_is_made_again() -> None:
    world = new_world(A4C_ONLY)
    advance_to(world, ExamPhase.RECORD)
    world.good = False
    advance_to(world, ExamPhase.RETREAT)
    world.good = True
    outputs = world.run()
    assert outputs[-1].state.attempt == 1 and max(o.state.attempt for o in outputs) == 2
    (result,) = outputs[-1].state.results
    assert result.accepted


def test_a_view_is_held_though_the_controller_waits_for_an_image_again_and_again() -> None:
    world = new_world(A4C_ONLY)
    world.stutters = True
    outputs = world.run()
    assert ExamPhase.CONTACT_LOST in phases(outputs)
    (result,) = outputs[-1].state.results
    assert result.accepted and max(o.state.attempt for o in outputs) == 1


def test_a_stop_in_any_step_comes_back_to_that_step() -> None:
    seed = 7
    print(f"seed {seed}")
    rng = random.Random(seed)
    world = new_world("cardiac")
    for index in range(5):
        for _ in range(rng.randrange(20, 90)):
            world.tick()
        while world.tick().state.step_index < index:
            pass
        world.request = OperatorRequest.STOP
        advance_to(world, ExamPhase.OPERATOR_STOPPED, 1000.0)
        for _ in range(100):
            assert world.tick().state.step_index == index
        world.request = OperatorRequest.RESUME
        assert world.tick().state.step_index == index
    results = world.run()[-1].state.results
    assert [r.view for r in results] == [View.PLAX, View.PSAX_PM, View.A4C, View.A2C, View.SC4C]
    assert all(r.accepted for r in results)
    assert all(r.seconds < 30.0 for r in results), "the pause counts as work"


def test_view_not_found_is_tried_again_with_more_force_then_next_step() -> None:
    world = new_world("full")
    world.found = False
    outputs = world.run()
    asked = [o.goal for o in outputs if o.goal.kind is GoalKind.ACQUIRE_VIEW]
    forces = list(dict.fromkeys((g.view, g.force_setpoint_n) for g in asked))
    assert forces == [(View.A4C, 5.0), (View.A4C, 6.0), (View.AORTA_TRANS, 8.0), (View.AORTA_TRANS, 9.0)]
    assert outputs[-1].state.phase is ExamPhase.DONE
    assert not any(r.accepted for r in outputs[-1].state.results)
    assert outputs[-1].state.results[2].detail.startswith("not started")


def test_stale_images_are_named_and_recovered_from() -> None:
    world = new_world(A4C_ONLY)
    advance_to(world, ExamPhase.SEARCH)
    world.blind = True
    advance_to(world, ExamPhase.IMAGE_STALE)
    world.blind = False
    outputs = world.run()
    assert outputs[-1].state.phase is ExamPhase.DONE
    assert outputs[-1].state.results[0].accepted


def test_images_that_never_return_end_the_exam() -> None:
    world = new_world(A4C_ONLY)
    advance_to(world, ExamPhase.RECORD)
    world.blind = True
    outputs = world.run()
    assert outputs[-1].state.phase is ExamPhase.ABORTED
    assert ExamPhase.RETREAT in phases(outputs)


def test_silent_controller_is_named_and_ends_the_exam() -> None:
    world = new_world(A4C_ONLY)
    advance_to(world, ExamPhase.SEARCH)
    world.silent = True
    outputs = world.run()
    assert ExamPhase.CONTROLLER_SILENT in phases(outputs)
    assert outputs[-1].state.phase is ExamPhase.ABORTED
    assert outputs[-1].goal.kind is GoalKind.RETREAT


def test_safety_hold_passes_and_the_exam_goes_on() -> None:
    world = new_world(A4C_ONLY)
    advance_to(world, ExamPhase.SEARCH)
    world.mode = SafetyMode.HOLD
    advance_to(world, ExamPhase.SAFETY_HOLD)
    world.mode = SafetyMode.OK
    assert world.run()[-1].state.phase is ExamPhase.DONE


@pytest.mark.parametrize("mode", [SafetyMode.RETRACT, SafetyMode.STOPPED])
def test_latched_stop_waits_for_reset_and_resume(mode: SafetyMode) -> None:
    world = new_world(A4C_ONLY)
    advance_to(world, ExamPhase.SEARCH)
    world.mode = mode
    advance_to(world, ExamPhase.SAFETY_STOPPED)
    world.request = OperatorRequest.RESUME
    assert world.tick().state.phase is ExamPhase.SAFETY_STOPPED, "resumed while safety is latched"
    world.mode = SafetyMode.OK
    assert world.tick().state.phase is ExamPhase.SAFETY_STOPPED, "resumed by itself"
    world.request = OperatorRequest.RESUME
    assert world.tick().state.phase is ExamPhase.RETREAT
    assert world.run()[-1].state.phase is ExamPhase.DONE


def test_latched_stop_that_nobody_resets_ends_the_exam() -> None:
    world = new_world(A4C_ONLY)
    advance_to(world, ExamPhase.RECORD)
    world.mode = SafetyMode.STOPPED
    assert world.run()[-1].state.phase is ExamPhase.ABORTED


def test_operator_stop_resume_and_skip() -> None:
    world = new_world("full")
    advance_to(world, ExamPhase.SEARCH)
    world.request = OperatorRequest.STOP
    advance_to(world, ExamPhase.OPERATOR_STOPPED)
    assert world.machine.step(world.last_inputs).goal.kind is GoalKind.RETREAT  # type: ignore[arg-type]
    world.request = OperatorRequest.RESUME
    advance_to(world, ExamPhase.SEARCH)
    world.request = OperatorRequest.SKIP
    outputs = world.run()
    results = outputs[-1].state.results
    assert results[0].outcome is Outcome.PREEMPTED and not results[0].accepted
    assert results[2].accepted


def test_abort_leaves_the_skin_first() -> None:
    world = new_world("full")
    advance_to(world, ExamPhase.SWEEP)
    world.request = OperatorRequest.ABORT
    outputs = world.run()
    assert list(dict.fromkeys(phases(outputs))) == [ExamPhase.RETREAT, ExamPhase.ABORTED]


def test_same_inputs_give_the_same_outputs() -> None:
    first, second = new_world("full").run(), new_world("full").run()
    assert [o.state for o in first] == [o.state for o in second]
    assert [o.new_measurements for o in first] == [o.new_measurements for o in second]


def random_inputs(rng: random.Random, now_ns: int, sequence: int, goal: ControlGoal) -> ExamInputs:
    """Anything a tick may bring, also what should not happen."""
    robot = make_robot(now_ns, rng.choice([0.0, 5.0, float("nan")] if rng.random() < 0.02 else [0.0, 5.0]))
    status = None
    if rng.random() < 0.97:
        kind = goal if rng.random() < 0.95 else ControlGoal(goal.goal_id - 1, GoalKind.IDLE)
        age_ns = 0 if rng.random() < 0.95 else 2_000_000_000
        outcome = Outcome.RUNNING if rng.random() < 0.97 else rng.choice(list(Outcome))
        phase = rng.choice([ControlPhase.HOLD, ControlPhase.SWEEP, *ControlPhase])
        status = make_status(now_ns - age_ns, kind, phase, outcome, 5.0)
    mode = SafetyMode.OK if rng.random() < 0.98 else rng.choice(list(SafetyMode))
    request = OperatorRequest.NONE if rng.random() < 0.98 else rng.choice(list(OperatorRequest))
    seen = ()
    if rng.random() < 0.9:
        view = goal.view if goal.view is not View.NONE else View.AORTA_TRANS
        seen = (make_seen(sequence, now_ns - 60_000_000, view, good=rng.random() < 0.9),)
    return ExamInputs(now_ns, robot, status, safety(mode, now_ns) if rng.random() < 0.99 else None, seen, request)


def random_walk(machine: ExamMachine, rng: random.Random, visited: set[ExamPhase]) -> tuple[int, ExamOutput]:
    """Wild inputs, each independent of the last."""
    now_ns, goal = 0, ControlGoal(0, GoalKind.IDLE)
    for sequence in range(rng.randrange(5, 300)):
        output = machine.step(random_inputs(rng, now_ns, sequence, goal))
        goal = output.goal
        visited.add(output.state.phase)
        if output.done:
            break
        now_ns += TICK_NS
    return now_ns, output


def faulty_exam(machine: ExamMachine, rng: random.Random, visited: set[ExamPhase]) -> tuple[int, ExamOutput]:
    """A working world in which faults come and go."""
    world = World(machine)
    for _ in range(rng.randrange(100, 1500)):
        if rng.random() < 0.004:
            world.blind, world.silent = rng.random() < 0.3, rng.random() < 0.2
            world.good, world.found = rng.random() < 0.7, rng.random() < 0.7
            world.mode = SafetyMode.OK if rng.random() < 0.7 else rng.choice(list(SafetyMode))
        if rng.random() < 0.003:
            world.request = rng.choice([r for r in OperatorRequest if r is not OperatorRequest.ABORT])
        output = world.tick()
        visited.add(output.state.phase)
        if output.done:
            break
    return world.now_ns, output


@pytest.mark.parametrize("mode", [SafetyMode.OK, SafetyMode.HOLD, SafetyMode.STOPPED])
def test_no_dead_end_from_any_state_reached_by_random_inputs(mode: SafetyMode) -> None:
    """From wherever chance leads, a dead world without an operator ends the exam within its deadlines."""
    seed = 20261123
    print(f"seed {seed}")
    rng = random.Random(seed)
    visited: set[ExamPhase] = set()
    left_from: set[ExamPhase] = set()
    for run in range(45):
        machine = ExamMachine(load_protocol(rng.choice(["aorta", "cardiac", "full", GUIDED])), "P-test")
        now_ns, output = (random_walk if run % 3 == 0 else faulty_exam)(machine, rng, visited)
        left_from.add(output.state.phase)
        last = make_status(now_ns, output.goal, ControlPhase.SEARCH, Outcome.RUNNING, 5.0)
        for _ in range(4000):  # 1000 s at 4 Hz
            now_ns += 5 * TICK_NS
            output = machine.step(ExamInputs(now_ns, make_robot(now_ns, 5.0), last, safety(mode, now_ns)))
            visited.add(output.state.phase)
            if output.done:
                break
        assert output.done, f"dead end in {output.state.phase}"
    missing = set(ExamPhase) - visited
    assert not missing, f"random inputs never led to {missing}"
    assert len(left_from - TERMINAL) >= 4, f"the dead world began only in {left_from}"


def test_broken_pose_is_not_used() -> None:
    machine = ExamMachine(load_protocol("aorta"), "P-test")
    robot = make_robot(0)
    broken = type(robot)(**{**robot.__dict__, "T_base_probe": np.full((4, 4), np.nan)})
    output = machine.step(ExamInputs(0, broken, None, None))
    assert output.state.phase is ExamPhase.IDLE


def test_a_silent_safety_holds_the_exam() -> None:
    world = new_world(A4C_ONLY)
    advance_to(world, ExamPhase.SEARCH)
    assert world.last_inputs is not None
    old = world.last_inputs.safety
    inputs = world.last_inputs
    for k in range(1, 14):
        now_ns = inputs.now_ns + k * TICK_NS
        status = make_status(now_ns, world.machine._exam.goal, ControlPhase.SEARCH, Outcome.RUNNING, 5.0)
        seen = (make_seen(10_000 + k, now_ns - 60_000_000, View.A4C),)
        output = world.machine.step(ExamInputs(now_ns, make_robot(now_ns, 5.0), status, old, seen))
        silent = k * TICK_NS > 500_000_000
        assert (output.state.phase is ExamPhase.SAFETY_HOLD) == silent, k
