"""Anatomy of a virtual patient: parameters from a seed, skin, organs, moving heart and vessels, standard views."""

from echopilot_sim.anatomy.build import Anatomy, build
from echopilot_sim.anatomy.labels.materials import CLASS_OF_MATERIAL, Material
from echopilot_sim.anatomy.parameters import Patient
from echopilot_sim.anatomy.sampling.named_patients import NAMES, named_patient
from echopilot_sim.anatomy.sampling.patient import sample_patient
from echopilot_sim.anatomy.torso.lateral_position import turned_left
from echopilot_sim.anatomy.validate import validate

__all__ = [
    "CLASS_OF_MATERIAL",
    "NAMES",
    "Anatomy",
    "Material",
    "Patient",
    "build",
    "named_patient",
    "sample_patient",
    "turned_left",
    "validate",
]
