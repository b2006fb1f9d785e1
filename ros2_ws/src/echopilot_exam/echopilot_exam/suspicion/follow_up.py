"""Second looks of a running exam: what a finding asks for next, and what became of every suspicion."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from echopilot_core import (
    ExamPhase,
    Finding,
    FindingKind,
    Measurement,
    PerceptionResult,
    Suspicion,
    SuspicionOutcome,
)
from echopilot_exam.machine.planned_step import PlannedStep
from echopilot_exam.suspicion.course import SuspicionCourse
from echopilot_exam.suspicion.places import start_of
from echopilot_exam.suspicion.reading import EndedStep, later_look, number_of_finding
from echopilot_exam.suspicion.table import LookRow
from echopilot_exam.suspicion.tracker import SuspicionTracker
from echopilot_exam.suspicion.wording import announced, outcome_text
from echopilot_perception.anomaly.thresholds import SIZES

LEAST_LOOK_S = 10.0
"""Shorter time-outs are not given to a look, whatever is left of its budget."""


@dataclass(frozen=True)
class FollowUpAnswer:
    """Steps to put into the plan, and what was found beside the step's own numbers; `message` for the operator."""

    steps: tuple[PlannedStep, ...] = ()
    measurements: tuple[Measurement, ...] = ()
    findings: tuple[Finding, ...] = ()
    message: str = ""


class FollowUp:
    """Raises suspicions at the end of steps, plans one look after the other, and settles each within its budget."""

    def __init__(self, rows: dict[FindingKind, LookRow]) -> None:
        self._rows = rows
        self._tracker = SuspicionTracker(rows)
        self._courses: list[SuspicionCourse] = []
        self._found: set[FindingKind] = set()

    @property
    def suspicions(self) -> tuple[Suspicion, ...]:
        """All of this exam, in the order in which they were raised."""
        return tuple(course.suspicion for course in self._courses)

    @property
    def scored(self) -> tuple[Finding, ...]:
        """Findings without a size in the frames of the present step."""
        return self._tracker.scored

    def begin_step(self) -> None:
        """A step or an attempt begins."""
        self._tracker.begin_step()

    def see(self, results: Iterable[PerceptionResult], state: ExamPhase) -> None:
        """Take the perception results of a tick."""
        self._tracker.see(results, state)

    def is_asked(self, kinds: Sequence[FindingKind]) -> bool:
        """Whether a step that these findings ask for is wanted: one was raised, and not withdrawn."""
        withdrawn = {s.finding.kind for s in self.suspicions if s.outcome is SuspicionOutcome.WITHDRAWN}
        return not kinds or bool(self._found.intersection(kinds) - withdrawn)

    def why_left_out(self, planned: PlannedStep, now_ns: int) -> str:
        """Why a planned step is not begun, in words; empty for one that is. A look that begins starts its budget."""
        if planned.suspicion is None:
            return "" if self.is_asked(planned.step.asked_by) else "no finding asks for it"
        course = self._courses[planned.suspicion]
        if course.closed:
            return "settled by another look"
        if course.begun_ns is None:
            course.begun_ns = now_ns
        if course.left_s(now_ns) > 0.0:
            return ""
        course.settle(course.used_up)
        return course.used_up

    def step_ended(self, ended: EndedStep, now_ns: int) -> FollowUpAnswer:
        """Take a step that has ended: settle or go on with its suspicion, raise new ones, plan their first looks."""
        answer = FollowUpAnswer()
        if ended.planned.suspicion is not None:
            answer = self._look_ended(ended.planned.suspicion, ended, now_ns)
        if ended.accepted:
            self._found.update(f.kind for f in (*ended.evaluation.findings, *ended.scored))
        steps, findings = answer.steps, answer.findings
        for suspicion in self._tracker.suspicions(ended, now_ns):
            finding = suspicion.finding
            number = number_of_finding(finding, ended.evaluation.measurements)
            course = SuspicionCourse(suspicion, self._rows[finding.kind], tuple(ended.sections), number)
            self._courses.append(course)
            findings += () if finding.kind in SIZES else (finding,)
            steps += self._next_look(len(self._courses) - 1, now_ns)
        message = answer.message or next((planned.why for planned in steps), "")
        return replace(answer, steps=steps, findings=findings, message=message)

    def close(self) -> None:
        """The exam has ended: what was not settled stays open, with the reason."""
        for course in self._courses:
            course.settle("the exam ended before it was settled")

    def _look_ended(self, index: int, ended: EndedStep, now_ns: int) -> FollowUpAnswer:
        """Give the look to its suspicion, and to all others at the same place that it serves."""
        course = self._courses[index]
        others = [c for c in self._courses if c is not course and c.shares(ended.planned.step, course.suspicion.place)]
        for taker in (course, *others):
            taker.take(later_look(taker.row, course.title, ended))
        late = course.left_s(now_ns) <= 0.0
        steps = () if late or course.is_settled else self._next_look(index, now_ns)
        if not steps:
            course.settle(course.used_up if late else "")
        for other in others:
            if other.is_settled:
                other.settle()
        done = [c for c in (course, *others) if c.closed]
        numbers = tuple(m for c in done if (m := c.confirmed_number) is not None)
        return FollowUpAnswer(steps, numbers, (), "; ".join(outcome_text(c.suspicion) for c in done))

    def _next_look(self, index: int, now_ns: int) -> tuple[PlannedStep, ...]:
        course = self._courses[index]
        step, suspicion = course.next_look(), course.suspicion
        if step is None:
            return ()
        start = start_of(step, suspicion.place, suspicion.finding.view, course.sections)
        why = announced(suspicion, step)
        within = replace(step, timeout_s=min(step.timeout_s, max(course.left_s(now_ns), LEAST_LOOK_S)))
        return (PlannedStep(within, index, start, why),)
