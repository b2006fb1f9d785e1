"""A virtual patient drawn from a seed; ranges from the ASE/EACVI 2015 chamber guideline and adult anthropometry."""

import math
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from echopilot_core import EchoPilotError, se3
from echopilot_sim.anatomy import skin
from echopilot_sim.anatomy.parameters import (
    Abdomen,
    Aneurysm,
    AneurysmShape,
    Aorta,
    Heart,
    Patient,
    Position,
    Rhythm,
    RhythmKind,
    Torso,
)
from echopilot_sim.anatomy.views import long_axis_entries

Array = NDArray[np.float64]

_R_BASE_PATIENT = np.array([[1.0, 0.0, 0.0], [0.0, 0.0, 1.0], [0.0, -1.0, 0.0]])


def draw_patient(seed: int) -> Patient:
    """Draw the patient of a seed; the same seed gives the same patient everywhere.

    Raises EchoPilotError for a negative seed.
    """
    if seed < 0:
        raise EchoPilotError(f"patient seed must be 0 or more, got {seed}")
    rng = np.random.default_rng([seed, 20260])
    male = bool(rng.random() < 0.5)
    height = _bounded(rng, 1.77 if male else 1.64, 0.06, 1.50, 1.95)
    bmi = _bounded(rng, 25.5, 2.8, 20.0, 32.0)
    weight = bmi * height**2
    body_surface = 0.007184 * weight**0.425 * (100.0 * height) ** 0.725
    torso = _torso(rng, male, height, bmi)
    heart, torso = _heart(rng, male, body_surface, torso)
    return Patient(
        seed=seed,
        sex="M" if male else "F",
        height_m=height,
        weight_kg=weight,
        age_years=60.0,
        position=Position.SUPINE,
        roll_rad=0.0,
        rhythm=Rhythm(RhythmKind.SINUS, float(rng.uniform(55.0, 95.0)) / 60.0, 0.0),
        breathing_rate_hz=float(rng.uniform(0.20, 0.30)),
        torso=torso,
        heart=heart,
        aorta=_aorta(rng, male, torso),
        abdomen=Abdomen(gas_pockets=9, bowel_loops=70, liver_vessel_scale=1.0, liver_edge_z_m=-0.09),
        T_base_patient=_placement(rng),
    )


def _bounded(rng: np.random.Generator, mean: float, sigma: float, low: float, high: float) -> float:
    return float(np.clip(rng.normal(mean, sigma), low, high))


def _torso(rng: np.random.Generator, male: bool, height: float, bmi: float) -> Torso:
    size = height / 1.72
    bulk = (bmi - 25.0) / 7.0
    return Torso(
        half_width_chest_m=size * (0.166 if male else 0.156) + 0.012 * bulk + float(rng.normal(0.0, 0.003)),
        half_width_abdomen_m=size * (0.152 if male else 0.146) + 0.022 * bulk + float(rng.normal(0.0, 0.003)),
        chest_slope_m=float(rng.uniform(0.012, 0.028)),
        belly_m=0.006 - 0.018 * bulk + float(rng.normal(0.0, 0.003)),
        back_y_m=size * 0.218 + 0.016 * bulk + float(rng.normal(0.0, 0.003)),
        fat_chest_m=float(np.clip(0.006 + 0.004 * bulk + rng.normal(0.0, 0.001), 0.003, 0.013)),
        fat_abdomen_m=float(np.clip(0.013 + 0.010 * bulk + rng.normal(0.0, 0.002), 0.006, 0.028)),
        muscle_m=float(rng.uniform(0.007, 0.011)),
        breathing_chest_m=float(rng.uniform(0.002, 0.005)),
        breathing_abdomen_m=float(rng.uniform(0.004, 0.008)),
        organ_shift_m=float(rng.uniform(0.005, 0.010)),
        stiffness_abdomen_pa_m=float(rng.uniform(0.9e6, 1.7e6)),
        stiffness_chest_pa_m=float(rng.uniform(2.6e6, 5.0e6)),
        stiffness_rib_pa_m=float(rng.uniform(2.0e7, 3.5e7)),
        rib_spacing_m=size * 0.0345 + float(rng.uniform(-0.001, 0.002)),
        rib_half_width_m=float(rng.uniform(0.0055, 0.0065)),
        rib_phase_m=0.0,
        cartilage_slope_m_rad=0.08,
        sternum_half_width_m=float(rng.uniform(0.015, 0.018)),
        notch_z_m=size * float(rng.uniform(0.180, 0.200)),
        navel_z_m=-size * float(rng.uniform(0.165, 0.185)),
    )


