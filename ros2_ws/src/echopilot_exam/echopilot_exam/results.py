"""How a step ended, in one result for the record and the messages."""

from collections.abc import Sequence

from echopilot_core import Outcome, View
from echopilot_exam.evaluate import Evaluation
from echopilot_exam.gate import FrameVerdict, judge_view
from echopilot_exam.gate_table import GATES
from echopilot_exam.protocol import Step, StepKind
from echopilot_exam.states import StepResult


def step_result(
    step: Step,
    outcome: Outcome,
    accepted: bool,
    evaluation: Evaluation,
    verdicts: Sequence[FrameVerdict],
    seconds: float,
    why: str = "",
) -> StepResult:
    """The result of a step; `why` it was broken off, or the name of a view that the enum lacks, stands in front."""
    prefix = step.title if step.by_hand else why
    verdict = judge_view(verdicts, GATES[step.gate])
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


def not_started(view: View) -> StepResult:
    """A sweep starts from its view; without the view it is reported as not done."""
    detail = f"not started: {view.name} was not reached"
    return StepResult(view, StepKind.SWEEP, Outcome.ABORTED, False, 0.0, 0.0, 0.0, -1, detail)
