"""Ribs, costal margin and the stiffness of the skin over them, on the flat parameters of skin.py."""

import math

import numpy as np

from echopilot_core import Array
from echopilot_core.kernels.compiled import njit
from echopilot_sim.anatomy.torso import columns as col
from echopilot_sim.anatomy.torso.skin import section

_COSTOCHONDRAL_RAD, _RIB_SLOPE_M_RAD, _RIB_BEND_RAD = 0.48, 0.075, 0.12


@njit(cache=True, nogil=True)
def rib_level(p: Array, x: float, y: float, z: float) -> float:
    """Distance [m] from the middle of the nearest rib, along z, at a point of the chest wall.

    Ribs fall from the spine to the costochondral junction and rise again to the sternum.
    """
    _, b, yc, _, _, _ = section(p, z)
    theta = math.atan2(abs(x), max(yc - y, -b) * p[col.HALF_WIDTH_CHEST] / b)
    slope = _RIB_SLOPE_M_RAD if theta > _COSTOCHONDRAL_RAD else p[col.CARTILAGE_SLOPE]
    u = z - slope * (math.sqrt((theta - _COSTOCHONDRAL_RAD) ** 2 + _RIB_BEND_RAD**2) - _RIB_BEND_RAD) - p[col.RIB_PHASE]
    return float(abs(u - p[col.RIB_SPACING] * math.floor(u / p[col.RIB_SPACING] + 0.5)))


@njit(cache=True, nogil=True)
def costal_margin_z(x: float) -> float:
    """Height z [m] of the lower end of the rib cage at x: the arch below the xiphoid."""
    t = min(abs(x) / 0.14, 1.0)
    return -0.10 * t * t * (3.0 - 2.0 * t) + 0.004


@njit(cache=True, nogil=True)
def stiffness(p: Array, x: float, y: float, z: float) -> float:
    """Pressure per depth [Pa/m] of the skin at a point: soft belly, firmer chest, hard over ribs and sternum."""
    chest = 1.0 / (1.0 + math.exp(-(z - costal_margin_z(x)) / 0.008))
    soft = p[col.STIFFNESS_ABDOMEN] + (p[col.STIFFNESS_CHEST] - p[col.STIFFNESS_ABDOMEN]) * chest
    rib = 1.0 / (1.0 + math.exp((rib_level(p, x, y, z) - p[col.RIB_HALF_WIDTH]) / 0.0015))
    if z < p[col.NOTCH_Z]:
        sternum = 1.0 / (1.0 + math.exp((abs(x) - p[col.STERNUM_HALF_WIDTH]) / 0.002))
        rib = max(rib, sternum)
    return float(soft + (p[col.STIFFNESS_RIB] - p[col.STIFFNESS_CHEST]) * rib * chest)


def stiffness_at(p: Array, points_m: Array) -> Array:
    """Pressure per depth (N,) [Pa/m] at points (N, 3) of the skin."""
    return np.array([stiffness(p, *point) for point in points_m])
