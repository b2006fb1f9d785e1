"""Torso skin as an analytic implicit surface that breathes; numba functions on a flat parameter array.

Cross-sections at height z are superellipses |x/a|^2.5 + |(y - yc)/b|^2.5 = 1 that rest on the table at `back_y_m`.
Breathing shifts the front by `amplitude(z) * (breathing - 0.5) * g(y)` along -y, fading to nothing at the back:
a point p of the breathing body lies at `reference_y` in the body at mid breathing.
"""

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

from echopilot_sim.anatomy.parameters import Torso

Array = NDArray[np.float64]

N_PARAMETERS = 19
_FADE_START_M, _FADE_LENGTH_M = 0.03, 0.14
_COSTOCHONDRAL_RAD, _RIB_SLOPE_M_RAD, _RIB_BEND_RAD = 0.48, 0.075, 0.12


def pack(torso: Torso) -> Array:
    """Flat parameters (19,) float64 that every numba function of this module takes as `p`."""
    t = torso
    return np.array(
        [
            t.half_width_chest_m,
            t.half_width_abdomen_m,
            t.chest_slope_m,
            t.belly_m,
            t.back_y_m,
            t.breathing_chest_m,
            t.breathing_abdomen_m,
            t.stiffness_abdomen_pa_m,
            t.stiffness_chest_pa_m,
            t.stiffness_rib_pa_m,
            t.rib_spacing_m,
            t.rib_half_width_m,
            t.rib_phase_m,
            t.sternum_half_width_m,
            t.notch_z_m,
            t.fat_chest_m,
            t.fat_abdomen_m,
            t.muscle_m,
            t.cartilage_slope_m_rad,
        ]
    )


@njit(cache=True, nogil=True)
def chest_weight(z: float) -> float:
    """1 on the chest, 0 on the abdomen, smooth across the costal margin."""
    return 1.0 / (1.0 + math.exp(-(z + 0.02) / 0.03))


@njit(cache=True, nogil=True)
def section(p: Array, z: float) -> tuple[float, float, float, float, float, float]:
    """Half-width a, half-depth b, centre yc [m] of the cross-section at z, and their slopes."""
    w = chest_weight(z)
    a = p[1] + (p[0] - p[1]) * w
    da = (p[0] - p[1]) * w * (1.0 - w) / 0.03
    if z >= 0.0:
        front = p[2] * (z / 0.2) ** 2
        slope = 2.0 * p[2] * z / 0.04
    else:
        e = math.exp(-((z / 0.07) ** 2))
        front = p[3] * (1.0 - e)
        slope = p[3] * e * 2.0 * z / 0.0049
    return a, 0.5 * (p[4] - front), 0.5 * (p[4] + front), da, -0.5 * slope, 0.5 * slope


@njit(cache=True, nogil=True)
def amplitude(p: Array, z: float) -> float:
    """Peak-to-peak breathing shift of the front [m]."""
    return float(p[6] + (p[5] - p[6]) * chest_weight(z))


@njit(cache=True, nogil=True, error_model="numpy")
def fade(y: float) -> float:
    """Share of the breathing shift at depth y: 1 in front, 0 at the back."""
    t = min(max((y - _FADE_START_M) / _FADE_LENGTH_M, 0.0), 1.0)
    return 1.0 - t * t * (3.0 - 2.0 * t)


@njit(cache=True, nogil=True)
def distance_normal(p: Array, x: float, y: float, z: float, breathing: float) -> tuple[float, float, float, float]:
    """Signed distance to the skin [m] (positive outside) and the outward unit normal there.

    First order in the implicit function; exact on the skin, within 3 % at 20 mm from it.
    """
    a, b, yc, da, db, dyc = section(p, z)
    w = chest_weight(z)
    amp = (p[6] + (p[5] - p[6]) * w) * (breathing - 0.5)
    damp = (p[5] - p[6]) * w * (1.0 - w) / 0.03 * (breathing - 0.5)
    t = min(max((y - _FADE_START_M) / _FADE_LENGTH_M, 0.0), 1.0)
    g = 1.0 - t * t * (3.0 - 2.0 * t)
    dg = -6.0 * t * (1.0 - t) / _FADE_LENGTH_M
    X = x / a
    Y = (y + amp * g - yc) / b
    ax, ay = math.sqrt(abs(X)) * X, math.sqrt(abs(Y)) * Y  # sign * |.|^1.5
    S = max(ax * X + ay * Y, 1e-12)
    f = S**0.4
    k = f / S
    gx = k * ax / a
    gy = k * ay / b * (1.0 + amp * dg)
    gz = k * (-ax * X * da / a + ay * (damp * g - dyc - Y * db) / b)
    n = math.sqrt(gx * gx + gy * gy + gz * gz)
    return (f - 1.0) / n, gx / n, gy / n, gz / n


