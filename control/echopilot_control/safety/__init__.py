"""The last word on every command: a pure function of state, inputs, limits and time."""

from echopilot_control.safety.check import check
from echopilot_control.safety.limits import LimitRow, Limits
from echopilot_control.safety.log import log_line
from echopilot_control.safety.reasons import Reason
from echopilot_control.safety.state import SafetyDecision, SafetyInputs, SafetyMemory
from echopilot_control.safety.zones import Zone

__all__ = [
    "LimitRow",
    "Limits",
    "Reason",
    "SafetyDecision",
    "SafetyInputs",
    "SafetyMemory",
    "Zone",
    "check",
    "log_line",
]
