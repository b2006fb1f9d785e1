"""Guard against the patient's motion."""

from echopilot_control.safety.evidence.tick import SafetyTick
from echopilot_control.safety.patient.motion import watch_patient
from echopilot_control.safety.reasons import Reason


def guard_patient(tick: SafetyTick) -> list[Reason]:
    """The patient moved farther or faster than breathing and settling do."""
    tick.body, moved = watch_patient(tick.memory.body, tick.usable_robot, tick.usable_surface)
    return [Reason.PATIENT_MOVED] if moved else []