@njit(cache=True, nogil=True)
def front_y(p: Array, x: float, z: float, breathing: float) -> float:
    """Depth y [m] of the anterior skin at (x, z); x beyond the side is moved onto it."""
    a, b, yc, _, _, _ = section(p, z)
    X = min(abs(x) / a, 1.0)
    y0 = yc - b * (1.0 - X * X * math.sqrt(X)) ** 0.4
    amp = amplitude(p, z) * (breathing - 0.5)
    y = y0
    for _ in range(6):
        y = y0 - amp * fade(y)
    return float(y)


@njit(cache=True, nogil=True)
def rib_level(p: Array, x: float, y: float, z: float) -> float:
    """Distance [m] from the middle of the nearest rib, along z, at a point of the chest wall.

    Ribs fall from the spine to the costochondral junction and rise again to the sternum.
    """
    _, b, yc, _, _, _ = section(p, z)
    theta = math.atan2(abs(x), max(yc - y, -b) * p[0] / b)
    slope = _RIB_SLOPE_M_RAD if theta > _COSTOCHONDRAL_RAD else p[18]
    u = z - slope * (math.sqrt((theta - _COSTOCHONDRAL_RAD) ** 2 + _RIB_BEND_RAD**2) - _RIB_BEND_RAD) - p[12]
    return float(abs(u - p[10] * math.floor(u / p[10] + 0.5)))


@njit(cache=True, nogil=True)
def costal_margin_z(x: float) -> float:
    """Height z [m] of the lower end of the rib cage at x: the arch below the xiphoid."""
    t = min(abs(x) / 0.14, 1.0)
    return -0.10 * t * t * (3.0 - 2.0 * t) + 0.004


@njit(cache=True, nogil=True)
def stiffness(p: Array, x: float, y: float, z: float) -> float:
    """Pressure per depth [Pa/m] of the skin at a point: soft belly, firmer chest, hard over ribs and sternum."""
    chest = 1.0 / (1.0 + math.exp(-(z - costal_margin_z(x)) / 0.008))
    soft = p[7] + (p[8] - p[7]) * chest
    rib = 1.0 / (1.0 + math.exp((rib_level(p, x, y, z) - p[11]) / 0.0015))
    if z < p[14]:
        sternum = 1.0 / (1.0 + math.exp((abs(x) - p[13]) / 0.002))
        rib = max(rib, sternum)
    return float(soft + (p[9] - p[8]) * rib * chest)


@njit(cache=True, nogil=True)
def distances(p: Array, points: Array, breathing: float, out: Array) -> None:
    """Fill out (N, 4) with signed distance and outward normal for points (N, 3) in patient."""
    for i in range(points.shape[0]):
        d, nx, ny, nz = distance_normal(p, points[i, 0], points[i, 1], points[i, 2], breathing)
        out[i, 0], out[i, 1], out[i, 2], out[i, 3] = d, nx, ny, nz


@njit(cache=True, nogil=True)
def _front_ys(p: Array, x: Array, z: Array, breathing: float) -> Array:
    out = np.empty(x.size)
    for i in range(x.size):
        out[i] = front_y(p, x[i], z[i], breathing)
    return out


@njit(cache=True, nogil=True)
def _stiffnesses(p: Array, points: Array) -> Array:
    out = np.empty(points.shape[0])
    for i in range(points.shape[0]):
        out[i] = stiffness(p, points[i, 0], points[i, 1], points[i, 2])
    return out


class Skin:
    """Vectorised access for one patient; `parameters` (19,) feeds the numba functions."""

    def __init__(self, torso: Torso) -> None:
        self.parameters = pack(torso)

    def signed_distance(self, points_m: Array, breathing: float) -> Array:
        """Distance (N,) [m] of points (N, 3) in patient, positive outside."""
        return self._distances(points_m, breathing)[:, 0]

    def normal(self, points_m: Array, breathing: float) -> Array:
        """Outward unit normals (N, 3) at points (N, 3) on or near the skin."""
        return self._distances(points_m, breathing)[:, 1:]

    def point(self, x_m: Array, z_m: Array, breathing: float) -> Array:
        """Points (N, 3) [m] of the anterior skin at (x, z); x beyond the side is moved onto it."""
        x, z = (np.atleast_1d(np.asarray(v, dtype=np.float64)) for v in np.broadcast_arrays(x_m, z_m))
        x, z = np.ascontiguousarray(x), np.ascontiguousarray(z)
        y = _front_ys(self.parameters, x, z, breathing)
        half_width = np.array([section(self.parameters, float(v))[0] for v in z])
        return np.stack([np.clip(x, -half_width, half_width), y, z], axis=-1)

    def stiffness_at(self, points_m: Array) -> Array:
        """Pressure per depth (N,) [Pa/m] at points (N, 3) of the skin."""
        return np.asarray(_stiffnesses(self.parameters, np.ascontiguousarray(points_m, dtype=np.float64)))

    def _distances(self, points_m: Array, breathing: float) -> Array:
        points = np.ascontiguousarray(np.atleast_2d(points_m), dtype=np.float64)
        out = np.empty((points.shape[0], 4))
        distances(self.parameters, points, breathing, out)
        return out
