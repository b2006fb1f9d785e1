"""The beating heart: map from a point back to end-diastole, label lookup, and leaflets.

Heart coordinates (a, b, c): a towards the RV, b towards the outflow tract, c from the epicardial apex to the base.
In the LV the map keeps the share of each slice, so that the cavity has the prescribed volume and the muscle keeps its
own; the RV follows with its distance from the septum, the atria stretch between the annulus and their still roof.
"""

import math

from echopilot_core import Array
from echopilot_core.kernels.compiled import njit
from echopilot_sim.anatomy.heart import columns as col
from echopilot_sim.anatomy.heart.aortic_root import ascending_end as ascending_end
from echopilot_sim.anatomy.heart.chambers import RV_AXIS, modulation
from echopilot_sim.anatomy.heart.motion import annulus_m as annulus_m
from echopilot_sim.anatomy.heart.motion import contraction as contraction
from echopilot_sim.anatomy.heart.motion import lv_volume_m3 as lv_volume_m3
from echopilot_sim.anatomy.heart.shape import SPACING_M
from echopilot_sim.anatomy.heart.state import BuiltHeart as BuiltHeart
from echopilot_sim.anatomy.heart.state import State as State
from echopilot_sim.anatomy.heart.state import build as build
from echopilot_sim.anatomy.heart.state import in_cavity as in_cavity
from echopilot_sim.anatomy.heart.state import no_heart as no_heart
from echopilot_sim.anatomy.heart.state import state as state
from echopilot_sim.anatomy.heart.valves import cusp, mitral, tricuspid
from echopilot_sim.anatomy.labels.materials import Material

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
    """Center (x, y, z) [m] in patient and squared radius [m^2] of a ball that holds the whole heart."""
    f = s[0]
    a, b, c = f[col.SPHERE], f[col.SPHERE + 1], f[col.SPHERE + 2]
    return (
        f[col.APEX] + f[col.ROTATION] * a + f[col.ROTATION + 3] * b + f[col.ROTATION + 6] * c,
        f[col.APEX + 1] + f[col.ROTATION + 1] * a + f[col.ROTATION + 4] * b + f[col.ROTATION + 7] * c,
        f[col.APEX + 2] + f[col.ROTATION + 2] * a + f[col.ROTATION + 5] * b + f[col.ROTATION + 8] * c,
        f[col.SPHERE_RADIUS_2],
    )


