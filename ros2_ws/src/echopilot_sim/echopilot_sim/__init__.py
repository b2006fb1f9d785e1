"""The virtual patient: anatomy, contact, robot arm, B-mode images and their ground truth.

The names below are imported on first use; importing the package alone loads the core and nothing else.
"""

from typing import TYPE_CHECKING

from echopilot_core.lazy import names_on_first_use

if TYPE_CHECKING:
    from echopilot_sim.anatomy.parameters import Patient
    from echopilot_sim.anatomy.sampling.patient import sample_patient
    from echopilot_sim.bmode.renderer import Renderer
    from echopilot_sim.simulation import SimConfig, Simulation

__all__ = ["Patient", "Renderer", "SimConfig", "Simulation", "sample_patient"]

__getattr__ = names_on_first_use(
    __name__,
    {
        "anatomy.parameters": ("Patient",),
        "anatomy.sampling.patient": ("sample_patient",),
        "bmode.renderer": ("Renderer",),
        "simulation": ("SimConfig", "Simulation"),
    },
)
