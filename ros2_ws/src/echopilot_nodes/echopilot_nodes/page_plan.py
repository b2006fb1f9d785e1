"""Which protocol an exam follows, guessed from where it stands: the steps still to come are shown beside the state."""

from collections.abc import Iterable

from echopilot_exam.protocol import Protocol
from echopilot_report.page.live import ExamNow
from echopilot_report.page.texts import message


def fits(protocol: Protocol, exam: ExamNow) -> bool:
    """True when the exam can be a run of this protocol."""
    steps = protocol.steps
    if len(steps) != exam.steps_total or not 0 <= exam.step_index < len(steps):
        return False
    return steps[exam.step_index].view is exam.view and all(
        step.view is done.view for step, done in zip(steps, exam.results, strict=False)
    )


def plan_of(protocols: Iterable[Protocol], exam: ExamNow) -> Protocol | None:
    """The only protocol that fits; None while several do, or none."""
    found = [p for p in protocols if fits(p, exam)]
    return found[0] if len(found) == 1 else None


def plan_text(protocol: Protocol | None) -> str:
    """The message `plan`: title and steps, or none when the protocol is not known."""
    if protocol is None:
        return message("plan", title="", steps=[])
    steps = [{"view": step.view.name, "what": step.kind.value} for step in protocol.steps]
    return message("plan", title=protocol.title, steps=steps)
