"""Torso skin as an analytic implicit surface that breathes; numba functions on a flat parameter array.

Cross-sections at height z are superellipses |x/a|^2.5 + |(y - yc)/b|^2.5 = 1 that rest on the table at `back_y_m`.
Breathing shifts the front by `amplitude(z) * (breathing - 0.5) * g(y)` along -y, fading to nothing at the back:
a point p of the breathing body lies at `rest_y` in the body at mid breathing.
A relief multiplies the radius around the axis (0, yc(z)) by a bicubic B-spline of angle and height (Unser 1999, IEEE
Signal Process. Mag. 16(6):22); `beat` (0..1) lifts the skin over the apex of the heart along its normal.
"""

import math

import numpy as np
from scipy.ndimage import spline_filter1d

from echopilot_core import Array, EchoPilotError
from echopilot_core.kernels.compiled import njit
from echopilot_sim.anatomy.parameters import Heart, Relief, Torso
from echopilot_sim.anatomy.torso import columns as col

_APEX, RELIEF, _COEFFICIENTS = col.APEX_BEAT, col.RELIEF, col.COEFFICIENTS
_DIAMONDS = 384  # columns of the table of relief_measure, see there
_APEX_WIDTH_M = 0.018  # standard deviation of the patch that the apex lifts
_FADE_START_M, _FADE_LENGTH_M = 0.03, 0.14


