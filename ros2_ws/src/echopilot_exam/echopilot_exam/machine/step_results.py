"""Results of steps for the record and the messages."""

from collections.abc import Sequence

from echopilot_core import Outcome, View
from echopilot_exam.gate.acceptance_criteria import GATES
from echopilot_exam.gate.gate import FrameVerdict, evaluate_view
from echopilot_exam.machine.states import StepResult
from echopilot_exam.measure.evaluate import Evaluation
from echopilot_exam.protocol.step import Step, StepKind


def step_result(
    step: Step,
    outcome: Outcome,
    accepted: bool,
    evaluation: Evaluation,
    verdicts: Sequence[FrameVerdict],
    seconds: float,
    why: str = "",
) -> StepResult:
    """Result of a step; its detail begins with `why` it was broken off, or the title of a view held by hand.

    Args:
        step: of the protocol.
        outcome: how the goal of the controller ended.
        accepted: whether the gate accepted the view or the sweep.
        evaluation: what was measured, and why something was not.
        verdicts: of the gate on every frame of the step.
        seconds: duration of the step [s].
        why: reason for which the step was broken off; empty for one that ended by itself.
    """
    prefix = step.title if step.by_hand else why
    verdict = evaluate_view(verdicts, GATES[step.gate])
    best = max((v for v in verdicts if v.passed), key=lambda v: v.quality, default=None)
    return StepResult(
        view=step.view,
        kind=step.kind,
        outcome=outcome,
        accepted=accepted,
        score=verdict.passed_fraction,
        quality=verdict.quality,
        seconds=seconds,
        frame_sequence=best.sequence if best else -1,
        detail=f"{prefix}; {evaluation.detail}" if prefix else evaluation.detail,
        frame_sequences=evaluation.frame_sequences,
    )


def left_out(step: Step, why: str) -> StepResult:
    """Result of a step that was not begun because nothing asks for it any more."""
    return StepResult(step.view, step.kind, Outcome.PREEMPTED, False, 0.0, 0.0, 0.0, -1, f"left out: {why}")


def not_started(view: View) -> StepResult:
    """Result of a sweep whose view was not reached."""
    detail = f"not started: {view.name} was not reached"
    return StepResult(view, StepKind.SWEEP, Outcome.ABORTED, False, 0.0, 0.0, 0.0, -1, detail)
