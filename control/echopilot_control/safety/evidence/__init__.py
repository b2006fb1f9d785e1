"""Declaration of the evidence that safety relies on and of its protections; `faults` loses and fakes it."""

from echopilot_control.safety.evidence.declaration import EVIDENCE, PROTECTIONS
from echopilot_control.safety.evidence.model import Evidence, Protection, Way

__all__ = ["EVIDENCE", "PROTECTIONS", "Evidence", "Protection", "Way"]
