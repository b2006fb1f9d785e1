"""The beating heart: four chambers, valves, root and pericardium as moving analytic shapes.

Heart coordinates (a, b, c): a towards the RV, b towards the outflow tract, c from the epicardial apex to the base.
The LV cavity is an ellipsoid cut at the annulus with a prescribed volume; its muscle volume is conserved.
"""

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

from echopilot_sim.anatomy.heart_root import ascending_end as ascending_end
from echopilot_sim.anatomy.materials import Material
from echopilot_sim.anatomy.parameters import Heart

Array = NDArray[np.float64]

TRUNCATION = 0.4  # annulus height above the ellipsoid's centre, in units of the long half-axis
N_STATE = 40
_SYSTOLE, _RELAXED = 0.36, 0.43
_SHORTENING = 0.22  # share of the cavity length lost per unit of ejection fraction

_BLOOD_LV, _PAPILLARY, _MYO_LV = int(Material.BLOOD_LV), int(Material.PAPILLARY), int(Material.MYOCARDIUM_LV)
_BLOOD_RV, _MYO_RV = int(Material.BLOOD_RV), int(Material.MYOCARDIUM_RV)
_BLOOD_LA, _BLOOD_RA, _MYO_ATRIA = int(Material.BLOOD_LA), int(Material.BLOOD_RA), int(Material.MYOCARDIUM_ATRIA)
_LEAFLET, _BLOOD_ROOT, _ROOT_WALL = int(Material.LEAFLET), int(Material.BLOOD_ROOT), int(Material.ROOT_WALL)
_PERICARDIUM, _EFFUSION, _FAT = int(Material.PERICARDIUM), int(Material.EFFUSION), int(Material.MEDIASTINUM)


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


def lv_volume_m3(heart: Heart, phase: float) -> float:
    """LV cavity volume [m^3] in closed form; papillary muscles count as cavity."""
    return heart.edv_m3 * (1.0 - heart.ejection_fraction * contraction(phase))


def _cut_factor(t: float) -> float:
    """Volume of an ellipsoid of unit half-axes below height t, over pi."""
    return 2.0 / 3.0 + t - t**3 / 3.0


def lv_shape(heart: Heart, phase: float) -> Array:
    """LV geometry (6,) [m]: long half-axis A, short half-axis B, epicardial A_e and B_e, centre c0, annulus c."""
    apex_wall = 0.65 * heart.wall_m
    A0 = heart.length_m / (1.0 + TRUNCATION)
    B0 = math.sqrt(heart.edv_m3 / (math.pi * A0 * _cut_factor(TRUNCATION)))
    muscle = _epicardial_volume(A0 + apex_wall, B0 + heart.wall_m, TRUNCATION * A0) - heart.edv_m3
    k = contraction(phase)
    A = A0 * (1.0 - _SHORTENING * heart.ejection_fraction * k)
    volume = lv_volume_m3(heart, phase)
    B = math.sqrt(volume / (math.pi * A * _cut_factor(TRUNCATION)))
    tip = apex_wall * (1.0 + 0.4 * heart.ejection_fraction * k)
    A_e = A + tip
    B_e = math.sqrt((volume + muscle) / (math.pi * A_e * _cut_factor(TRUNCATION * A / A_e)))
    return np.array([A, B, A_e, B_e, A_e, A_e + TRUNCATION * A])


def _epicardial_volume(A: float, B: float, height: float) -> float:
    return math.pi * B * B * A * _cut_factor(height / A)


def state(heart: Heart, phase: float, breathing: float, organ_shift_m: float) -> Array:
    """Flat numbers (40,) that `classify` needs for one instant."""
    now, rest = lv_shape(heart, phase), lv_shape(heart, 0.0)
    k = contraction(phase) * heart.ejection_fraction / 0.6
    g, s = heart.rv_scale, heart.atrium_scale
    annulus, B_e = now[5], now[3]
    roof = rest[5] + 0.049 * s
    half_la = (roof - annulus) / 1.78
    half_ra = (roof - 0.002 - annulus) / 1.78
    opening = _valve_opening(phase)
    ejecting = 1.0 if 0.03 < phase % 1.0 < _SYSTOLE else 0.0
    origin = heart.apex_m - np.array([0.0, 0.0, organ_shift_m * (breathing - 0.5)])
    out = np.zeros(N_STATE)
    out[0:3] = origin
    out[3:12] = heart.rotation.T.ravel()
    out[12:18] = now
    out[18:24] = rest
    width = 0.025 * g * (1.0 - 0.22 * k)  # from the septum to the free wall
    half = 0.034 * g
    out[24:27] = B_e + width - half, 0.005, 0.70 * annulus  # RV centre
    out[27:30] = half, g * 0.035 * (1.0 - 0.10 * k), 0.53 * annulus  # RV half-axes
    out[30:32] = half_la, half_ra
    out[32], out[33] = opening, ejecting
    out[34], out[35], out[36] = heart.root_radius_m, heart.effusion_m, s
    out[37] = g
    return out


