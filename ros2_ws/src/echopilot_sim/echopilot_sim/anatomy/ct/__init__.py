"""Virtual patients from a CT: labels of organs and vessels, the CT itself where there is one, a modeled heart."""

from echopilot_sim.anatomy.ct.load import load

__all__ = ["load"]
