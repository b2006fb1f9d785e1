"""What the exam says to people: the line about what it waits for, and the requests to the patient."""

from echopilot_exam.protocol import Breath, Step
from echopilot_exam.states import TERMINAL, ExamPhase

_HELD_BREATH = frozenset({ExamPhase.HOLD, ExamPhase.RECORD})


def waiting_for(step: Step, phase: ExamPhase) -> str:
    """One line: the view, what happens, and what a person should do meanwhile."""
    if phase in TERMINAL:
        return ""
    line = f"{step.view.name}: {phase.value}"
    if phase is ExamPhase.GUIDED and step.by_hand:
        line = f"{step.title}: hold the probe by hand, then RESUME records it and SKIP goes on"
    elif phase is ExamPhase.GUIDED:
        line = f"{step.title}: move the probe to the view; it records by itself once the gate passes"
    if phase in _HELD_BREATH and step.breath is not Breath.FREE:
        line += f"; {breath_request(step)}"
    return line


def breath_request(step: Step) -> str:
    """What the operator says to the patient while the view is held; empty when breathing does not matter."""
    return "" if step.breath is Breath.FREE else f"ask the patient to hold the breath after {step.breath.value}"
