"""Conversion of the exam's state for publication."""

from pathlib import Path

from echopilot_core import ControlGoal, ExamPhase, ExamStatus, GoalKind, ViewResult
from echopilot_exam.machine.states import ExamState, StepResult
from echopilot_exam.protocol.step import StepKind
from echopilot_exam.suspicion.wording import status

GOAL_KINDS = {StepKind.ACQUIRE: GoalKind.ACQUIRE_VIEW, StepKind.SWEEP: GoalKind.SWEEP}


def exam_status(state: ExamState, tick: int, record_folder: Path) -> ExamStatus:
    """State of the machine as it is published.

    Args:
        state: of the machine at this tick.
        tick: exam tick of the robot's clock, by which goals are numbered.
        record_folder: where the exam's record is written.
    """
    protocol = state.protocol
    step = state.step
    return ExamStatus(
        stamp_ns=state.stamp_ns,
        tick=tick,
        active=state.active,
        phase=state.phase,
        goal=state.goal,
        protocol=protocol.name if protocol else "",
        protocol_sha256=protocol.sha256 if protocol else "",
        record_folder=str(record_folder),
        steps_total=state.steps_total,
        step_index=state.step_index,
        step_kind=GOAL_KINDS[step.kind],
        step_title=step.title,
        attempt=state.attempt,
        view=state.view,
        waiting_for=state.waiting_for,
        progress=state.progress,
        message=state.message,
        imaging_preset=state.imaging_preset,
        results=tuple(map(_view_result, state.results)),
        frame_sequence=state.frame_sequence,
        suspicions=tuple(map(status, state.suspicions)),
    )


def idle_status(stamp_ns: int, tick: int, active: bool, message: str) -> ExamStatus:
    """State while no exam runs, or while one waits for its first tick (`active`)."""
    idle = ControlGoal(goal_id=0, kind=GoalKind.IDLE)
    return ExamStatus(stamp_ns, tick, active, ExamPhase.PREPARE if active else ExamPhase.IDLE, idle, message=message)


def _view_result(r: StepResult) -> ViewResult:
    return ViewResult(
        view=r.view,
        kind=GOAL_KINDS[r.kind],
        outcome=r.outcome,
        accepted=r.accepted,
        score=r.score,
        quality=r.quality,
        seconds=r.seconds,
        frame_sequence=r.frame_sequence,
        detail=r.detail,
    )
