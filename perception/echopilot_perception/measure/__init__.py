"""Measurements as pure functions of masks, spacing and times.

Names are imported on first use: who reads frames needs no signal processing of whole clips.
"""

from typing import TYPE_CHECKING

from echopilot_core.lazy import names_on_first_use
from echopilot_perception.measure.regions import extents  # not on first use: its module has the same name

if TYPE_CHECKING:
    from echopilot_perception.measure.aorta import AorticSection, Ellipse, Tilt, measure_section, section_of, tilt_of
    from echopilot_perception.measure.atrium import Atrium, measure_atrium
    from echopilot_perception.measure.center_line import CenterLine, Cuts, cuts_of, fit_center_line, image_poses
    from echopilot_perception.measure.effusion import measure_effusion
    from echopilot_perception.measure.ejection import Ejection, ejection_fraction, least_rate_hz, rate_refusal
    from echopilot_perception.measure.inferior_vena_cava import measure_inferior_vena_cava
    from echopilot_perception.measure.root import measure_root
    from echopilot_perception.measure.uncertainty import Fused, fused
    from echopilot_perception.measure.ventricle import Ventricle, biplane_measurement, measure_ventricle, ventricle_of

__all__ = [
    "AorticSection",
    "Atrium",
    "CenterLine",
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
    "fit_center_line",
    "fused",
    "image_poses",
    "least_rate_hz",
    "measure_atrium",
    "measure_effusion",
    "measure_inferior_vena_cava",
    "measure_root",
    "measure_section",
    "measure_ventricle",
    "rate_refusal",
    "section_of",
    "tilt_of",
    "ventricle_of",
]

__getattr__ = names_on_first_use(
    __name__,
    {
        "aorta": ("AorticSection", "Ellipse", "Tilt", "measure_section", "section_of", "tilt_of"),
        "atrium": ("Atrium", "measure_atrium"),
        "center_line": ("CenterLine", "Cuts", "cuts_of", "fit_center_line", "image_poses"),
        "effusion": ("measure_effusion",),
        "ejection": ("Ejection", "ejection_fraction", "least_rate_hz", "rate_refusal"),
        "inferior_vena_cava": ("measure_inferior_vena_cava",),
        "root": ("measure_root",),
        "uncertainty": ("Fused", "fused"),
        "ventricle": ("Ventricle", "biplane_measurement", "measure_ventricle", "ventricle_of"),
    },
)