@njit(cache=True, nogil=True, error_model="numpy")
def classify(s: State, x: float, y: float, z: float) -> tuple[int, float, float, float]:
    """Material at a point of patient (-1: not in the heart) and its tissue coordinates in heart axes [m]."""
    f, table, labels = s
    x -= f[col.APEX]
    y -= f[col.APEX + 1]
    z -= f[col.APEX + 2]
    c = f[col.ROTATION + 6] * x + f[col.ROTATION + 7] * y + f[col.ROTATION + 8] * z
    if c < f[col.BOX_LOW + 2] or c > f[col.BOX_HIGH + 2]:
        return -1, 0.0, 0.0, 0.0
    a = f[col.ROTATION] * x + f[col.ROTATION + 1] * y + f[col.ROTATION + 2] * z
    b = f[col.ROTATION + 3] * x + f[col.ROTATION + 4] * y + f[col.ROTATION + 5] * z
    if a < f[col.BOX_LOW] or a > f[col.BOX_HIGH] or b < f[col.BOX_LOW + 1] or b > f[col.BOX_HIGH + 1]:
        return -1, 0.0, 0.0, 0.0
    annulus = f[col.ANNULUS]
    u = min(max(c, 0.0), annulus) * f[col.ROWS_PER_M]
    i = min(int(u), table.shape[0] - 2)
    u -= i
    low, high = table[i], table[i + 1]
    outer2 = low[col.OUTER_2] + u * (high[col.OUTER_2] - low[col.OUTER_2])
    bow = low[col.BOW] + u * (high[col.BOW] - low[col.BOW])
    rest_c = low[col.REST_HEIGHT] + u * (high[col.REST_HEIGHT] - low[col.REST_HEIGHT])
    rest_outer2 = low[col.REST_OUTER_2] + u * (high[col.REST_OUTER_2] - low[col.REST_OUTER_2])
    px = a - bow
    r2 = px * px + b * b + 1e-12
    m_in, m_out = modulation(px, b)
    if r2 < outer2 * m_out:
        inner2 = low[col.INNER_2] + u * (high[col.INNER_2] - low[col.INNER_2])
        rest_inner2 = low[col.REST_INNER_2] + u * (high[col.REST_INNER_2] - low[col.REST_INNER_2])
        turn_c, turn_s = (
            low[col.TURN_COS] + u * (high[col.TURN_COS] - low[col.TURN_COS]),
            low[col.TURN_SIN] + u * (high[col.TURN_SIN] - low[col.TURN_SIN]),
        )
        qx, qy = turn_c * px - turn_s * b, turn_s * px + turn_c * b
        r_in, r_out = modulation(qx, qy)
        in2 = inner2 * m_in
        if r2 < in2:
            r, edge = math.sqrt(r2), math.sqrt(in2)
            depth = edge - r
            rest_edge = math.sqrt(rest_inner2 * r_in)
            scale = (rest_edge - depth - (rest_edge - edge) * (depth / edge) ** 2) / r
            if depth > _CORE_M and c < annulus:
                if annulus - c < 0.028 and mitral(a, b, annulus - c, f[col.MITRAL_RADIUS], f[col.MITRAL_OPENING]):
                    return _LEAFLET, qx * scale + bow, qy * scale, rest_c
                if f[col.CHORDAE_LOW] < c and _chorda(f, a, b, c):
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
        scale = (rest_edge + d * (1.0 + f[col.RV_SHORTENING] * facing * facing)) / r
        ra, rb = px * scale + bow, b * scale
    rest_c += min(c, 0.0)
    if c > annulus:
        share = min((c - annulus) / (f[col.ROOF] - annulus), 1.0)
        rest_c = c + f[col.ANNULUS_DESCENT] * (1.0 - share)
        keep = max(1.0 - (c - annulus) / 0.008, 0.0)
        ra, rb = a + keep * (ra - a), b + keep * (rb - b)
    away = b + 0.6 * (c - annulus)
    if away > 0.040:
        fade = min((away - 0.040) / 0.030, 1.0)
        rest_c += (c - rest_c) * fade * fade * (3.0 - 2.0 * fade)
        ra, rb = ra + (a - ra) * fade, rb + (b - rb) * fade
    ia, ib, ic = (
        int((ra - f[col.LABELS_ORIGIN]) * _PER_VOXEL),
        int((rb - f[col.LABELS_ORIGIN + 1]) * _PER_VOXEL),
        int((rest_c - f[col.LABELS_ORIGIN + 2]) * _PER_VOXEL),
    )
    nc, nb, na = labels.shape
    if ia < 0 or ib < 0 or ic < 0 or ia >= na or ib >= nb or ic >= nc:
        return -1, 0.0, 0.0, 0.0
    m = int(labels[ic, ib, ia])
    if m == 0:
        return -1, 0.0, 0.0, 0.0
    if m >= _BLOOD_LV and m <= _BLOOD_ROOT and _valve(f, m, a, b, c):
        return _LEAFLET, ra, rb, rest_c
    if m == _BLOOD_LV and f[col.CHORDAE_LOW] < c < annulus and _chorda(f, a, b, c):
        m = _TRABECULA
    return m, ra, rb, rest_c


@njit(cache=True, nogil=True, error_model="numpy")
def _valve(f: Array, m: int, a: float, b: float, c: float) -> bool:
    """True on a leaflet that lies in blood of material m."""
    if m == _BLOOD_ROOT:
        x, y, z = a - f[col.ROOT_BASE], b - f[col.ROOT_BASE + 1], c - f[col.ROOT_BASE + 2]
        h = f[col.ROOT_AXIS] * x + f[col.ROOT_AXIS + 1] * y + f[col.ROOT_AXIS + 2] * z
        if h > 0.020:
            return False
        return bool(
            cusp(
                f[col.ROOT_U] * x + f[col.ROOT_U + 1] * y + f[col.ROOT_U + 2] * z,
                f[col.ROOT_V] * x + f[col.ROOT_V + 1] * y + f[col.ROOT_V + 2] * z,
                h,
                f[col.ROOT_RADIUS],
                f[col.AORTIC_OPENING],
            )
        )
    if m in (_BLOOD_LV, _BLOOD_LA):
        return bool(mitral(a, b, f[col.ANNULUS] - c, f[col.MITRAL_RADIUS], f[col.MITRAL_OPENING]))
    depth = f[col.TRICUSPID_HEIGHT] - c
    if depth < -0.002 or depth > 0.026:
        return False
    along = a * RV_AXIS[0] + b * RV_AXIS[1] - f[col.LV_RADIUS]
    return bool(
        tricuspid(along, b * RV_AXIS[0] - a * RV_AXIS[1] + 0.004, depth, f[col.TRICUSPID_RADIUS], f[col.MITRAL_OPENING])
    )


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
