"""Shapes of the cardiac chambers at end-diastole, in heart axes [m]: kernels for the voxelization in shape.py."""

import math
from typing import NamedTuple

import numpy as np

from echopilot_core import Array
from echopilot_core.kernels.compiled import njit

RV_AXIS = (0.990, 0.139)  # direction (a, b) from the LV axis to the middle of the RV
_RV_WRAP = 0.06  # cosine of the half-angle that the RV wraps around the septum
_INNER = (0.035, -0.020)  # second harmonic of the squared radius around the axis: its mean, the area, stays
_OUTER = (0.020, 0.028)


class HeartDimensions(NamedTuple):
    """A heart at end-diastole in heart axes (a, b, c); the kernels read it, so every field is a Python float."""

    inner_m: float  # largest radius of the LV cavity
    outer_m: float  # largest radius of the LV's outer surface
    waist_m: float  # height of that radius
    cavity_apex_m: float  # height of the endocardial apex
    length_m: float  # of the cavity, from its apex to the mitral annulus
    annulus_m: float  # height of the mitral annulus
    rv_scale: float
    atrium_scale: float
    effusion_m: float
    trabeculation: float
    fat_m: float  # outside the pericardium
    down_a: float  # unit vector of gravity in a supine patient
    down_b: float
    down_c: float
    noise_seed: float
    base_inner_m: float  # radius of the LV cavity at the annulus
    base_outer_m: float  # radius of the LV's outer surface at the annulus
    roof_m: float  # height of the atrial roof
    tricuspid_m: float  # height of the tricuspid annulus
    la_a_m: float  # center of the left atrium
    la_b_m: float
    ra_a_m: float  # center of the right atrium
    ra_b_m: float
    rv_base_m: float  # center of the tricuspid annulus along a


@njit(cache=True, nogil=True, error_model="numpy")
def modulation(a: float, b: float) -> tuple[float, float]:
    """Factors on the squared inner and outer radius of the LV in direction (a, b): not quite round."""
    r2 = a * a + b * b + 1e-12
    c2, s2 = (a * a - b * b) / r2, 2.0 * a * b / r2
    return 1.0 + _INNER[0] * c2 + _INNER[1] * s2, 1.0 + _OUTER[0] * c2 + _OUTER[1] * s2


@njit(cache=True, nogil=True, error_model="numpy")
def smooth_min(x: float, y: float, width: float) -> float:
    """Minimum of two distances, rounded over `width`."""
    h = max(width - abs(x - y), 0.0) / width
    return float(min(x, y) - 0.25 * h * h * width)


@njit(cache=True, nogil=True, error_model="numpy")
def _corner(i: int, j: int, k: int) -> float:
    h = (i * 73856093) ^ (j * 19349663) ^ (k * 83492791)
    h = (h ^ (h >> 13)) * 1274126177 & 0x7FFFFFFF
    return ((h ^ (h >> 16)) & 0xFFFF) / 65535.0


@njit(cache=True, nogil=True, error_model="numpy")
def noise(x: float, y: float, z: float, seed: float) -> float:
    """Smooth value noise in 0..1 with a unit lattice."""
    x, y, z = x + seed + 500.0, y + 500.0, z + 500.0
    i, j, k = int(x), int(y), int(z)
    u, v, w = x - i, y - j, z - k
    u, v, w = u * u * (3.0 - 2.0 * u), v * v * (3.0 - 2.0 * v), w * w * (3.0 - 2.0 * w)
    out = 0.0
    for di in range(2):
        for dj in range(2):
            for dk in range(2):
                weight = (u if di else 1.0 - u) * (v if dj else 1.0 - v) * (w if dk else 1.0 - w)
                out += weight * _corner(i + di, j + dj, k + dk)
    return out


@njit(cache=True, nogil=True, error_model="numpy")
def distance_to_lv(r: float, c: float, m_out: float, n: HeartDimensions) -> float:
    """Distance to the outer surface of the LV, first order, outside it."""
    if c > n.annulus_m:
        return math.sqrt(max(r - n.base_outer_m, 0.0) ** 2 + (c - n.annulus_m) ** 2)
    e = abs(1.0 - c / n.waist_m)
    outer2 = n.outer_m * n.outer_m * m_out
    slope_c, slope_r = 2.2 * e**1.2 / n.waist_m, 2.0 * r / outer2
    return float((e**2.2 + r * r / outer2 - 1.0) / math.sqrt(slope_c * slope_c + slope_r * slope_r + 1e-6))


@njit(cache=True, nogil=True, error_model="numpy")
def atrium(
    a: float, b: float, u: float, height: float, mouth: float, half_p: float, half_q: float,
    center_a: float, center_b: float, mouth_a: float, mouth_b: float,
) -> float:  # fmt: skip
    """Distance to the cavity of an atrium at share u of its height: a sac that narrows to its valve ring."""
    if u < 0.0:
        return 1.0
    f = min(u / 0.45, 1.0)
    f = f * f * (3.0 - 2.0 * f)
    a, b = a - mouth_a - f * (center_a - mouth_a), b - mouth_b - f * (center_b - mouth_b)
    p, q = 0.5446 * a + 0.8387 * b, 0.8387 * a - 0.5446 * b
    x, y = p / (mouth + f * (half_p - mouth)), q / (mouth + f * (half_q - mouth))
    e = math.sqrt(x * x + y * y)
    scale = mouth + f * (0.5 * (half_p + half_q) - mouth)
    if u < 0.45:
        return float((e - 1.0) * scale)
    v = (u - 0.45) / 0.55
    return float(((e**2.4 + v**2.4) ** (1.0 / 2.4) - 1.0) * min(scale, 0.55 * height))


@njit(cache=True, nogil=True, error_model="numpy")
def rv_width(cosine: float, c: float, n: HeartDimensions) -> tuple[float, float]:
    """Depth of the RV cavity off the septum (negative outside its extent), and its level: 0 apex, 1 base."""
    low = 0.17 * n.annulus_m
    level = (c - low) / (n.tricuspid_m - low)
    wrap = (cosine - _RV_WRAP) / (1.0 - _RV_WRAP)
    if level < 0.0:
        return 0.6 * (c - low), 0.0
    along = (1.0 - (1.0 - min(level, 1.0)) ** 2) ** 0.62
    if wrap <= 0.0:
        return 0.030 * wrap, level
    return 0.0300 * n.rv_scale * along * wrap**0.60, level


@njit(cache=True, nogil=True, error_model="numpy")
def rv_distance(a: float, b: float, c: float, r: float, outer: float, n: HeartDimensions) -> tuple[float, float]:
    """Distance to the crescent of the RV body around the LV, and level along it."""
    width, level = rv_width((a * RV_AXIS[0] + b * RV_AXIS[1]) / r, c, n)
    return max(0.9 * (r - outer - width), c - n.tricuspid_m), min(max(level, 0.0), 1.0)


def band_end(n: HeartDimensions, c: float, angle_rad: float, share: float) -> Array:
    """Point (3,) of the RV at height c, angle from its middle and share of its depth."""
    outer = n.outer_m * math.sqrt(1.0 - abs(1.0 - c / n.waist_m) ** 2.2)
    reach = outer + share * rv_width(math.cos(angle_rad), c, n)[0]
    direction = math.atan2(RV_AXIS[1], RV_AXIS[0]) + angle_rad
    return np.array([reach * math.cos(direction), reach * math.sin(direction), c])
