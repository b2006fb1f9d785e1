"""Measurements as pure functions of masks, spacing and times."""

from echopilot_perception.measure.aorta import AorticSection, Ellipse, Tilt, measure_section, section_of, tilt_of
from echopilot_perception.measure.atrium import Atrium, measure_atrium
from echopilot_perception.measure.cava import measure_cava
from echopilot_perception.measure.centre_line import CentreLine, Cuts, cuts_of, fit_centre_line, image_poses
from echopilot_perception.measure.effusion import measure_effusion
from echopilot_perception.measure.ejection import Ejection, ejection_fraction
from echopilot_perception.measure.extents import extents
from echopilot_perception.measure.fusion import Fused, fused
from echopilot_perception.measure.root import measure_root
from echopilot_perception.measure.ventricle import Ventricle, biplane_measurement, measure_ventricle, ventricle_of

__all__ = [
    "AorticSection",
    "Atrium",
    "CentreLine",
    "Cuts",
    "Ejection",
    "Ellipse",
    "Fused",
    "Tilt",
    "Ventricle",
    "biplane_measurement",
    "cuts_of",
    "ejection_fraction",
    "extents",
    "fit_centre_line",
    "fused",
    "image_poses",
    "measure_atrium",
    "measure_cava",
    "measure_effusion",
    "measure_root",
    "measure_section",
    "measure_ventricle",
    "section_of",
    "tilt_of",
    "ventricle_of",
]
