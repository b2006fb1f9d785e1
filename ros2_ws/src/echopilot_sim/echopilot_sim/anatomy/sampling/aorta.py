"""Sampling of the aorta and the abdomen of a patient."""

import math

import numpy as np

from echopilot_sim.anatomy.parameters import Abdomen, Aneurysm, AneurysmShape, Aorta, Dissection
from echopilot_sim.anatomy.sampling import distributions as d

_DIAPHRAGM_Z_M = -0.015


def sample_aorta(rng: np.random.Generator, sex: str, age_years: float, navel_z_m: float) -> Aorta:
    """Aorta from the arch to the bifurcation; half of them with an aneurysm, few of the others dissected."""
    top = 0.5 * d.TOP_M[sex].sample(rng)
    bifurcation = navel_z_m + d.BIFURCATION_OVER_NAVEL_M.sample(rng)
    aneurysm, dissection = None, None
    if d.ANEURYSM.sample(rng):
        aneurysm = draw_aneurysm(rng, bifurcation)
    elif d.DISSECTION.sample(rng):
        dissection = draw_dissection(rng, bifurcation)
    return Aorta(
        radius_arch_m=top * d.ARCH_RATIO.sample(rng),
        radius_thoracic_m=top * d.THORACIC_RATIO.sample(rng),
        radius_top_m=top,
        radius_bottom_m=top * d.BOTTOM_RATIO.sample(rng),
        bifurcation_z_m=bifurcation,
        offset_x_m=d.OFFSET_X_M.sample(rng),
        wave_x_m=d.WAVE_X_M.sample(rng) + d.WAVE_X_PER_YEAR_OVER_60_M * max(age_years - 60.0, 0.0),
        wave_phase_rad=float(rng.uniform(0.0, 2.0 * math.pi)),
        aneurysm=aneurysm,
        dissection=dissection,
    )


def draw_aneurysm(rng: np.random.Generator, bifurcation_z_m: float) -> Aneurysm:
    """Infrarenal aneurysm: fusiform, or a sac on one side."""
    saccular = d.SACCULAR.sample(rng)
    length = (d.SACCULAR_LENGTH_M if saccular else d.FUSIFORM_LENGTH_M).sample(rng)
    lowest = min(bifurcation_z_m + d.ANEURYSM_FROM_FORK * length, d.ANEURYSM_TOP_Z_M)
    return Aneurysm(
        shape=AneurysmShape.SACCULAR if saccular else AneurysmShape.FUSIFORM,
        z_m=float(rng.uniform(lowest, d.ANEURYSM_TOP_Z_M)),
        length_m=length,
        radius_m=0.5 * d.ANEURYSM_M.sample(rng),
        thrombus_fraction=d.THROMBUS_FRACTION.sample(rng) if d.THROMBUS.sample(rng) else 0.0,
        angle_rad=float(rng.uniform(0.0, 2.0 * math.pi)),
    )


def draw_dissection(rng: np.random.Generator, bifurcation_z_m: float) -> Dissection:
    """Type-B flap that ends somewhere in the abdominal aorta."""
    reach = d.DISSECTION_END_SHARE.sample(rng)
    return Dissection(
        end_z_m=_DIAPHRAGM_Z_M + reach * (bifurcation_z_m - _DIAPHRAGM_Z_M),
        true_share=d.TRUE_SHARE.sample(rng),
        angle_rad=float(rng.uniform(0.0, 2.0 * math.pi)),
        twist_rad_m=d.DISSECTION_TWIST_RAD_M.sample(rng),
        widening=d.DISSECTION_WIDENING.sample(rng),
    )


def sample_abdomen(rng: np.random.Generator) -> Abdomen:
    """What lies in front of the aorta."""
    return Abdomen(
        gas_pockets=int(rng.integers(d.GAS_POCKETS[0], d.GAS_POCKETS[1], endpoint=True)),
        bowel_loops=int(rng.integers(d.BOWEL_LOOPS[0], d.BOWEL_LOOPS[1], endpoint=True)),
        liver_vessel_scale=d.LIVER_VESSEL_SCALE.sample(rng),
        liver_edge_z_m=d.LIVER_EDGE_Z_M.sample(rng),
    )