def pack(torso: Torso, heart: Heart | None = None) -> Array:
    """Flat parameters (P,) float64 that every numba function of this module takes as `p`; the heart lifts the skin.

    Raises EchoPilotError for a relief that is no grid of positive factors.
    """
    t = torso
    shape = [
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
    p = np.concatenate([shape, np.zeros(RELIEF - _APEX), _pack_relief(t.relief)])
    if heart is not None and t.apex_beat_m > 0.0:
        place = np.array(heart.apex_m, dtype=np.float64)
        for _ in range(8):
            distance, *normal = distance_normal(p, place[0], place[1], place[2], 0.5)
            place -= distance / min(float(heart.rotation[:, 2] @ normal), -0.3) * heart.rotation[:, 2]
        p[_APEX], p[_APEX + 1 : _APEX + 4] = t.apex_beat_m, place
        p[_APEX + 4 : RELIEF] = distance_normal(p, place[0], place[1], place[2], 0.5)[1:]
    return p


def _pack_relief(relief: Relief | None) -> Array:
    """Header (6,) and B-spline coefficients of a relief: rows mirrored and columns wrapped at the borders."""
    if relief is None:
        return np.zeros(_COEFFICIENTS - RELIEF)
    scale = np.asarray(relief.scale, dtype=np.float64)
    if scale.ndim != 2 or min(scale.shape) < 4 or not relief.step_z_m > 0.0:
        raise EchoPilotError(
            f"relief of shape {scale.shape}, step_z_m {relief.step_z_m} is no grid; choose 4 x 4 or more"
        )
    if not (np.isfinite(scale).all() and scale.min() > 0.2 and scale.max() < 5.0):
        raise EchoPilotError("relief scale is impossible; choose factors of 0.2 to 5")
    columns = spline_filter1d(scale, 3, axis=1, mode="grid-wrap")
    coefficients = np.asarray(spline_filter1d(columns, 3, axis=0, mode="mirror"))
    coefficients = np.pad(np.pad(coefficients, ((1, 2), (0, 0)), mode="reflect"), ((0, 0), (1, 2)), mode="wrap")
    full, over = scale.min() ** 2.5, scale.max() ** 2.5
    header = [scale.shape[0], scale.shape[1], relief.bottom_z_m, relief.step_z_m, 0.8 * full * full / over, full, over]
    p = np.concatenate([np.zeros(RELIEF), header, coefficients.ravel()])
    return np.concatenate([p[RELIEF:], _measure_table(p)])


@njit(cache=True, nogil=True, error_model="numpy")
def _measure_table(p: Array) -> Array:
    """Factors scale^-2.5 for relief_measure: rows at half the step of the relief, columns by diamond angle."""
    rows = 2 * int(p[RELIEF]) - 1
    out = np.empty(rows * (_DIAMONDS + 1))
    for j in range(_DIAMONDS + 1):
        diamond = 4.0 * j / _DIAMONDS - 2.0
        along = diamond if abs(diamond) <= 1.0 else math.copysign(2.0, diamond) - diamond
        angle = math.atan2(along, (1.0 - abs(along)) * (1.0 if abs(diamond) <= 1.0 else -1.0))
        for i in range(rows):
            scale = relief(p, angle, p[RELIEF + 2] + 0.5 * i * p[RELIEF + 3])[0]
            out[i * (_DIAMONDS + 1) + j] = 1.0 / (scale * scale * math.sqrt(scale))
    return out


@njit(cache=True, nogil=True)
def chest_weight(z: float) -> float:
    """1 on the chest, 0 on the abdomen, smooth across the costal margin."""
    return 1.0 / (1.0 + math.exp(-(z + 0.02) / 0.03))


@njit(cache=True, nogil=True)
def section(p: Array, z: float) -> tuple[float, float, float, float, float, float]:
    """Half-width a, half-depth b, center yc [m] of the cross-section at z, and their slopes."""
    w = chest_weight(z)
    a = p[col.HALF_WIDTH_ABDOMEN] + (p[col.HALF_WIDTH_CHEST] - p[col.HALF_WIDTH_ABDOMEN]) * w
    da = (p[col.HALF_WIDTH_CHEST] - p[col.HALF_WIDTH_ABDOMEN]) * w * (1.0 - w) / 0.03
    if z >= 0.0:
        front = p[col.CHEST_SLOPE] * (z / 0.2) ** 2
        slope = 2.0 * p[col.CHEST_SLOPE] * z / 0.04
    else:
        e = math.exp(-((z / 0.07) ** 2))
        front = p[col.BELLY] * (1.0 - e)
        slope = p[col.BELLY] * e * 2.0 * z / 0.0049
    return a, 0.5 * (p[col.BACK_Y] - front), 0.5 * (p[col.BACK_Y] + front), da, -0.5 * slope, 0.5 * slope


@njit(cache=True, nogil=True)
def amplitude(p: Array, z: float) -> float:
    """Peak-to-peak breathing shift of the front [m]."""
    return float(p[col.BREATHING_ABDOMEN] + (p[col.BREATHING_CHEST] - p[col.BREATHING_ABDOMEN]) * chest_weight(z))


@njit(cache=True, nogil=True, error_model="numpy")
def fade(y: float) -> float:
    """Share of the breathing shift at depth y: 1 in front, 0 at the back."""
    t = min(max((y - _FADE_START_M) / _FADE_LENGTH_M, 0.0), 1.0)
    return 1.0 - t * t * (3.0 - 2.0 * t)


@njit(cache=True, nogil=True, error_model="numpy")
def relief(p: Array, angle_rad: float, z: float) -> tuple[float, float, float]:
    """Factor on the radius at an angle around the body axis (0 in front) and z, and its slopes per rad and per m."""
    rows, columns = int(p[RELIEF]), int(p[RELIEF + 1])
    if rows == 0:
        return 1.0, 0.0, 0.0
    u = min(max((z - p[RELIEF + 2]) / p[RELIEF + 3], 0.0), rows - 1.0)
    v = (angle_rad + math.pi) * (columns / (2.0 * math.pi))
    i, j = min(int(u), rows - 2), min(max(int(v), 0), columns - 1)
    s, t = u - i, v - j
    s1, t1 = 1.0 - s, 1.0 - t
    b0, b1, b2, b3 = s1 * s1 * s1, 4.0 - 3.0 * s * s * (1.0 + s1), 4.0 - 3.0 * s1 * s1 * (1.0 + s), s * s * s
    c0, c1, c2, c3 = t1 * t1 * t1, 4.0 - 3.0 * t * t * (1.0 + t1), 4.0 - 3.0 * t1 * t1 * (1.0 + t), t * t * t
    d0, d1, d2, d3 = -s1 * s1, s * (3.0 * s - 4.0), s1 * (4.0 - 3.0 * s1), s * s
    e0, e1, e2, e3 = -t1 * t1, t * (3.0 * t - 4.0), t1 * (4.0 - 3.0 * t1), t * t
    value = along = up = 0.0
    k = _COEFFICIENTS + i * (columns + 3) + j
    for row in range(4):
        q0, q1, q2, q3 = p[k], p[k + 1], p[k + 2], p[k + 3]
        k += columns + 3
        b = b0 if row == 0 else b1 if row == 1 else b2 if row == 2 else b3
        d = d0 if row == 0 else d1 if row == 1 else d2 if row == 2 else d3
        sum_row = c0 * q0 + c1 * q1 + c2 * q2 + c3 * q3
        value += b * sum_row
        up += d * sum_row
        along += b * (e0 * q0 + e1 * q1 + e2 * q2 + e3 * q3)
    return value / 36.0, along * columns / (24.0 * math.pi), up / (12.0 * p[RELIEF + 3])


@njit(cache=True, nogil=True, error_model="numpy")
def relief_measure(p: Array, measure: float, x: float, y_axis: float, z: float) -> float:
    """Inside measure with relief from the one without (S of the superellipse: below 1 inside, 1 on the skin).

    `y_axis` is the depth at rest under the body axis, rest_y - yc(z). Deep inside, where no relief can reach, the
    measure stays as it is; a patient without relief costs one comparison. Read from a table over z and the diamond
    angle x / (|x| + |y|), within 0.1 mm of `relief` for details of 9 mm and more.
    """
    if p[RELIEF] == 0.0 or not p[RELIEF + 4] < measure < p[RELIEF + 6]:
        return measure
    rows, columns = int(p[RELIEF]), int(p[RELIEF + 1])
    diamond = x / (abs(x) + abs(y_axis))
    if y_axis > 0.0:
        diamond = math.copysign(2.0, x) - diamond
    u = min(max((z - p[RELIEF + 2]) * 2.0 / p[RELIEF + 3], 0.0), 2.0 * rows - 2.0)
    v = (diamond + 2.0) * (0.25 * _DIAMONDS)
    i, j = min(int(u), 2 * rows - 3), min(max(int(v), 0), _DIAMONDS - 1)
    s, t = u - i, v - j
    k = _COEFFICIENTS + (rows + 3) * (columns + 3) + i * (_DIAMONDS + 1) + j
    low = p[k] + t * (p[k + 1] - p[k])
    high = p[k + _DIAMONDS + 1] + t * (p[k + _DIAMONDS + 2] - p[k + _DIAMONDS + 1])
    w = min((measure - p[RELIEF + 4]) / (p[RELIEF + 5] - p[RELIEF + 4]), 1.0)
    return float(measure * (1.0 + (low + s * (high - low) - 1.0) * (w * w * (3.0 - 2.0 * w))))


@njit(cache=True, nogil=True, error_model="numpy")
def inside_measure(p: Array, x: float, y_rest: float, z: float) -> float:
    """S at a point of the body at mid breathing: 0 on the body axis, below 1 inside, 1 on the skin."""
    a, b, yc, _, _, _ = section(p, z)
    X, Y = abs(x) / a, abs(y_rest - yc) / b
    return float(relief_measure(p, X * X * math.sqrt(X) + Y * Y * math.sqrt(Y), x, y_rest - yc, z))


@njit(cache=True, nogil=True)
def rest_y(p: Array, y: float, z: float, breathing: float) -> float:
    """Depth y at mid breathing of what the breathing body has at (y, z)."""
    return float(y + amplitude(p, z) * (breathing - 0.5) * fade(y))


@njit(cache=True, nogil=True)
def apex_lift(p: Array, x: float, y: float, z: float, beat: float) -> float:
    """Outward shift [m] of the skin by the beating heart, along `p[23:26]`; 0 away from the apex."""
    if beat * p[_APEX] == 0.0:
        return 0.0
    r2 = (x - p[_APEX + 1]) ** 2 + (y - p[_APEX + 2]) ** 2 + (z - p[_APEX + 3]) ** 2
    if r2 > 16.0 * _APEX_WIDTH_M**2:
        return 0.0
    return float(p[_APEX] * beat * math.exp(-0.5 * r2 / _APEX_WIDTH_M**2))


@njit(cache=True, nogil=True)
def is_lifted(p: Array, x: float, y: float, z: float, breathing: float, beat: float) -> bool:
    """True where a point is inside the body only because the apex beat lifts the skin over it."""
    lift = apex_lift(p, x, y, z, beat)
    if lift == 0.0:
        return False
    x, y, z = x - lift * p[_APEX + 4], y - lift * p[_APEX + 5], z - lift * p[_APEX + 6]
    return bool(inside_measure(p, x, rest_y(p, y, z, breathing), z) < 1.0)


@njit(cache=True, nogil=True)
def distance_normal(
    p: Array, x: float, y: float, z: float, breathing: float, beat: float = 0.0
) -> tuple[float, float, float, float]:
    """Signed distance to the skin [m] (positive outside) and the outward unit normal there.

    First order in the implicit function; exact on the skin, within 3 % at 20 mm from a smooth torso.
    """
    lift = apex_lift(p, x, y, z, beat)
    mx, my, mz = p[_APEX + 4], p[_APEX + 5], p[_APEX + 6]
    wx, wy, wz = x - p[_APEX + 1], y - p[_APEX + 2], z - p[_APEX + 3]
    if lift > 0.0:
        x, y, z = x - lift * mx, y - lift * my, z - lift * mz
    a, b, yc, da, db, dyc = section(p, z)
    w = chest_weight(z)
    amp = (p[col.BREATHING_ABDOMEN] + (p[col.BREATHING_CHEST] - p[col.BREATHING_ABDOMEN]) * w) * (breathing - 0.5)
    damp = (p[col.BREATHING_CHEST] - p[col.BREATHING_ABDOMEN]) * w * (1.0 - w) / 0.03 * (breathing - 0.5)
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
    if p[RELIEF] > 0.0:
        depth = b * Y
        scale, along, up = relief(p, math.atan2(x, -depth), z)
        f /= scale
        along *= f / max(x * x + depth * depth, 1e-12)
        gx = (gx + along * depth) / scale
        gy = (gy - along * x * (1.0 + amp * dg)) / scale
        gz = (gz + along * x * (dyc - damp * g) - f * up) / scale
    if lift > 0.0:
        pull = (gx * mx + gy * my + gz * mz) * lift / _APEX_WIDTH_M**2
        gx, gy, gz = gx + pull * wx, gy + pull * wy, gz + pull * wz
    n = math.sqrt(gx * gx + gy * gy + gz * gz)
    return (f - 1.0) / n, gx / n, gy / n, gz / n


@njit(cache=True, nogil=True)
def rim(p: Array, angle_rad: float, z: float) -> tuple[float, float]:
    """Point (x, y) [m] of the skin at mid breathing at an angle around the body axis: 0 in front, to the left."""
    a, b, yc, _, _, _ = section(p, z)
    sine, cosine = math.sin(angle_rad), math.cos(angle_rad)
    radius = (abs(sine / a) ** 2.5 + abs(cosine / b) ** 2.5) ** -0.4 * relief(p, angle_rad, z)[0]
    return radius * sine, yc - radius * cosine


@njit(cache=True, nogil=True)
def _front_rest(p: Array, x: float, z: float) -> tuple[float, float]:
    """Anterior skin (x, y) at mid breathing; x beyond the side is moved onto it."""
    a, b, yc, _, _, _ = section(p, z)
    if p[RELIEF] == 0.0:
        X = min(abs(x) / a, 1.0)
        return min(max(x, -a), a), yc - b * (1.0 - X * X * math.sqrt(X)) ** 0.4
    side = math.copysign(0.5 * math.pi, x)
    low, high = 0.0, side
    rim_x, rim_y = rim(p, side, z)
    if abs(rim_x) <= abs(x):
        return rim_x, rim_y
    for _ in range(48):
        middle = 0.5 * (low + high)
        rim_x, rim_y = rim(p, middle, z)
        if abs(rim_x) < abs(x):
            low = middle
        else:
            high = middle
    return x, rim_y


@njit(cache=True, nogil=True)
def _breathe(p: Array, y0: float, z: float, breathing: float) -> float:
    """Inverse of `rest_y`: where the tissue at depth y0 at mid breathing is now."""
    amp = amplitude(p, z) * (breathing - 0.5)
    y = y0
    for _ in range(6):
        y = y0 - amp * fade(y)
    return float(y)


@njit(cache=True, nogil=True)
def front_y(p: Array, x: float, z: float, breathing: float) -> float:
    """Depth y [m] of the anterior skin at (x, z), the heart at rest; x beyond the side is moved onto it."""
    return float(_breathe(p, _front_rest(p, x, z)[1], z, breathing))


@njit(cache=True, nogil=True)
def distances(p: Array, points: Array, breathing: float, beat: float, out: Array) -> None:
    """Fill out (N, 4) with signed distance and outward normal for points (N, 3) in patient."""
    for i in range(points.shape[0]):
        d, nx, ny, nz = distance_normal(p, points[i, 0], points[i, 1], points[i, 2], breathing, beat)
        out[i, 0], out[i, 1], out[i, 2], out[i, 3] = d, nx, ny, nz


@njit(cache=True, nogil=True)
def _fronts(p: Array, x: Array, z: Array, breathing: float) -> Array:
    out = np.empty((x.size, 3))
    for i in range(x.size):
        out[i, 0], y = _front_rest(p, x[i], z[i])
        out[i, 1], out[i, 2] = _breathe(p, y, z[i], breathing), z[i]
    return out


@njit(cache=True, nogil=True)
def breathe(p: Array, points: Array, breathing: float, beat: float) -> Array:
    """Where skin points (N, 3) of the body at rest (mid breathing) are now (N, 3)."""
    out = np.empty_like(points)
    for i in range(points.shape[0]):
        x, z = points[i, 0], points[i, 2]
        y = _breathe(p, points[i, 1], z, breathing)
        lift = apex_lift(p, x, y, z, beat)
        out[i, 0], out[i, 1], out[i, 2] = x + lift * p[_APEX + 4], y + lift * p[_APEX + 5], z + lift * p[_APEX + 6]
    return out


def apex_beat(heart_phase: float) -> float:
    """Share 0..1 of the apex beat at a heart phase: a thrust in early systole, gone when the heart relaxes."""
    u = min(heart_phase / 0.43, 1.0)
    return math.sin(math.pi * u**0.7) ** 2


class Skin:
    """Vectorized access for one patient; `parameters` (P,) feeds the numba functions."""

    def __init__(self, torso: Torso, heart: Heart | None = None) -> None:
        self.parameters = pack(torso, heart)

    def signed_distance(self, points_m: Array, breathing: float, beat: float = 0.0) -> Array:
        """Distance (N,) [m] of points (N, 3) in patient, positive outside."""
        return self._distances(points_m, breathing, beat)[:, 0]

    def normal(self, points_m: Array, breathing: float, beat: float = 0.0) -> Array:
        """Outward unit normals (N, 3) at points (N, 3) on or near the skin."""
        return self._distances(points_m, breathing, beat)[:, 1:]

    def point(self, x_m: Array, z_m: Array, breathing: float) -> Array:
        """Points (N, 3) [m] of the anterior skin at (x, z), the heart at rest; x beyond the side is moved onto it."""
        x, z = (np.atleast_1d(np.asarray(v, dtype=np.float64)) for v in np.broadcast_arrays(x_m, z_m))
        return np.asarray(_fronts(self.parameters, np.ascontiguousarray(x), np.ascontiguousarray(z), breathing))

    def _distances(self, points_m: Array, breathing: float, beat: float) -> Array:
        points = np.ascontiguousarray(np.atleast_2d(points_m), dtype=np.float64)
        out = np.empty((points.shape[0], 4))
        distances(self.parameters, points, breathing, beat, out)
        return out
