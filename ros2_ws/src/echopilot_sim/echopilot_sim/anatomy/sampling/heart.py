"""Sampling of a patient's heart: its size, its place behind the apical window, and the ribs around its windows."""

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from echopilot_core import Array
from echopilot_sim.anatomy.heart.aortic_root import ascending_end
from echopilot_sim.anatomy.parameters import Heart, RhythmKind, Torso
from echopilot_sim.anatomy.sampling import distributions as d
from echopilot_sim.anatomy.sampling.torso import bulk
from echopilot_sim.anatomy.torso import rib_cage, skin
from echopilot_sim.anatomy.views.standard_views import long_axis_entries

Pose = tuple[Array, Array]  # apex (3,), rotation (3, 3)

_MAX_SLOPE = 0.5
_RIB_AND_PLEURA_M = 0.014  # from the muscle of the chest wall to the pericardium


def body_surface_m2(height_m: float, bmi: float) -> float:
    """Body surface [m^2] after Du Bois & Du Bois 1916, which [ASE] indexes by."""
    return float(0.007184 * (bmi * height_m**2) ** 0.425 * (100.0 * height_m) ** 0.725)


def sample_heart(
    rng: np.random.Generator, sex: str, age_years: float, height_m: float, bmi: float, rhythm: RhythmKind, torso: Torso
) -> tuple[Heart, Torso]:
    """Heart behind an apical window in the middle of an interspace, and the torso with its ribs set to match."""
    surface = body_surface_m2(height_m, bmi)
    ejection = d.EF_REDUCED.sample(rng) if d.REDUCED_EF.sample(rng) else d.EF_NORMAL[sex].sample(rng)
    edv = surface * d.EDV_ML_M2[sex].sample(rng) * 1e-6 * (1.0 + d.DILATION_PER_EF * max(0.0, 0.52 - ejection))
    thick = d.HYPERTROPHY.sample(rng)
    wall = d.WALL_HYPERTROPHY_M.sample(rng) if thick else d.WALL_M[sex].sample(rng)
    la_ml = surface * d.LA_ML_M2.sample(rng)
    if thick or ejection < 0.40 or rhythm is RhythmKind.ATRIAL_FIBRILLATION:
        la_ml += surface * d.LA_ENLARGEMENT_ML_M2.sample(rng)
    pose, slope, gap = _place(rng, bulk(bmi), torso)
    apex, rotation = pose(slope)
    root, sinus, ascending = _root(rng, sex, age_years, surface)
    heart = Heart(
        apex_m=apex,
        rotation=rotation,
        edv_m3=edv,
        ejection_fraction=ejection,
        length_m=(edv / 0.2606) ** (1.0 / 3.0) * d.LENGTH_RATIO.sample(rng),
        wall_m=wall,
        rv_scale=(surface / 1.85) ** (1.0 / 3.0) * d.RV_RATIO.sample(rng),
        atrium_scale=(la_ml / d.LA_SCALE_ONE_ML) ** (1.0 / 3.0),
        root_radius_m=root,
        sinus_radius_m=sinus,
        ascending_radius_m=ascending,
        effusion_m=d.EFFUSION_M.sample(rng) if d.EFFUSION.sample(rng) else 0.0,
        twist_rad=d.TWIST_RAD.sample(rng) * ejection / 0.62,
        trabeculation=d.TRABECULATION.sample(rng),
    )
    heart = _raised(heart, pose, slope)
    return heart, _with_parasternal_gap(heart, replace(torso, rib_phase_m=gap))


