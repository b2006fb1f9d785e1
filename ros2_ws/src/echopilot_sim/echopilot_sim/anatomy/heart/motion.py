"""Motion of the heart: volume curve, valve opening, and the left ventricle as tabulated profiles along its axis.

The cavity at end-diastole has squared radius B^2 (1 - |1 - 1.4 t|^2.2) at the share t of its length. A material level t
descends by SHORTENING * EF * t^2 of the length while its squared radius shrinks by 1 - K w(t); K is solved so that
the cavity has the prescribed volume. Each slice of muscle keeps its volume, so the muscle as a whole does.
"""

import math
from dataclasses import dataclass

import numpy as np

from echopilot_core import Array
from echopilot_sim.anatomy.heart.aortic_root import APEX_WALL, annulus_rest_m
from echopilot_sim.anatomy.parameters import Heart

_SYSTOLE, _RELAXED = 0.36, 0.43
_SHORTENING = 0.22  # annular descent over cavity length, per unit of ejection fraction
_EXTENT, _ROUNDNESS = 1.4, 2.2
_BASE_HOLD = 0.65  # how much less the base narrows than the apex
_BULGE_M = 0.0016  # of the LV axis towards the septum
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(48)
_T, _DT = 0.5 * (_NODES + 1.0), 0.5 * _WEIGHTS
N_ROWS = 192


def _ramp(t: float) -> float:
    t = min(max(t, 0.0), 1.0)
    return t * t * (3.0 - 2.0 * t)


def contraction(phase: float) -> float:
    """Ejected share of the stroke volume: 0 at end-diastole (phase 0), 1 from 0.36 to 0.43 (end-systole)."""
    phase = phase % 1.0
    if phase <= _SYSTOLE:
        return _ramp(phase / _SYSTOLE)
    early = 0.72 * _ramp((phase - _RELAXED) / 0.22)
    kick = 0.28 * _ramp((phase - 0.83) / 0.17)
    return 1.0 - early - kick


def mitral_opening(phase: float) -> float:
    """Atrioventricular valves: 1 wide open in early filling, half open in diastasis, 0 in systole."""
    phase = phase % 1.0
    if phase < _RELAXED:
        return 0.0
    filling = max(_ramp((0.72 - phase) / 0.1), _ramp((phase - 0.83) / 0.06))
    return min(_ramp((phase - _RELAXED) / 0.06), 0.35 + 0.65 * filling) * _ramp((1.0 - phase) / 0.04)


def aortic_opening(phase: float) -> float:
    """Aortic cusps: 1 against the sinuses during ejection, 0 closed."""
    phase = phase % 1.0
    return _ramp((phase - 0.02) / 0.04) * _ramp((_SYSTOLE + 0.015 - phase) / 0.045)


def lv_volume_m3(heart: Heart, phase: float) -> float:
    """LV cavity volume [m^3] in closed form; papillary muscles and trabeculae count as cavity."""
    return heart.edv_m3 * (1.0 - heart.ejection_fraction * contraction(phase))


def annulus_m(heart: Heart, phase: float) -> float:
    """Height c [m] of the mitral annulus above the epicardial apex."""
    return annulus_rest_m(heart) - _SHORTENING * heart.ejection_fraction * contraction(phase) * heart.length_m


def _profile(x: Array) -> Array:
    return np.asarray(np.maximum(1.0 - np.abs(1.0 - x) ** _ROUNDNESS, 0.0))


@dataclass(frozen=True)
class RestShape:
    """LV at end-diastole: inner half-width `inner_m`, outer `outer_m`, and height of the widest outer part."""

    inner_m: float
    outer_m: float
    waist_m: float


def rest_shape(heart: Heart) -> RestShape:
    """Half-widths [m] that give the end-diastolic volume and the wall thickness at the equator."""
    area = float(_DT @ _profile(_EXTENT * _T))
    inner = math.sqrt(heart.edv_m3 / (math.pi * heart.length_m * area))
    return RestShape(inner, inner + heart.wall_m, heart.length_m / _EXTENT + APEX_WALL * heart.wall_m)


@dataclass(frozen=True)
class LvProfile:
    """LV at one phase, tabulated at even heights from the apex to the annulus; every column (192,).

    Squared radii are means over the circumference: pi times them is the area of the slice.
    """

    height_m: Array
    rest_height_m: Array  # of the same material at end-diastole
    inner2_m2: Array
    outer2_m2: Array
    rest_inner2_m2: Array
    rest_outer2_m2: Array
    turn_rad: Array  # of the material since end-diastole, seen from the base; the base is still
    bow_m: Array  # shift of the axis along a


def lv_profile(heart: Heart, phase: float) -> LvProfile:
    """Profiles of the left ventricle at a phase of the beat."""
    shape, tip, length = rest_shape(heart), APEX_WALL * heart.wall_m, heart.length_m
    k = contraction(phase)
    descent = _SHORTENING * heart.ejection_fraction * k
    weight, stretch = 1.0 - _BASE_HOLD * _T**2, 1.0 - 2.0 * descent * _T
    inner2 = shape.inner_m**2 * _profile(_EXTENT * _T)
    have, take = float(_DT @ (inner2 * stretch)), float(_DT @ (inner2 * weight * stretch))
    shrink = (have - lv_volume_m3(heart, phase) / (math.pi * length)) / take

    height = np.linspace(0.0, annulus_m(heart, phase), N_ROWS)
    y = np.maximum(height - tip, 0.0) / length
    t = 2.0 * y / (1.0 + np.sqrt(1.0 - 4.0 * descent * y))
    rest_height = np.where(height < tip, height, tip + length * t)
    rest_inner2 = shape.inner_m**2 * np.where(height < tip, 0.0, _profile(_EXTENT * t))
    rest_outer2 = shape.outer_m**2 * _profile(rest_height / shape.waist_m)
    inner_now = rest_inner2 * (1.0 - shrink * (1.0 - _BASE_HOLD * t**2))
    outer_now = inner_now + (rest_outer2 - rest_inner2) / (1.0 - 2.0 * descent * t)
    turn = heart.twist_rad * k * np.clip(1.0 - 1.15 * t, -0.15, 1.0)
    bow = _BULGE_M * np.sin(math.pi * t)
    return LvProfile(height, rest_height, inner_now, outer_now, rest_inner2, rest_outer2, turn, bow)
