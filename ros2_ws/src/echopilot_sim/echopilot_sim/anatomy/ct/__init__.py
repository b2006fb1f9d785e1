"""A CT becomes a virtual patient: labels of organs and vessels, the CT itself where there is one, a modelled heart."""

from echopilot_sim.anatomy.ct.load import load

__all__ = ["load"]
