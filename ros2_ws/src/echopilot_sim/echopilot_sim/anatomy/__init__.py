"""Anatomy of a virtual patient: parameters from a seed, skin, organs, moving heart and vessels, standard views."""

from echopilot_sim.anatomy.build import Anatomy, build
from echopilot_sim.anatomy.draw import draw_patient
from echopilot_sim.anatomy.materials import TISSUE_OF_MATERIAL, Material
from echopilot_sim.anatomy.parameters import Patient

__all__ = ["TISSUE_OF_MATERIAL", "Anatomy", "Material", "Patient", "build", "draw_patient"]
