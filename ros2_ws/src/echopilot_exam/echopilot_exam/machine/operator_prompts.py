"""Texts for the operator: the line about what the exam waits for, and the breath request to the patient."""

from echopilot_core import ExamPhase
from echopilot_exam.machine.states import TERMINAL
from echopilot_exam.protocol.step import Breath, Step

_HELD_BREATH = frozenset({ExamPhase.HOLD, ExamPhase.RECORD})


def waiting_for(step: Step, phase: ExamPhase, why: str = "") -> str:
    """One line: the view, `why` it is looked at again, the state, and what the operator should do."""
    if phase in TERMINAL:
        return ""
    line = f"{step.view.name}: {phase.value}"
    if why:
        line = f"{step.view.name}: {why}; {phase.value}"
    if phase is ExamPhase.GUIDED and step.by_hand:
        line = f"{step.title}: hold the probe by hand, then RESUME records it and SKIP goes on"
    elif phase is ExamPhase.GUIDED:
        line = f"{step.title}: move the probe to the view; it records by itself once the gate passes"
    if phase in _HELD_BREATH and step.breath is not Breath.FREE:
        line += f"; {breath_request(step)}"
    return line


def breath_request(step: Step) -> str:
    """Breath request to the patient while the view is held; empty where breathing is free."""
    return "" if step.breath is Breath.FREE else f"ask the patient to hold the breath after {step.breath.value}"
