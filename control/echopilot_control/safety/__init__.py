"""Safety check of every command: a pure function of state, inputs, limits and time."""

from echopilot_control.safety.check import check
from echopilot_control.safety.evidence.people import ONE_EACH
from echopilot_control.safety.latches import latches_from_json, latches_to_json
from echopilot_control.safety.limits import Limits, PresetLimits
from echopilot_control.safety.monitor import SafetyMonitor, log_line
from echopilot_control.safety.reasons import Reason
from echopilot_control.safety.state import OperatorInputs, SafetyDecision, SafetyInputs, SafetyMemory
from echopilot_control.safety.zones import Zone

__all__ = [
    "ONE_EACH",
    "Limits",
    "OperatorInputs",
    "PresetLimits",
    "Reason",
    "SafetyDecision",
    "SafetyInputs",
    "SafetyMemory",
    "SafetyMonitor",
    "Zone",
    "check",
    "latches_from_json",
    "latches_to_json",
    "log_line",
]
