"""Sampling of a patient's torso: shape and layers as functions of body size and BMI."""

import numpy as np

from echopilot_sim.anatomy.parameters import Torso
from echopilot_sim.anatomy.sampling import distributions as d

_WIDEST_M = 0.197  # fits into the label volume of voxelize.py


def bulk(bmi: float) -> float:
    """Body mass relative to BMI 25, in steps of 7 kg/m^2: -0.9 lean, 0 usual, 1.9 obesity class II."""
    return (bmi - 25.0) / 7.0


def sample_torso(rng: np.random.Generator, sex: str, height_m: float, bmi: float) -> Torso:
    """Torso with rib phase and cartilage slope still to be matched to the heart."""
    size, b = height_m / 1.72, bulk(bmi)
    # supine, the fat beyond BMI 32 flows to the flanks: depth grows less than width
    forward = min(b, 1.0) + 0.35 * max(b - 1.0, 0.0)
    wider = (0.020 if b > 0.0 else 0.014) * b
    return Torso(
        half_width_chest_m=min(size**0.7 * d.HALF_WIDTH_CHEST_M[sex].sample(rng) + 0.010 * b, _WIDEST_M),
        half_width_abdomen_m=min(size**0.7 * d.HALF_WIDTH_ABDOMEN_M[sex].sample(rng) + wider, _WIDEST_M),
        chest_slope_m=d.CHEST_SLOPE_M.sample(rng),
        belly_m=d.BELLY_M.sample(rng) - 0.017 * forward,
        back_y_m=size**0.5 * d.BACK_Y_M.sample(rng) + (0.014 if b > 0.0 else 0.003) * forward,
        fat_chest_m=max(d.FAT_CHEST_M.sample(rng) + 0.0045 * b, 0.003),
        fat_abdomen_m=max(d.FAT_ABDOMEN_M.sample(rng) + 0.010 * b, 0.005),
        muscle_m=d.MUSCLE_M[sex].sample(rng),
        breathing_chest_m=d.BREATHING_CHEST_M.sample(rng),
        breathing_abdomen_m=d.BREATHING_ABDOMEN_M.sample(rng),
        organ_shift_m=d.ORGAN_SHIFT_M.sample(rng),
        stiffness_abdomen_pa_m=d.STIFFNESS_ABDOMEN_PA_M.sample(rng),
        stiffness_chest_pa_m=d.STIFFNESS_CHEST_PA_M.sample(rng),
        stiffness_rib_pa_m=d.STIFFNESS_RIB_PA_M.sample(rng),
        rib_spacing_m=size * d.RIB_SPACING_M.sample(rng),
        rib_half_width_m=d.RIB_HALF_WIDTH_M.sample(rng),
        rib_phase_m=0.0,
        cartilage_slope_m_rad=0.08,
        sternum_half_width_m=d.STERNUM_HALF_WIDTH_M.sample(rng),
        notch_z_m=size * d.NOTCH_Z_M.sample(rng),
        navel_z_m=size * d.NAVEL_Z_M.sample(rng),
        lung_overlap_m=d.LUNG_OVERLAP_M.sample(rng),
        apex_beat_m=d.APEX_BEAT_M.sample(rng),
    )
