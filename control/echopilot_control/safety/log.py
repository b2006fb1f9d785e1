"""What a log says when safety changes its mind."""

from echopilot_control.safety.reasons import Reason
from echopilot_core import SafetyState


def log_line(state: SafetyState) -> str:
    """One line: the mode, then every reason with its text and hazard row; "OK" when there is none."""
    reasons = [Reason[name] for name in state.reasons]
    told = "; ".join(f"{r.name} ({r.value.text}, hazard {r.value.row})" for r in reasons)
    return f"{state.mode.name} {told}".rstrip()