def no_heart() -> Array:
    """State (40,) of a patient without a modelled heart: nothing lies in it."""
    out = np.zeros(N_STATE)
    out[:3] = 1e3
    return out


def _valve_opening(phase: float) -> float:
    """AV valves: 1 fully open in early filling, half open in diastasis, 0 in systole."""
    phase = phase % 1.0
    if phase < _RELAXED:
        return 0.0
    filling = max(_ramp((0.72 - phase) / 0.1), _ramp((phase - 0.83) / 0.06))
    return min(_ramp((phase - _RELAXED) / 0.06), 0.35 + 0.65 * filling) * _ramp((1.0 - phase) / 0.04)


@njit(cache=True, nogil=True, error_model="numpy")
def _leaflet(a: float, b: float, c: float, ca: float, cb: float, annulus: float, radius: float, opening: float) -> bool:
    """True on the funnel of an AV valve that hangs from a ring of `radius` at the annulus."""
    length = 0.009 + 0.011 * opening
    depth = annulus - c
    if depth < -0.001 or depth > length:
        return False
    r = math.sqrt((a - ca) ** 2 + (b - cb) ** 2)
    tip = radius * 0.62 * opening
    mean = radius + (tip - radius) * max(depth, 0.0) / length
    slope = (radius - tip) / length
    return abs(r - mean) < 0.0010 * math.sqrt(1.0 + slope * slope)


@njit(cache=True, nogil=True, error_model="numpy")
def bounding_sphere(s: Array) -> tuple[float, float, float, float]:
    """Centre (x, y, z) [m] in patient and squared radius [m^2] of a ball that holds the whole heart."""
    a, b, c = 0.016, 0.008, 0.075
    return (
        s[0] + s[3] * a + s[6] * b + s[9] * c,
        s[1] + s[4] * a + s[7] * b + s[10] * c,
        s[2] + s[5] * a + s[8] * b + s[11] * c,
        0.100**2,
    )


