"""The beating heart: maps a point back to end-diastole, looks its label up, and adds the leaflets.

Heart coordinates (a, b, c): a towards the RV, b towards the outflow tract, c from the epicardial apex to the base.
In the LV the map keeps the share of each slice, so that the cavity has the prescribed volume and the muscle keeps its
own; the RV follows with its distance from the septum, the atria stretch between the annulus and their still roof.
"""

import math

import numpy as np
from numpy.typing import NDArray

from echopilot_sim.anatomy.heart_chambers import RV_AXIS, modulation
from echopilot_sim.anatomy.heart_motion import annulus_m as annulus_m
from echopilot_sim.anatomy.heart_motion import contraction as contraction
from echopilot_sim.anatomy.heart_motion import lv_volume_m3 as lv_volume_m3
from echopilot_sim.anatomy.heart_root import ascending_end as ascending_end
from echopilot_sim.anatomy.heart_shape import SPACING_M
from echopilot_sim.anatomy.heart_state import BuiltHeart as BuiltHeart
from echopilot_sim.anatomy.heart_state import State as State
from echopilot_sim.anatomy.heart_state import build as build
from echopilot_sim.anatomy.heart_state import in_cavity as in_cavity
from echopilot_sim.anatomy.heart_state import no_heart as no_heart
from echopilot_sim.anatomy.heart_state import state as state
from echopilot_sim.anatomy.heart_valves import cusp, mitral, tricuspid
from echopilot_sim.anatomy.materials import Material
from echopilot_sim.compiled import njit

Array = NDArray[np.float64]

_CORE_M = 0.0165  # deeper than this under the endocardium there is only blood
_PER_VOXEL = 1.0 / SPACING_M
_CHORDA_RADIUS2 = 0.0005**2
_BLOOD_LV, _BLOOD_RV, _BLOOD_LA, _BLOOD_RA, _BLOOD_ROOT, _LEAFLET, _TRABECULA = (
    int(m)
    for m in (
        Material.BLOOD_LV,
        Material.BLOOD_RV,
        Material.BLOOD_LA,
        Material.BLOOD_RA,
        Material.BLOOD_ROOT,
        Material.LEAFLET,
        Material.TRABECULA,
    )
)


@njit(cache=True, nogil=True, error_model="numpy")
def bounding_sphere(s: State) -> tuple[float, float, float, float]:
    """Centre (x, y, z) [m] in patient and squared radius [m^2] of a ball that holds the whole heart."""
    f = s[0]
    a, b, c = f[40], f[41], f[42]
    return (
        f[0] + f[3] * a + f[6] * b + f[9] * c,
        f[1] + f[4] * a + f[7] * b + f[10] * c,
        f[2] + f[5] * a + f[8] * b + f[11] * c,
        f[43],
    )


