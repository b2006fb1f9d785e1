"""Named scenarios: one patient, one task, timed disturbances and stated criteria, for our controller or anybody's."""

from echopilot_lab.scenarios.interface import ProbeController, load_controller

__all__ = ["ProbeController", "load_controller"]
