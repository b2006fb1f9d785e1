"""The aorta and the abdomen of a drawn patient."""

import math

import numpy as np

from echopilot_sim.anatomy import distributions as d
from echopilot_sim.anatomy.parameters import Abdomen, Aneurysm, AneurysmShape, Aorta, Dissection

_DIAPHRAGM_Z_M = -0.015


def draw_aorta(rng: np.random.Generator, sex: str, age_years: float, navel_z_m: float) -> Aorta:
    """Aorta from the arch to the bifurcation; half of them with an aneurysm, few of the others dissected."""
    top = 0.5 * d.TOP_M[sex].draw(rng)
    bifurcation = navel_z_m + d.BIFURCATION_OVER_NAVEL_M.draw(rng)
    aneurysm, dissection = None, None
    if d.ANEURYSM.draw(rng):
        aneurysm = draw_aneurysm(rng, bifurcation)
    elif d.DISSECTION.draw(rng):
        dissection = draw_dissection(rng, bifurcation)
    return Aorta(
        radius_arch_m=top * d.ARCH_RATIO.draw(rng),
        radius_thoracic_m=top * d.THORACIC_RATIO.draw(rng),
        radius_top_m=top,
        radius_bottom_m=top * d.BOTTOM_RATIO.draw(rng),
        bifurcation_z_m=bifurcation,
        offset_x_m=d.OFFSET_X_M.draw(rng),
        wave_x_m=d.WAVE_X_M.draw(rng) + d.WAVE_X_PER_YEAR_OVER_60_M * max(age_years - 60.0, 0.0),
        wave_phase_rad=float(rng.uniform(0.0, 2.0 * math.pi)),
        aneurysm=aneurysm,
        dissection=dissection,
    )


def draw_aneurysm(rng: np.random.Generator, bifurcation_z_m: float) -> Aneurysm:
    """Infrarenal aneurysm: fusiform, or a sac on one side."""
    saccular = d.SACCULAR.draw(rng)
    length = (d.SACCULAR_LENGTH_M if saccular else d.FUSIFORM_LENGTH_M).draw(rng)
    lowest = min(bifurcation_z_m + d.ANEURYSM_FROM_FORK * length, d.ANEURYSM_TOP_Z_M)
    return Aneurysm(
        shape=AneurysmShape.SACCULAR if saccular else AneurysmShape.FUSIFORM,
        z_m=float(rng.uniform(lowest, d.ANEURYSM_TOP_Z_M)),
        length_m=length,
        radius_m=0.5 * d.ANEURYSM_M.draw(rng),
        thrombus_fraction=d.THROMBUS_FRACTION.draw(rng) if d.THROMBUS.draw(rng) else 0.0,
        angle_rad=float(rng.uniform(0.0, 2.0 * math.pi)),
    )


def draw_dissection(rng: np.random.Generator, bifurcation_z_m: float) -> Dissection:
    """Type-B flap that ends somewhere in the abdominal aorta."""
    reach = d.DISSECTION_END_SHARE.draw(rng)
    return Dissection(
        end_z_m=_DIAPHRAGM_Z_M + reach * (bifurcation_z_m - _DIAPHRAGM_Z_M),
        true_share=d.TRUE_SHARE.draw(rng),
        angle_rad=float(rng.uniform(0.0, 2.0 * math.pi)),
        twist_rad_m=d.DISSECTION_TWIST_RAD_M.draw(rng),
        widening=d.DISSECTION_WIDENING.draw(rng),
    )


def draw_abdomen(rng: np.random.Generator) -> Abdomen:
    """What lies in front of the aorta."""
    return Abdomen(
        gas_pockets=int(rng.integers(d.GAS_POCKETS[0], d.GAS_POCKETS[1], endpoint=True)),
        bowel_loops=int(rng.integers(d.BOWEL_LOOPS[0], d.BOWEL_LOOPS[1], endpoint=True)),
        liver_vessel_scale=d.LIVER_VESSEL_SCALE.draw(rng),
        liver_edge_z_m=d.LIVER_EDGE_Z_M.draw(rng),
    )
