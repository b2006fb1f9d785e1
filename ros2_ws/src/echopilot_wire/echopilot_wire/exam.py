"""ExamState with its results per view."""

from echopilot_core import (
    ExamPhase,
    ExamStatus,
    FindingKind,
    GoalKind,
    Outcome,
    SuspicionOutcome,
    SuspicionStatus,
    View,
    ViewResult,
)
from echopilot_wire.basic import stamp_of, to_header
from echopilot_wire.control import from_goal, to_goal
from echopilot_wire.store import Message, echopilot_msgs


def to_exam_state(s: ExamStatus) -> Message:
    """The exam's state to its message."""
    return echopilot_msgs.ExamState(
        header=to_header(s.stamp_ns, "base"),
        tick=s.tick,
        active=bool(s.active),
        state=s.phase.name,
        protocol=s.protocol,
        protocol_sha256=s.protocol_sha256,
        record_folder=s.record_folder,
        steps_total=s.steps_total,
        step_index=s.step_index,
        step_kind=s.step_kind,
        step_title=s.step_title,
        attempt=s.attempt,
        view=s.view,
        waiting_for=s.waiting_for,
        progress=s.progress,
        message=s.message,
        imaging_preset=s.imaging_preset,
        goal=to_goal(s.goal),
        results=[_to_view_result(r) for r in s.results],
        suspicions=[echopilot_msgs.Suspicion(kind=x.kind, outcome=x.outcome, text=x.text) for x in s.suspicions],
        frame_sequence=s.frame_sequence,
    )


def from_exam_state(m: Message) -> ExamStatus:
    """Message to the exam's state; ValueError for an unknown enum."""
    return ExamStatus(
        stamp_ns=stamp_of(m),
        tick=m.tick,
        active=m.active,
        phase=ExamPhase.named(m.state),
        goal=from_goal(m.goal),
        protocol=m.protocol,
        protocol_sha256=m.protocol_sha256,
        record_folder=m.record_folder,
        steps_total=m.steps_total,
        step_index=m.step_index,
        step_kind=GoalKind(m.step_kind),
        step_title=m.step_title,
        attempt=m.attempt,
        view=View(m.view),
        waiting_for=m.waiting_for,
        progress=m.progress,
        message=m.message,
        imaging_preset=m.imaging_preset,
        results=tuple(_from_view_result(r) for r in m.results),
        suspicions=tuple(
            SuspicionStatus(FindingKind(x.kind), SuspicionOutcome(x.outcome), x.text) for x in m.suspicions
        ),
        frame_sequence=m.frame_sequence,
    )


def _to_view_result(r: ViewResult) -> Message:
    return echopilot_msgs.ViewResult(
        view=r.view,
        kind=r.kind,
        outcome=r.outcome,
        accepted=bool(r.accepted),
        score=r.score,
        quality=r.quality,
        seconds=r.seconds,
        frame_sequence=r.frame_sequence,
        detail=r.detail,
    )


def _from_view_result(m: Message) -> ViewResult:
    return ViewResult(
        view=View(m.view),
        kind=GoalKind(m.kind),
        outcome=Outcome(m.outcome),
        accepted=m.accepted,
        score=m.score,
        quality=m.quality,
        seconds=m.seconds,
        frame_sequence=m.frame_sequence,
        detail=m.detail,
    )
