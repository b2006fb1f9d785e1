"""Leaflets of the mitral, tricuspid and aortic valve as thin moving sheets (numba, heart axes, meters)."""

import math

import numpy as np

from echopilot_core import Array
from echopilot_core.kernels.compiled import njit

_HALF_THICKNESS_M = 0.00055
_P_A, _P_B = 0.5446, 0.8387  # direction (a, b) from the posterior to the anterior mitral leaflet

_HALF_WIDTH, _MEET, _FRONT, _BACK = 0.90, -0.44, 0.74, 0.56  # of the mitral orifice, in units of the ring's radius


@njit(cache=True, nogil=True, error_model="numpy")
def _anterior(size: float, opening: float) -> tuple[float, float]:
    """Length of the anterior mitral leaflet and its angle below the annulus."""
    return _FRONT * size * (1.10 + 0.26 * opening), 0.42 + 1.02 * opening


@njit(cache=True, nogil=True, error_model="numpy")
def _posterior(size: float, opening: float) -> tuple[float, float]:
    return _BACK * size * (1.20 + 0.12 * opening), 0.56 + 0.85 * opening


@njit(cache=True, nogil=True, error_model="numpy")
def _flap(x: float, y: float, length: float, angle: float, bow: float) -> bool:
    """True on a leaflet in its plane: hinge at the origin, x away from the hinge, y towards the apex."""
    cosine, sine = math.cos(angle), math.sin(angle)
    s = (x * cosine + y * sine) / length
    if s < 0.0 or s > 1.0:
        return False
    off = -x * sine + y * cosine - bow * 4.0 * s * (1.0 - s)
    return bool(abs(off) < _HALF_THICKNESS_M * (1.35 if s > 0.85 else 1.0))


@njit(cache=True, nogil=True, error_model="numpy")
def mitral(a: float, b: float, depth: float, ring: float, opening: float) -> bool:
    """True on a mitral leaflet at `depth` below the annulus of radius `ring`."""
    if depth < -0.002 or depth > 0.028:
        return False
    w = (_P_B * a - _P_A * b) / (_HALF_WIDTH * ring)
    k2 = 1.0 - w * w
    if k2 <= 0.02:
        return False
    k = math.sqrt(k2)
    p = _P_A * a + _P_B * b
    front, back = (_MEET + _FRONT * k) * ring, (_MEET - _BACK * k) * ring
    if p > front + 0.004 or p < back - 0.004:
        return False
    length, angle = _anterior(k * ring, opening)
    if _flap(front - p, depth, length, angle, 0.0022 * k * (1.6 * opening - 1.0)):
        return True
    length, angle = _posterior(k * ring, opening)
    return bool(_flap(p - back, depth, length, angle, 0.0014 * k * (opening - 1.0)))


def mitral_ring(angle_rad: Array, ring_m: float) -> tuple[Array, Array]:
    """Hinge line of the leaflets at angles (N,): position along the outflow axis and across it [m]; 0 is anterior."""
    reach = np.where(np.cos(angle_rad) > 0.0, _FRONT, _BACK)
    return ring_m * (_MEET + reach * np.cos(angle_rad)), ring_m * _HALF_WIDTH * np.sin(angle_rad)


def mitral_tip(anterior: bool, share: float, ring_m: float, opening: float) -> tuple[float, float, float]:
    """Free edge of a leaflet at a share (-1..1) of the ring's width: position along the outflow axis, across, depth."""
    k = math.sqrt(1.0 - share * share)
    length, angle = _anterior(k * ring_m, opening) if anterior else _posterior(k * ring_m, opening)
    run = length * math.cos(angle)
    p = (_MEET + _FRONT * k) * ring_m - run if anterior else (_MEET - _BACK * k) * ring_m + run
    return p, share * _HALF_WIDTH * ring_m, length * math.sin(angle)


@njit(cache=True, nogil=True, error_model="numpy")
def tricuspid(along: float, across: float, depth: float, width: float, opening: float) -> bool:
    """True on a tricuspid leaflet: `along` from the septal hinge towards the free wall, over the ring's `width`."""
    if depth < -0.002 or depth > 0.026 or along < -0.001 or along > width + 0.001:
        return False
    w = across / (0.60 * width)
    k2 = 1.0 - w * w
    if k2 <= 0.02:
        return False
    k = math.sqrt(k2)
    meet = 0.42 * width
    low, high = meet - 0.42 * width * k, meet + 0.58 * width * k
    septal, free = meet - low, high - meet
    if _flap(along - low, depth, septal * (1.14 + 0.15 * opening), 0.40 + 0.95 * opening, -0.0012 * k):
        return True
    return bool(_flap(high - along, depth, free * (1.08 + 0.12 * opening), 0.36 + 0.98 * opening, -0.0018 * k))


@njit(cache=True, nogil=True, error_model="numpy")
def cusp(x: float, y: float, h: float, radius: float, opening: float) -> bool:
    """True on an aortic cusp at height h above the annulus; the three meet in a star, or lie against the sinuses.

    (x, y) across the root, x forward: the right cusp lies in front, the non-coronary and the left one behind.
    """
    meet, top = 0.55 * radius, 0.98 * radius
    rho2 = x * x + y * y
    if h < 0.0005 or h > 1.25 * top or rho2 > 2.2 * radius * radius:
        return False
    rho = math.sqrt(rho2)
    if h > top * (0.92 + 0.33 * min(rho / radius, 1.0)) or rho < 0.8 * opening * radius:
        return False
    angle = abs(math.atan2(y, x))
    if angle > math.pi / 3.0:
        angle = abs(angle - 2.0 * math.pi / 3.0)
    side = math.sin(math.pi / 3.0 - angle)
    off = rho * side
    rise = max(1.0 - h / meet, 0.0)
    shut = 1.02 * radius * 0.866 * rise**0.75
    wide = 0.90 * radius * side
    thick = _HALF_THICKNESS_M * ((1.0 - opening) + opening * max(side / 0.866, 0.35))
    if h < meet and opening < 0.5:
        thick *= 1.25
    return bool(abs(off - (1.0 - opening) * shut - opening * wide) < thick)
