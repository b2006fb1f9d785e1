"""Properties of the exam's state table: complete, and the only way from state to state besides interruptions."""

import random

from exam_world import TICK_NS, World
from test_machine import GUIDED, random_inputs

from echopilot_core import ControlGoal, ExamPhase, GoalKind, SafetyMode
from echopilot_exam.machine.faults import FAULT_LIMIT_S
from echopilot_exam.machine.machine import IN_CONTACT, ExamMachine, OperatorRequest
from echopilot_exam.machine.progress import STOPPED
from echopilot_exam.machine.state_table import CONTROLLER_PHASES, STATES
from echopilot_exam.machine.states import TERMINAL
from echopilot_exam.protocol.protocol import load_protocol

INTERRUPTIONS = {
    ExamPhase.SAFETY_STOPPED: frozenset(STATES) - {ExamPhase.IDLE, ExamPhase.SAFETY_STOPPED},
    ExamPhase.OPERATOR_STOPPED: frozenset(STATES) - STOPPED - {ExamPhase.IDLE},
    ExamPhase.RETREAT: frozenset(STATES) - {ExamPhase.IDLE, ExamPhase.RETREAT},  # ABORT, SKIP, a lasting fault
    ExamPhase.ABORTED: frozenset(STATES) - {ExamPhase.IDLE},  # ABORT while the arm is stopped, a silent controller
    ExamPhase.MEASURE: frozenset({ExamPhase.SWEEP}),  # a lasting fault in a sweep that has tracked sections
    ExamPhase.VIEW_NOT_FOUND: frozenset({ExamPhase.SEARCH, ExamPhase.RECORD}),  # a lasting fault, the last attempt
}


def transitions(machine: ExamMachine, world: World | None, rng: random.Random) -> set[tuple[ExamPhase, ExamPhase]]:
    """Changes of state in one exam with random faults and requests, or (without a world) with random inputs."""
    found: set[tuple[ExamPhase, ExamPhase]] = set()
    goal = ControlGoal(0, GoalKind.IDLE)
    for sequence in range(rng.randrange(500, 2500)):
        before = machine._exam.state
        if world is None:
            output = machine.step(random_inputs(rng, sequence * TICK_NS, sequence, goal))
        else:
            if rng.random() < 0.004:
                world.blind, world.silent = rng.random() < 0.3, rng.random() < 0.1
                world.good, world.found = rng.random() < 0.7, rng.random() < 0.7
                world.mode = SafetyMode.OK if rng.random() < 0.8 else rng.choice(list(SafetyMode))
            if rng.random() < 0.004:
                world.request = rng.choice([OperatorRequest.STOP, OperatorRequest.RESUME, OperatorRequest.SKIP])
            output = world.tick()
        goal = output.goal
        if machine._exam.state is not before:
            found.add((before, machine._exam.state))
        if output.done:
            break
    return found


def test_random_exams_change_state_only_as_the_table_says() -> None:
    seed = 20261129
    print(f"seed {seed}")
    rng = random.Random(seed)
    found: set[tuple[ExamPhase, ExamPhase]] = set()
    for run in range(60):
        machine = ExamMachine(load_protocol(rng.choice(["aorta", "full", GUIDED])), "P-test")
        found |= transitions(machine, World(machine) if run % 4 else None, rng)
    for before, after in found:
        row = STATES[before]
        named = after in (*row.next, *row.late) or before in INTERRUPTIONS.get(after, ())
        assert named, f"{before.name} went on to {after.name}, which its row does not name"
    assert {before for before, _ in found} == set(STATES), "states were never left"


def test_every_state_has_a_row_and_a_deadline_leads_somewhere() -> None:
    published = set(STATES) | TERMINAL | set(FAULT_LIMIT_S) | set(CONTROLLER_PHASES.values()) | {ExamPhase.GUIDED}
    assert published == set(ExamPhase)
    for protocol in ("aorta", "cardiac", "full", GUIDED):
        for step in load_protocol(protocol).steps:
            for state, row in STATES.items():
                assert row.next and {*row.next, *row.late} <= set(STATES) | TERMINAL
                assert bool(row.late) == (row.deadline_s(step) < 1e6), f"{state.name}: deadline and late states differ"
    assert all(STATES[state].late for state in IN_CONTACT)
