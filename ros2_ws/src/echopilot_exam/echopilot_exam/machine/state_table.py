"""The exam's state machine as one table: handler, deadline and following states of every state."""

from collections.abc import Callable
from dataclasses import dataclass
from math import inf

from echopilot_core import ControlPhase, ControlStatus, ExamPhase
from echopilot_exam.machine import handlers
from echopilot_exam.machine.handlers import Handler
from echopilot_exam.machine.progress import RETREAT_LIMIT_S
from echopilot_exam.measure.heart_rate import MIN_RECORD_S
from echopilot_exam.protocol.step import Step

P = ExamPhase

ACQUIRE_MARGIN_S = 5.0
"""The controller ends a goal at the step's timeout; the exam ends it this much later by itself."""


@dataclass(frozen=True)
class StateRow:
    """A row of the table.

    `deadline_s` gives the longest time in the state, from the step; `next` are the states that follow, and `late` those
    that follow when the deadline passes (RETREAT leads on to the step's next attempt, the next step or ABORTED).
    """

    handler: Handler
    deadline_s: Callable[[Step], float]
    next: tuple[ExamPhase, ...]
    late: tuple[ExamPhase, ...] = ()


def _within(seconds: float) -> Callable[[Step], float]:
    return lambda step: seconds


def _step_time(step: Step) -> float:
    return step.timeout_s + ACQUIRE_MARGIN_S


def _record_time(step: Step) -> float:
    return max(step.record_s, MIN_RECORD_S)


STATES = {
    P.IDLE: StateRow(handlers.start, _within(inf), (P.PREPARE,)),
    P.PREPARE: StateRow(handlers.prepare, _within(15.0), (P.SEARCH, P.SWEEP), late=(P.RETREAT, P.ABORTED)),
    P.SEARCH: StateRow(
        handlers.acquire, _step_time, (P.RECORD, P.RETREAT, P.VIEW_NOT_FOUND), late=(P.RETREAT, P.VIEW_NOT_FOUND)
    ),
    P.RECORD: StateRow(handlers.record, _record_time, (P.MEASURE,), late=(P.MEASURE,)),
    P.SWEEP: StateRow(handlers.sweep, _step_time, (P.MEASURE,), late=(P.MEASURE,)),
    P.MEASURE: StateRow(handlers.measure, _within(inf), (P.PREPARE, P.RETREAT, P.VIEW_NOT_FOUND)),
    P.VIEW_NOT_FOUND: StateRow(handlers.give_up_view, _within(inf), (P.RETREAT,)),
    P.RETREAT: StateRow(
        handlers.retreat, _within(RETREAT_LIMIT_S), (P.PREPARE, P.DONE, P.ABORTED), late=(P.PREPARE, P.DONE, P.ABORTED)
    ),
    P.SAFETY_STOPPED: StateRow(handlers.wait_for_operator, _within(60.0), (P.RETREAT,), late=(P.RETREAT, P.ABORTED)),
    P.OPERATOR_STOPPED: StateRow(handlers.wait_for_operator, _within(600.0), (P.RETREAT,), late=(P.RETREAT, P.ABORTED)),
}
"""Every state but the two TERMINAL ones. MEASURE and VIEW_NOT_FOUND last one tick.

Operator, latched stops and lasting faults interrupt the states (ExamMachine). SEARCH stands for the whole acquisition
of a view, during which the phase of the controller is published (`acquisition_phase`).
"""

CONTROLLER_PHASES = {
    ControlPhase.APPROACH: P.APPROACH,
    ControlPhase.TOUCH: P.TOUCH,
    ControlPhase.COUPLE: P.COUPLE,
    ControlPhase.SEARCH: P.SEARCH,
    ControlPhase.REFINE: P.REFINE,
    ControlPhase.HOLD: P.HOLD,
    ControlPhase.SWEEP: P.SWEEP,
    ControlPhase.RECOVER: P.CONTACT_LOST,
}


def acquisition_phase(step: Step, goal_id: int, status: ControlStatus | None) -> ExamPhase:
    """The phase that is published while a view is acquired.

    Args:
        step: of the protocol.
        goal_id: of the goal in force.
        status: newest of the controller; until it answers the goal, the exam still prepares.
    """
    if status is None or status.goal_id != goal_id:
        return P.PREPARE
    if step.by_hand or (step.guided and status.phase is ControlPhase.HOLD):
        return P.GUIDED
    return CONTROLLER_PHASES.get(status.phase, P.PREPARE)
