"""Validation of a patient's parameters: errors of one line with field, value and valid range."""

import math
from dataclasses import fields, is_dataclass

import numpy as np

from echopilot_core import EchoPilotError, se3
from echopilot_sim.anatomy.parameters import Aorta, Heart, Patient, Torso

# field: least and greatest possible value; far wider than distributions.py, for CT patients and experiments
_LIMITS: dict[str, tuple[float, float]] = {
    "seed": (0, 2**63),
    "age_years": (0, 120),
    "height_m": (0.5, 2.5),
    "weight_kg": (5, 400),
    "roll_rad": (-math.pi, math.pi),
    "breathing_rate_hz": (0, 2),
    "rhythm.rate_hz": (0.3, 5),
    "rhythm.variation": (0, 0.5),
    "torso.half_width_chest_m": (0.05, 0.4),
    "torso.half_width_abdomen_m": (0.05, 0.4),
    "torso.chest_slope_m": (-0.1, 0.1),
    "torso.belly_m": (-0.2, 0.1),
    "torso.back_y_m": (0.08, 0.6),
    "torso.fat_chest_m": (0, 0.08),
    "torso.fat_abdomen_m": (0, 0.15),
    "torso.muscle_m": (0, 0.05),
    "torso.breathing_chest_m": (0, 0.03),
    "torso.breathing_abdomen_m": (0, 0.04),
    "torso.organ_shift_m": (0, 0.05),
    "torso.stiffness_abdomen_pa_m": (1e4, 1e9),
    "torso.stiffness_chest_pa_m": (1e4, 1e9),
    "torso.stiffness_rib_pa_m": (1e4, 1e9),
    "torso.rib_spacing_m": (0.01, 0.08),
    "torso.rib_half_width_m": (0.001, 0.02),
    "torso.rib_phase_m": (-0.1, 0.1),
    "torso.cartilage_slope_m_rad": (-1, 1),
    "torso.sternum_half_width_m": (0.002, 0.05),
    "torso.notch_z_m": (0.05, 0.4),
    "torso.navel_z_m": (-0.4, -0.05),
    "torso.lung_overlap_m": (0, 0.05),
    "torso.apex_beat_m": (0, 0.01),
    "heart.edv_m3": (1e-5, 6e-4),
    "heart.ejection_fraction": (0.02, 0.9),
    "heart.length_m": (0.03, 0.15),
    "heart.wall_m": (0.002, 0.04),
    "heart.rv_scale": (0.3, 3),
    "heart.atrium_scale": (0.3, 3),
    "heart.root_radius_m": (0.004, 0.03),
    "heart.sinus_radius_m": (0.004, 0.05),
    "heart.ascending_radius_m": (0.004, 0.05),
    "heart.effusion_m": (0, 0.05),
    "heart.twist_rad": (-1, 1),
    "heart.trabeculation": (0, 5),
    "heart.papillary_scale": (0.2, 3),
    "heart.fat_m": (0, 0.03),
    "aorta.radius_arch_m": (0.004, 0.05),
    "aorta.radius_thoracic_m": (0.004, 0.05),
    "aorta.radius_top_m": (0.004, 0.05),
    "aorta.radius_bottom_m": (0.004, 0.05),
    "aorta.bifurcation_z_m": (-0.4, -0.04),
    "aorta.offset_x_m": (-0.05, 0.05),
    "aorta.wave_x_m": (0, 0.05),
    "aorta.wave_phase_rad": (-100, 100),
    "aorta.aneurysm.length_m": (0.005, 0.2),
    "aorta.aneurysm.radius_m": (0.005, 0.08),
    "aorta.aneurysm.thrombus_fraction": (0, 1),
    "aorta.aneurysm.angle_rad": (-100, 100),
    "aorta.dissection.true_share": (0.05, 0.95),
    "aorta.dissection.angle_rad": (-100, 100),
    "aorta.dissection.twist_rad_m": (-50, 50),
    "aorta.dissection.widening": (1, 2.5),
    "abdomen.gas_pockets": (0, 200),
    "abdomen.bowel_loops": (0, 500),
    "abdomen.liver_vessel_scale": (0.2, 3),
    "abdomen.liver_edge_z_m": (-0.3, 0.05),
}


def validate(patient: Patient) -> None:
    """Raise EchoPilotError for the first field that is not finite, out of range, or contradicts another."""
    if patient.sex not in ("M", "F"):
        raise EchoPilotError(f"patient sex is '{patient.sex}'; choose M or F")
    _check_numbers(patient, "")
    if not (np.shape(patient.T_base_patient) == (4, 4) and se3.is_rigid(patient.T_base_patient, 1e-6)):
        raise EchoPilotError("patient T_base_patient is not rigid; choose a rotation and a translation, (4, 4)")
    _check_torso(patient.torso)
    if patient.heart is not None:
        _check_heart(patient.heart)
    if patient.aorta is not None:
        _check_aorta(patient.aorta)


def _check_numbers(part: object, prefix: str) -> None:
    for f in fields(part):  # type: ignore[arg-type]
        path, value = prefix + f.name, getattr(part, f.name)
        if is_dataclass(value):
            _check_numbers(value, path + ".")
        elif path in _LIMITS:
            low, high = _LIMITS[path]
            if not low <= value <= high:
                raise EchoPilotError(f"patient {path} is {value}; choose {low:g} to {high:g}")
        elif isinstance(value, np.ndarray):
            if not np.isfinite(value).all():
                raise EchoPilotError(f"patient {path} holds a number that is not finite; choose finite numbers")
        elif isinstance(value, float) and not math.isfinite(value):
            raise EchoPilotError(f"patient {path} is {value}; choose a finite number")


def _check_torso(torso: Torso) -> None:
    if 2.0 * torso.rib_half_width_m >= torso.rib_spacing_m:
        raise EchoPilotError(
            f"patient torso.rib_half_width_m is {torso.rib_half_width_m}; "
            f"choose less than half of rib_spacing_m {torso.rib_spacing_m}"
        )


def _check_heart(heart: Heart) -> None:
    if np.shape(heart.apex_m) != (3,) or not np.abs(heart.apex_m).max() < 0.5:
        raise EchoPilotError(f"patient heart.apex_m is {heart.apex_m}; choose (3,) within 0.5 m of the xiphoid")
    if np.shape(heart.rotation) != (3, 3) or not se3.is_rigid(se3.transform(heart.rotation, np.zeros(3)), 1e-6):
        raise EchoPilotError("patient heart.rotation is no rotation; choose three right-handed unit columns, (3, 3)")


def _check_aorta(aorta: Aorta) -> None:
    top, fork = 0.0, aorta.bifurcation_z_m
    if aorta.aneurysm is not None and not fork <= aorta.aneurysm.z_m <= top:
        z = aorta.aneurysm.z_m
        raise EchoPilotError(f"patient aorta.aneurysm.z_m is {z}; choose {fork:g} (the bifurcation) to {top:g}")
    if aorta.dissection is not None and not fork <= aorta.dissection.end_z_m <= 0.2:
        z = aorta.dissection.end_z_m
        raise EchoPilotError(f"patient aorta.dissection.end_z_m is {z}; choose {fork:g} (the bifurcation) to 0.2")
