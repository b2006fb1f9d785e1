"""Anatomy of a virtual patient: parameters from a seed, skin, organs, moving heart and vessels, standard views."""

from echopilot_sim.anatomy.build import Anatomy, build
from echopilot_sim.anatomy.draw import draw_patient
from echopilot_sim.anatomy.materials import TISSUE_OF_MATERIAL, Material
from echopilot_sim.anatomy.named import NAMES, named_patient
from echopilot_sim.anatomy.parameters import Patient
from echopilot_sim.anatomy.position import turned_left
from echopilot_sim.anatomy.validate import validate

__all__ = [
    "NAMES",
    "TISSUE_OF_MATERIAL",
    "Anatomy",
    "Material",
    "Patient",
    "build",
    "draw_patient",
    "named_patient",
    "turned_left",
    "validate",
]
