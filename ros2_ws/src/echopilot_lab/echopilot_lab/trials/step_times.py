"""Times of an exam step, first contact and end of the search, from the events of the record."""

from dataclasses import dataclass
from itertools import zip_longest

from echopilot_core import ExamPhase
from echopilot_exam.machine.states import VIEW_CONTACT_PHASES, VIEW_PHASES
from echopilot_exam.record import ExamRecord


@dataclass(frozen=True)
class StepTimes:
    """Stamps [ns] of the first contact and of the end of the last look, None without; all named states.

    `trip` says why safety stopped the step, empty where it did not.
    """

    contact_ns: int | None
    looked_ns: int | None
    states: frozenset[ExamPhase]
    trip: str = ""


def step_times(record: ExamRecord, step_index: int) -> StepTimes:
    """Times of one step of the protocol, over all its attempts."""
    contact_ns = looked_ns = None
    states, trip = set(), ""
    for event, following in zip_longest(record.events, record.events[1:]):
        if event.step_index != step_index:
            continue
        states.add(event.state)
        if event.state in VIEW_CONTACT_PHASES and contact_ns is None:
            contact_ns = event.stamp_ns
        if event.state in VIEW_PHASES:
            looked_ns = following.stamp_ns if following else record.updated_ns
        if event.state is ExamPhase.SAFETY_STOPPED:
            trip = trip or event.message
    return StepTimes(contact_ns, looked_ns, frozenset(states), trip)
