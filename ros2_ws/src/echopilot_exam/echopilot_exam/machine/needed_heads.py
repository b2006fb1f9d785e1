"""Parts of a perception result that a step needs, and what is said where the model has no head for one.

Acceptance gates compare view, quality, coupling, out-of-distribution score and classes; an arm finds a view by
guidance. A model that lacks one of them can pass no gate: the exam says so before the probe touches the patient.
"""

from echopilot_core import HeadName, PerceptionResult
from echopilot_exam.protocol.step import Step, StepKind

OF_GATES = (HeadName.VIEW, HeadName.QUALITY, HeadName.COUPLING, HeadName.OOD, HeadName.SEGMENTATION)
OF_SEARCH = (HeadName.GUIDANCE,)


def missing_heads(result: PerceptionResult | None, step: Step) -> tuple[HeadName, ...]:
    """Heads that the step needs and the model of a result lacks; none without a result."""
    if result is None:
        return ()
    needed = (*OF_GATES, *(OF_SEARCH if step.kind is StepKind.ACQUIRE and not step.guided else ()))
    return tuple(head for head in needed if head not in result.heads)


def why_not_possible(result: PerceptionResult | None, step: Step) -> str:
    """One line on what the model lacks for the step, empty where it lacks nothing."""
    missing = missing_heads(result, step)
    if result is None or not missing:
        return ""
    names = ", ".join(head.value for head in missing)
    return f"the model {result.model_id or 'in use'} has no {names}: {step.view.name} cannot be accepted with it"
