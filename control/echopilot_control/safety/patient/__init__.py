"""The patient's place and motion as safety sees and feels them."""

from echopilot_control.safety.patient.motion import BodyMemory, felt_recession_m_s, felt_shift_m, watch_patient
from echopilot_control.safety.patient.outline import Match, Outline, match, nearest, outline, seen_shift_m

__all__ = [
    "BodyMemory",
    "Match",
    "Outline",
    "felt_recession_m_s",
    "felt_shift_m",
    "match",
    "nearest",
    "outline",
    "seen_shift_m",
    "watch_patient",
]