def _place(rng: np.random.Generator, b: float, torso: Torso) -> tuple[Callable[[float], Pose], float, float]:
    """Apex and rotation for a slope of the long axis upwards, the slope drawn, and the rib phase [m] that opens an
    interspace in front of the apex."""
    p = skin.pack(torso)
    x = min(d.APEX_X_SHARE.sample(rng) * torso.half_width_chest_m, d.APEX_X_LIMIT_M)
    z = d.APEX_Z_M.sample(rng)
    window = np.array([x, skin.front_y(p, x, z, 0.5), z])
    inward = -np.array(skin.distance_normal(p, *window, 0.5)[1:])
    medial = d.AXIS_MEDIAL.sample(rng)
    upwards = d.AXIS_SUPERIOR.sample(rng) + d.AXIS_SUPERIOR_PER_BULK * b
    behind = torso.fat_chest_m + torso.muscle_m + _RIB_AND_PLEURA_M + d.APEX_BEHIND_WALL_M.sample(rng)
    turn = math.radians(d.TURN_DEG.sample(rng))

    def pose(slope: float) -> Pose:
        axis = inward + np.array([-medial, 0.0, slope])
        axis /= np.linalg.norm(axis)
        anterior = np.array([0.0, -1.0, 0.0])
        e = anterior - (anterior @ axis) * axis
        e /= np.linalg.norm(e)
        right = math.cos(turn) * e - math.sin(turn) * np.cross(axis, e)
        apex = window + behind / float(inward @ axis) * axis
        return apex, np.column_stack([right, np.cross(axis, right), axis])

    return pose, upwards, _rib_phase_at(p, window)


def _raised(heart: Heart, pose: Callable[[float], Pose], slope: float) -> Heart:
    """The heart at the least slope from the drawn one on at which its aorta rises high enough for the arch."""
    while True:
        apex, rotation = pose(slope)
        heart = replace(heart, apex_m=apex, rotation=rotation)
        if ascending_end(heart)[0][2] >= d.ASCENDING_END_Z_M or slope > _MAX_SLOPE:
            return heart
        slope += 0.02


def _root(rng: np.random.Generator, sex: str, age_years: float, surface_m2: float) -> tuple[float, float, float]:
    """Inner radii [m] of annulus, sinuses and tubular ascending aorta."""
    annulus = d.ANNULUS_M[sex].sample(rng)
    base, per_year, per_m2, per_sex, error = d.SINUS_M
    usual = base + per_year * age_years + per_m2 * surface_m2 + per_sex * (1.0 if sex == "M" else 2.0)
    z = (d.SINUS_Z_DILATED if d.DILATED_ROOT.sample(rng) else d.SINUS_Z).sample(rng)
    sinus = max(usual + z * error - d.ROOT_EDGE_M, 1.15 * annulus)
    ascending = d.ASCENDING_RATIO.sample(rng) * sinus
    if d.DILATED_ASCENDING.sample(rng):
        ascending = d.ASCENDING_DILATED_M.sample(rng) - d.ROOT_EDGE_M
    return 0.5 * annulus, 0.5 * sinus, 0.5 * ascending


def with_windows(heart: Heart, torso: Torso) -> Torso:
    """The torso with its ribs moved so that interspaces lie in front of the apex and in the long-axis plane."""
    surface = skin.Skin(torso)
    p = surface.parameters
    low, high = 0.0, 0.2  # from the apex outwards along the long axis to the skin
    for _ in range(40):
        middle = 0.5 * (low + high)
        outside = surface.signed_distance((heart.apex_m - middle * heart.rotation[:, 2])[None], 0.5)[0] > 0.0
        low, high = (low, middle) if outside else (middle, high)
    window = heart.apex_m - low * heart.rotation[:, 2]
    return _with_parasternal_gap(heart, replace(torso, rib_phase_m=_rib_phase_at(p, window)))


def _rib_phase_at(p: Array, window: Array) -> float:
    """Rib phase [m] that puts the middle of an interspace at the window."""
    best, best_level = 0.0, -1.0
    for phase in np.linspace(0.0, p[10], 200, endpoint=False):
        q = p.copy()
        q[12] = phase
        level = rib_cage.rib_level(q, *window)
        if level > best_level:
            best, best_level = float(phase), level
    return best


def _with_parasternal_gap(heart: Heart, torso: Torso) -> Torso:
    """Slope of the cartilages that opens an interspace where the long-axis plane leaves the chest."""

    def gap(candidate: Torso) -> float:
        p = skin.pack(candidate)
        return max((float(rib_cage.rib_level(p, *e)) - 0.1 * float(e[0]) for e in entries), default=0.0)

    entries = long_axis_entries(heart, skin.Skin(torso), np.array([0.030, 0.035, 0.040, 0.045]))
    slopes = np.linspace(0.0, 0.20, 11)
    return max((replace(torso, cartilage_slope_m_rad=float(s)) for s in slopes), key=gap)