@njit(cache=True, nogil=True, error_model="numpy")
def classify(s: State, x: float, y: float, z: float) -> tuple[int, float, float, float]:
    """Material at a point of patient (-1: not in the heart) and its tissue coordinates in heart axes [m]."""
    f, table, labels = s
    x -= f[0]
    y -= f[1]
    z -= f[2]
    c = f[9] * x + f[10] * y + f[11] * z
    if c < f[39] or c > f[46]:
        return -1, 0.0, 0.0, 0.0
    a = f[3] * x + f[4] * y + f[5] * z
    b = f[6] * x + f[7] * y + f[8] * z
    if a < f[37] or a > f[44] or b < f[38] or b > f[45]:
        return -1, 0.0, 0.0, 0.0
    annulus = f[12]
    u = min(max(c, 0.0), annulus) * f[13]
    i = min(int(u), table.shape[0] - 2)
    u -= i
    low, high = table[i], table[i + 1]
    outer2 = low[2] + u * (high[2] - low[2])
    bow = low[7] + u * (high[7] - low[7])
    rest_c = low[0] + u * (high[0] - low[0])
    rest_outer2 = low[4] + u * (high[4] - low[4])
    px = a - bow
    r2 = px * px + b * b + 1e-12
    m_in, m_out = modulation(px, b)
    if r2 < outer2 * m_out:
        inner2 = low[1] + u * (high[1] - low[1])
        rest_inner2 = low[3] + u * (high[3] - low[3])
        turn_c, turn_s = low[5] + u * (high[5] - low[5]), low[6] + u * (high[6] - low[6])
        qx, qy = turn_c * px - turn_s * b, turn_s * px + turn_c * b
        r_in, r_out = modulation(qx, qy)
        in2 = inner2 * m_in
        if r2 < in2:
            r, edge = math.sqrt(r2), math.sqrt(in2)
            depth = edge - r
            rest_edge = math.sqrt(rest_inner2 * r_in)
            scale = (rest_edge - depth - (rest_edge - edge) * (depth / edge) ** 2) / r
            if depth > _CORE_M and c < annulus:
                if annulus - c < 0.028 and mitral(a, b, annulus - c, f[33], f[17]):
                    return _LEAFLET, qx * scale + bow, qy * scale, rest_c
                if f[47] < c and _chorda(f, a, b, c):
                    return _TRABECULA, qx * scale + bow, qy * scale, rest_c
                return _BLOOD_LV, qx * scale + bow, qy * scale, rest_c
        else:
            out2, rest_in2 = outer2 * m_out, rest_inner2 * r_in
            share = (r2 - in2) / (out2 - in2)
            scale = math.sqrt((rest_in2 + share * (rest_outer2 * r_out - rest_in2)) / r2)
        ra, rb = qx * scale + bow, qy * scale
    else:
        r, edge, rest_edge = math.sqrt(r2), math.sqrt(outer2 * m_out), math.sqrt(rest_outer2 * m_out)
        d = r - edge
        facing = max((px * RV_AXIS[0] + b * RV_AXIS[1]) / r, 0.0)
        scale = (rest_edge + d * (1.0 + f[16] * facing * facing)) / r
        ra, rb = px * scale + bow, b * scale
    rest_c += min(c, 0.0)
    if c > annulus:
        share = min((c - annulus) / (f[15] - annulus), 1.0)
        rest_c = c + f[14] * (1.0 - share)
        keep = max(1.0 - (c - annulus) / 0.008, 0.0)
        ra, rb = a + keep * (ra - a), b + keep * (rb - b)
    away = b + 0.6 * (c - annulus)
    if away > 0.040:
        fade = min((away - 0.040) / 0.030, 1.0)
        rest_c += (c - rest_c) * fade * fade * (3.0 - 2.0 * fade)
        ra, rb = ra + (a - ra) * fade, rb + (b - rb) * fade
    ia, ib, ic = int((ra - f[48]) * _PER_VOXEL), int((rb - f[49]) * _PER_VOXEL), int((rest_c - f[50]) * _PER_VOXEL)
    nc, nb, na = labels.shape
    if ia < 0 or ib < 0 or ic < 0 or ia >= na or ib >= nb or ic >= nc:
        return -1, 0.0, 0.0, 0.0
    m = int(labels[ic, ib, ia])
    if m == 0:
        return -1, 0.0, 0.0, 0.0
    if m >= _BLOOD_LV and m <= _BLOOD_ROOT and _valve(f, m, a, b, c):
        return _LEAFLET, ra, rb, rest_c
    if m == _BLOOD_LV and f[47] < c < annulus and _chorda(f, a, b, c):
        m = _TRABECULA
    return m, ra, rb, rest_c


@njit(cache=True, nogil=True, error_model="numpy")
def _valve(f: Array, m: int, a: float, b: float, c: float) -> bool:
    """True on a leaflet that lies in blood of material m."""
    if m == _BLOOD_ROOT:
        x, y, z = a - f[19], b - f[20], c - f[21]
        h = f[28] * x + f[29] * y + f[30] * z
        if h > 0.020:
            return False
        return bool(cusp(f[22] * x + f[23] * y + f[24] * z, f[25] * x + f[26] * y + f[27] * z, h, f[31], f[18]))
    if m in (_BLOOD_LV, _BLOOD_LA):
        return bool(mitral(a, b, f[12] - c, f[33], f[17]))
    depth = f[35] - c
    if depth < -0.002 or depth > 0.026:
        return False
    along = a * RV_AXIS[0] + b * RV_AXIS[1] - f[36]
    return bool(tricuspid(along, b * RV_AXIS[0] - a * RV_AXIS[1] + 0.004, depth, f[51], f[17]))


@njit(cache=True, nogil=True, error_model="numpy")
def _chorda(f: Array, a: float, b: float, c: float) -> bool:
    """True on one of the chordae between papillary heads and leaflet tips."""
    for k in range(4):
        o = 56 + 6 * k
        t = (c - f[o + 2]) / (f[o + 5] - f[o + 2])
        if 0.0 < t < 1.0:
            x, y = a - f[o] - t * (f[o + 3] - f[o]), b - f[o + 1] - t * (f[o + 4] - f[o + 1])
            if x * x + y * y < _CHORDA_RADIUS2:
                return True
    return False