@njit(cache=True, nogil=True, error_model="numpy")
def classify(s: Array, x: float, y: float, z: float) -> tuple[int, float, float, float]:
    """Material at a point of patient (-1: not in the heart) and its tissue coordinates in heart axes [m]."""
    x -= s[0]
    y -= s[1]
    z -= s[2]
    c = s[9] * x + s[10] * y + s[11] * z
    if c < -0.02 or c > 0.19:
        return -1, 0.0, 0.0, 0.0
    a = s[3] * x + s[4] * y + s[5] * z
    b = s[6] * x + s[7] * y + s[8] * z
    if a < -0.06 or a > 0.095 or b < -0.065 or b > 0.085:
        return -1, 0.0, 0.0, 0.0
    A, B, A_e, B_e, c0, annulus = s[12], s[13], s[14], s[15], s[16], s[17]
    r2 = a * a + b * b
    rest_c = c * s[23] / annulus
    radius, effusion, g = s[34], s[35], s[37]
    t = (c - c0) / A_e
    edge2 = B_e * B_e * (1.0 - t * t)

    # aortic root: a straight tube from the outflow tract, with sinuses and cusps
    pa, pb, pc = a - 0.009, b - 0.013, c - annulus + 0.003
    h = 0.55 * pc + 0.331 * pa + 0.767 * pb
    if -0.004 < h < 0.070:
        rho2 = pa * pa + pb * pb + pc * pc - h * h
        sinus = 0.38 * math.exp(-(((h - 0.011) / 0.0075) ** 2))
        tube = radius * (1.0 + sinus + 0.2 * min(max((h - 0.015) / 0.01, 0.0), 1.0))
        if rho2 < (tube + 0.0018) ** 2:
            rho = math.sqrt(rho2)
            if h < 0.0 and c < annulus:
                if t < 1.0 and (c - c0) ** 2 / (A * A) + r2 / (B * B) < 1.0:
                    return _BLOOD_LV, a, b, rest_c
            elif rho < tube:
                if s[33] > 0.5:
                    cusp = 0.002 < h < 0.013 and abs(rho - 0.86 * radius) < 0.0007
                else:
                    cusp = rho < radius and abs(h - 0.004 - 0.009 * (1.0 - rho / radius)) < 0.0011
                return (_LEAFLET if cusp else _BLOOD_ROOT), a, b, c
            elif c > annulus - 0.002:
                return _ROOT_WALL, a, b, c

    if c <= annulus and edge2 > r2:
        q = (c - c0) / A
        inner2 = B * B * (1.0 - q * q)
        rest_q = (rest_c - s[22]) / s[18]
        rest_inner2 = max(s[19] * s[19] * (1.0 - rest_q * rest_q), 0.0)
        rest_t = (rest_c - s[22]) / s[20]
        rest_edge2 = max(s[21] * s[21] * (1.0 - rest_t * rest_t), 1e-8)
        if inner2 > r2:
            if _leaflet(a, b, c, -0.006, -0.007, annulus, 0.0150 * s[36], s[32]):
                return _LEAFLET, a, b, rest_c
            v = (c - 0.46 * annulus) / (0.17 * annulus)
            if v * v < 1.0:
                thick = 0.0055 * math.sqrt(1.0 - v * v)
                hang = 0.74 * math.sqrt(inner2)
                d1 = (a + 0.62 * hang) ** 2 + (b - 0.78 * hang) ** 2
                d2 = (a + 0.10 * hang) ** 2 + (b + 0.99 * hang) ** 2
                if min(d1, d2) < thick * thick:
                    return _PAPILLARY, a, b, rest_c
            return _BLOOD_LV, a, b, rest_c
        share = (r2 - max(inner2, 0.0)) / max(edge2 - max(inner2, 0.0), 1e-9)
        scale = math.sqrt((rest_inner2 + share * max(rest_edge2 - rest_inner2, 0.0)) / max(r2, 1e-10))
        return _MYO_LV, a * scale, b * scale, rest_c

    # atria, on the far side of the annulus
    if c > annulus:
        w = s[36]
        la_c, ra_c = annulus + 0.78 * s[30], annulus + 0.78 * s[31]
        la = ((a + 0.004) / (0.0215 * w)) ** 2 + ((b + 0.009) / (0.0205 * w)) ** 2 + ((c - la_c) / s[30]) ** 2
        ra_a = 0.019 * w + 0.0195 * w + 0.003
        ra = ((a - ra_a) / (0.0215 * w)) ** 2 + ((b + 0.004) / (0.0215 * w)) ** 2 + ((c - ra_c) / s[31]) ** 2
        if la < 1.0:
            return _BLOOD_LA, a, b, c
        if ra < 1.0:
            return _BLOOD_RA, a, b, c
        if la < 1.20 or ra < 1.20:
            return _MYO_ATRIA, a, b, c
        if c < annulus + 0.004:
            va, vb, vc = (a - s[24]) / s[27], (b - s[25]) / s[28], (annulus - s[26]) / s[29]
            if r2 < 0.82 * B_e * B_e or va * va + vb * vb + vc * vc < 1.1:
                return _MYO_ATRIA, a, b, c
        if -0.001 < b < 0.012 and c < annulus + 0.02 and 0.008 < a < 0.035:
            return _MYO_ATRIA, a, b, c

    # right ventricle and its outflow
    ua, ub, uc = (a - s[24]) / s[27], (b - s[25]) / s[28], (c - s[26]) / s[29]
    rv = ua * ua + ub * ub + uc * uc
    wall = 0.0042
    if c <= annulus:
        if rv < 1.0:
            if _leaflet(a, b, c, B_e * 0.90 + 0.0125 * g, -0.003, annulus, 0.0135 * g, s[32]):
                return _LEAFLET, a, b, rest_c
            return _BLOOD_RV, a, b, rest_c
        grow = (math.sqrt(rv) - 1.0) * min(s[27], s[28])
        if grow < wall:
            return _MYO_RV, a, b, rest_c
    oa, ob, oc = 0.020 - 0.040 * g, 0.054 - 0.024, annulus + 0.012 - 0.66 * annulus
    length2 = oa * oa + ob * ob + oc * oc
    m = ((a - 0.040 * g) * oa + (b - 0.024) * ob + (c - 0.66 * annulus) * oc) / length2
    if 0.0 < m < 1.0:
        out2 = (a - 0.040 * g - m * oa) ** 2 + (b - 0.024 - m * ob) ** 2 + (c - 0.66 * annulus - m * oc) ** 2
        if out2 < 0.0120**2:
            return _BLOOD_RV, a, b, rest_c
        if out2 < 0.0155**2:
            return _MYO_RV, a, b, rest_c

    # pericardial space around the ventricles
    if c < annulus + 0.01:
        lv = (c - c0) ** 2 / (A_e * A_e) + r2 / (B_e * B_e)
        away = min((math.sqrt(lv) - 1.0) * B_e, (math.sqrt(rv) - 1.0) * min(s[27], s[28]) - wall)
        if 0.0 <= away < effusion:
            return _EFFUSION, a, b, c
        if effusion <= away < effusion + 0.0016:
            return _PERICARDIUM, a, b, c
        if away < effusion + 0.004:
            return _FAT, a, b, c
    return -1, 0.0, 0.0, 0.0
