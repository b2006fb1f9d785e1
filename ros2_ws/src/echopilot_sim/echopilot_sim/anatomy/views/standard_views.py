"""Target poses of the standard views: face center on the skin, z along the beam, x towards the marker (ASE 2019)."""

import math
from functools import lru_cache

import numpy as np

from echopilot_core import Array, View, se3
from echopilot_sim.anatomy.heart import beating_heart as heart_model
from echopilot_sim.anatomy.parameters import Heart, Patient
from echopilot_sim.anatomy.torso import rib_cage
from echopilot_sim.anatomy.torso.skin import Skin
from echopilot_sim.anatomy.vessels.vessels import Vessels
from echopilot_sim.anatomy.views import aortic_views, caval_view
from echopilot_sim.frame_state import Phases

MAX_TILT_RAD = math.radians(65.0)
STERNAL_CLEARANCE_M = 0.010
REFERENCE = Phases(heart=0.0, breathing=0.5)
APICAL = (View.A4C, View.A2C, View.A3C, View.A5C)


def target(
    patient: Patient,
    skin: Skin,
    vessels: Vessels,
    window: Array | None,
    view: View,
    phases: Phases,
    station_m: float = float("nan"),
) -> Array | None:
    """Pose `T_patient_target` (4, 4) of a view; the heart is taken at end-diastole, the breathing from `phases`.

    `window` is `parasternal_window` of the patient.
    """
    if view == View.AORTA_TRANS:
        return aortic_views.target(skin, vessels, phases, station_m, along=False)
    if view == View.AORTA_LONG:
        return aortic_views.target(skin, vessels, phases, station_m, along=True)
    if view == View.SC_IVC:
        return caval_view.target(skin, vessels, phases)
    return _cardiac(patient, skin, window, view, phases)


def _cardiac(patient: Patient, skin: Skin, window: Array | None, view: View, phases: Phases) -> Array | None:
    heart = patient.heart
    if heart is None:
        return None
    a, _, d = heart.rotation.T
    origin = heart.apex_m - np.array([0.0, 0.0, patient.torso.organ_shift_m * (phases.breathing - 0.5)])
    annulus = heart_model.annulus_m(heart, 0.0)

    def at(pa: float, pb: float, pc: float) -> Array:
        return np.asarray(origin + heart.rotation @ np.array([pa, pb, pc]))

    if view in APICAL:
        entry = np.array(_ray_entry(skin, tuple(origin), tuple(-d), phases.breathing))
        mitral = at(0.0, 0.0, annulus)
        aim, x_hint = {
            View.A4C: (at(0.006, 0.0, annulus), -a),
            View.A2C: (mitral, -_turned(a, d, -60.0)),
            View.A3C: (mitral, _plax_side(heart.rotation)),
            View.A5C: (at(0.012, 0.018, annulus), -a),
        }[view]
        return _pose(skin, entry, aim - entry, x_hint, phases)
    if view in (View.PLAX, View.PSAX_PM, View.PSAX_MV, View.PSAX_AV):
        if window is None:
            return None
        entry = skin.point(window[:1], window[2:], phases.breathing)[0]
        if view == View.PLAX:
            return _pose(skin, entry, at(0.0, 0.0, 0.86 * annulus) - entry, d, phases)
        level = {View.PSAX_PM: 0.45 * annulus, View.PSAX_MV: 0.86 * annulus, View.PSAX_AV: annulus + 0.004}[view]
        aim = at(0.0, 0.0, level) if view != View.PSAX_AV else at(0.012, 0.017, level)
        return _pose(skin, entry, aim - entry, -a, phases)
    if view == View.SC4C:
        entry = skin.point(np.array([0.0]), np.array([-0.030]), phases.breathing)[0]
        return _pose(skin, entry, at(0.018, 0.0, 0.75 * annulus) - entry, -d, phases)
    return None


def _unit(v: Array) -> Array:
    return np.asarray(v / np.linalg.norm(v))


def _turned(v: Array, axis: Array, angle_deg: float) -> Array:
    return se3.so3_exp(math.radians(angle_deg) * _unit(axis)) @ v


def _pose(skin: Skin, entry: Array, beam: Array, x_hint: Array, phases: Phases) -> Array | None:
    """Pose at a skin point; None when the beam would leave the skin too flat for contact."""
    normal = skin.normal(entry[None], phases.breathing)[0]
    if float(-normal @ _unit(beam)) < math.cos(MAX_TILT_RAD):
        return None
    return se3.transform(se3.look_along(beam, x_hint), entry)


@lru_cache(maxsize=4)
def _ray_entry(skin: Skin, start_m: tuple[float, ...], along: tuple[float, ...], breathing: float) -> tuple[float, ...]:
    """Where a ray from inside the body crosses the skin; the apical views of a moment share theirs."""
    inside, direction = np.array(start_m), np.array(along)
    low, high = 0.0, 0.20
    for _ in range(48):
        middle = 0.5 * (low + high)
        if skin.signed_distance((inside + middle * direction)[None], breathing)[0] < 0.0:
            low = middle
        else:
            high = middle
    return tuple(inside + 0.5 * (low + high) * direction)


def _plax_side(rotation: Array) -> Array:
    """Direction from the LV axis to the outflow tract, in the parasternal long-axis plane."""
    return _unit(math.cos(math.radians(57.0)) * rotation[:, 0] + math.sin(math.radians(57.0)) * rotation[:, 1])


def long_axis_entries(heart: Heart, skin: Skin, x_m: Array) -> list[Array]:
    """Skin points (3,) of the parasternal long-axis plane at lateral positions `x_m`, where it meets the chest."""
    annulus = heart_model.annulus_m(heart, 0.0)
    aim = heart.apex_m + 0.80 * annulus * heart.rotation[:, 2]
    plane_normal = np.cross(heart.rotation[:, 2], _plax_side(heart.rotation))
    zs = np.arange(0.0, 0.14, 0.001)
    entries = []
    for x in x_m:
        points = skin.point(np.full(zs.size, x), zs, REFERENCE.breathing)
        off = (points - aim) @ plane_normal
        k = int(np.argmin(np.abs(off)))
        if abs(float(off[k])) < 0.001:
            entries.append(points[k])
    return entries


def parasternal_window(patient: Patient, skin: Skin) -> Array | None:
    """Skin point (3,) left of the sternum, in the long-axis plane, between two ribs and near a square beam.

    None when the plane leaves the chest behind the sternum or too far to the side.
    """
    torso, heart = patient.torso, patient.heart
    if heart is None:
        return None
    aim = heart.apex_m + 0.80 * heart_model.annulus_m(heart, 0.0) * heart.rotation[:, 2]
    xs = np.arange(torso.sternum_half_width_m + STERNAL_CLEARANCE_M, 0.056, 0.002)

    def cost(entry: Array) -> float:
        clear = rib_cage.rib_level(skin.parameters, *entry) - torso.rib_half_width_m
        square = float(-skin.normal(entry[None], REFERENCE.breathing)[0] @ _unit(aim - entry))
        return float(4.0 * max(0.0, 0.006 - clear) / 0.006 + (1.0 - square) * 3.0 + 30.0 * entry[0])

    return min(long_axis_entries(heart, skin, xs), key=cost, default=None)
