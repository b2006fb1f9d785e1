"""Measurements as pure functions of masks, spacing and times."""

from echopilot_perception.measure.aorta import AorticSection, Ellipse, measure_section, section_of
from echopilot_perception.measure.ejection import Ejection, ejection_fraction
from echopilot_perception.measure.extents import extents
from echopilot_perception.measure.ventricle import Ventricle, measure_ventricle, ventricle_of

__all__ = [
    "AorticSection",
    "Ejection",
    "Ellipse",
    "Ventricle",
    "ejection_fraction",
    "extents",
    "measure_section",
    "measure_ventricle",
    "section_of",
    "ventricle_of",
]
