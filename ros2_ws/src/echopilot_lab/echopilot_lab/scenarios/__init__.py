"""Named scenarios: one patient, one task, timed disturbances and stated criteria, for any controller."""

from echopilot_control.loop import ProbeController
from echopilot_lab.scenarios.interface import load_controller

__all__ = ["ProbeController", "load_controller"]