def _heart(rng: np.random.Generator, male: bool, body_surface: float, torso: Torso) -> tuple[Heart, Torso]:
    """Heart behind an apical window in the middle of an interspace; the rib phase is set to match."""
    ejection = float(rng.uniform(0.55, 0.70) if rng.random() < 0.6 else rng.uniform(0.25, 0.55))
    dilation = 1.0 + 1.2 * max(0.0, 0.52 - ejection)
    edv = body_surface * _bounded(rng, 57.0 if male else 48.0, 6.0, 38.0, 70.0) * 1e-6 * dilation
    wall = _bounded(rng, 0.0090 if male else 0.0082, 0.0012, 0.0065, 0.013)
    length = (edv / 0.2606) ** (1.0 / 3.0) * float(rng.uniform(0.96, 1.05))

    p = skin.pack(torso)
    x = 0.71 * torso.half_width_chest_m + float(rng.uniform(-0.005, 0.005))
    z = 0.022 + float(rng.uniform(-0.008, 0.008))
    window = np.array([x, skin.front_y(p, x, z, 0.5), z])
    gap = _rib_phase_at(p, window)
    normal = np.array(skin.distance_normal(p, *window, 0.5)[1:])
    inward = -normal
    medial, superior = np.array([-1.0, 0.0, 0.0]), np.array([0.0, 0.0, 1.0])
    axis = inward + float(rng.uniform(0.08, 0.18)) * medial + float(rng.uniform(0.20, 0.30)) * superior
    axis /= np.linalg.norm(axis)
    wall_thickness = torso.fat_chest_m + torso.muscle_m + 0.014
    apex = window + (wall_thickness + float(rng.uniform(0.000, 0.008))) * axis

    anterior = np.array([0.0, -1.0, 0.0])
    e = anterior - (anterior @ axis) * axis
    e /= np.linalg.norm(e)
    turn = math.radians(55.0 + float(rng.uniform(-8.0, 8.0)))
    right = math.cos(turn) * e - math.sin(turn) * np.cross(axis, e)
    rotation = np.column_stack([right, np.cross(axis, right), axis])
    effusion = float(rng.uniform(0.006, 0.016)) if rng.random() < 0.1 else 0.0
    root = _bounded(rng, 0.0118 if male else 0.0106, 0.0008, 0.009, 0.0135)
    heart = Heart(
        apex_m=apex,
        rotation=rotation,
        edv_m3=edv,
        ejection_fraction=ejection,
        length_m=length,
        wall_m=wall,
        rv_scale=(body_surface / 1.85) ** (1.0 / 3.0) * float(rng.uniform(0.94, 1.06)),
        atrium_scale=(body_surface / 1.85) ** (1.0 / 3.0) * float(rng.uniform(0.92, 1.10)),
        root_radius_m=root,
        sinus_radius_m=1.38 * root,
        ascending_radius_m=1.2 * root,
        effusion_m=effusion,
    )
    return heart, _with_parasternal_gap(heart, replace(torso, rib_phase_m=gap))


def _rib_phase_at(p: Array, window: Array) -> float:
    """Rib phase [m] that puts the middle of an interspace at the window."""
    best, best_level = 0.0, -1.0
    for phase in np.linspace(0.0, p[10], 200, endpoint=False):
        q = p.copy()
        q[12] = phase
        level = skin.rib_level(q, *window)
        if level > best_level:
            best, best_level = float(phase), level
    return best


def _with_parasternal_gap(heart: Heart, torso: Torso) -> Torso:
    """Slope of the cartilages that opens an interspace where the long-axis plane leaves the chest."""

    def gap(candidate: Torso) -> float:
        p = skin.pack(candidate)
        return max((float(skin.rib_level(p, *e)) - 0.1 * float(e[0]) for e in entries), default=0.0)

    entries = long_axis_entries(heart, skin.Skin(torso), np.array([0.030, 0.035, 0.040, 0.045]))
    slopes = np.linspace(0.0, 0.20, 11)
    return max((replace(torso, cartilage_slope_m_rad=float(s)) for s in slopes), key=gap)


def _aorta(rng: np.random.Generator, male: bool, torso: Torso) -> Aorta:
    top = float(rng.uniform(0.0100, 0.0120)) if male else float(rng.uniform(0.0090, 0.0108))
    bottom = top * float(rng.uniform(0.80, 0.92))
    bifurcation = torso.navel_z_m + float(rng.uniform(-0.004, 0.012))
    has_aneurysm = bool(rng.random() < 0.5)
    length = float(rng.uniform(0.035, 0.060))
    radius = 0.5 * float(rng.uniform(0.033, 0.060))
    z = float(rng.uniform(bifurcation + 0.85 * length, -0.078))
    wave_x, wave_phase = float(rng.uniform(0.0, 0.006)), float(rng.uniform(0.0, 2.0 * math.pi))
    offset_x = float(rng.uniform(0.006, 0.014))
    thrombus, angle = float(rng.uniform(0.0, 0.6)), float(rng.uniform(0.0, 2.0 * math.pi))
    bulge = Aneurysm(AneurysmShape.FUSIFORM, z, length, radius, thrombus, angle)
    return Aorta(
        radius_arch_m=1.15 * top,
        radius_thoracic_m=1.05 * top,
        radius_top_m=top,
        radius_bottom_m=bottom,
        bifurcation_z_m=bifurcation,
        offset_x_m=offset_x,
        wave_x_m=wave_x,
        wave_phase_rad=wave_phase,
        aneurysm=bulge if has_aneurysm else None,
    )


def _placement(rng: np.random.Generator) -> Array:
    yaw = math.radians(float(rng.uniform(-5.0, 5.0)))
    direction = rng.normal(size=3)
    shift = direction / np.linalg.norm(direction) * float(rng.uniform(0.0, 0.020))
    rotation = se3.so3_exp(np.array([0.0, 0.0, yaw])) @ _R_BASE_PATIENT
    return se3.transform(rotation, np.array([0.50, 0.0, 0.20]) + shift)
