"""Solid organs of the upper abdomen and the retroperitoneum: material of a point beneath the diaphragm."""

import math

import numpy as np

from echopilot_core import Array
from echopilot_core.kernels.compiled import njit
from echopilot_sim.anatomy.labels.materials import Material
from echopilot_sim.anatomy.parameters import Patient
from echopilot_sim.anatomy.vessels.aorta import DIAPHRAGM_Z_M
from echopilot_sim.anatomy.vessels.vessels import Vessels

_TAG = 3103
_EDGE_M = 0.014  # radius of the rounded edges of the liver

_FASCIA, _MUSCLE = int(Material.FASCIA), int(Material.MUSCLE)
_LIVER, _KIDNEY, _SPLEEN, _BILE = (
    int(m) for m in (Material.LIVER, Material.KIDNEY, Material.SPLEEN, Material.GALLBLADDER)
)
_VERTEBRA, _DISC, _PSOAS, _MESENTERY = (
    int(m) for m in (Material.VERTEBRA, Material.DISC, Material.PSOAS, Material.MESENTERY)
)
_STOMACH, _BOWEL_WALL, _CONTENT, _GAS = (
    int(m) for m in (Material.STOMACH, Material.BOWEL_WALL, Material.BOWEL_CONTENT, Material.GAS)
)


def numbers(patient: Patient, vessels: Vessels, front_y_m: float) -> Array:
    """Flat numbers (20,) of the organs; `front_y_m` is the inside of the wall in the middle of the upper abdomen."""
    rng = np.random.default_rng([patient.seed, _TAG])
    aorta = vessels.section(0.02)
    gas = 1.0 if patient.abdomen.gas_pockets >= 9 else 0.0
    return np.array(
        [
            patient.abdomen.liver_edge_z_m,
            -0.040 + float(rng.uniform(-0.010, 0.012)),  # lower edge of the left lobe in the midline
            0.045 + float(rng.uniform(-0.012, 0.014)),  # left end of the left lobe
            front_y_m,
            0.055 + float(rng.uniform(-0.005, 0.005)),  # half the right lobe's width
            float(rng.uniform(0.010, 0.015)),  # gall bladder, half width
            float(rng.uniform(0.024, 0.034)),  # gall bladder, half length
            gas,
            0.066 + float(rng.uniform(-0.004, 0.004)),  # kidneys from the midline
            float(rng.uniform(0.046, 0.056)),  # kidneys, half length
            float(aorta.centre_m[1]),
            float(rng.uniform(0.030, 0.040)),  # stomach, half width
            float(rng.uniform(0.070, 0.085)),  # stomach from the midline
            patient.torso.half_width_abdomen_m,
        ]
    )


@njit(cache=True, nogil=True, error_model="numpy")
def liver(q: Array, x: float, y: float, z: float, spine: float) -> bool:
    """Right lobe down to its lower edge, wedge of the left lobe to the left end; all edges rounded."""
    right = min(max((-0.005 - x) / 0.085, 0.0), 1.0)
    bottom = q[1] + (q[0] - q[1]) * right * right * (3.0 - 2.0 * right)
    back_right = min(max((-0.018 - x) / 0.035, 0.0), 1.0)
    left = min(max((x + 0.015) / (q[2] + 0.015), 0.0), 1.0)
    back = q[3] + 0.052 * (1.0 - left * left) + 0.010
    back += (spine + 0.035 - back) * back_right * back_right * (3.0 - 2.0 * back_right)
    lift = min(max((y - q[3]) / 0.10, 0.0), 1.0)
    d1 = z - bottom - 0.030 * lift  # the lower edge is thin in front
    d2 = q[2] - x
    d3 = back - y
    if d1 < 0.0 or d2 < 0.0 or d3 < 0.0:
        return False
    acc = 0.0
    if d1 < _EDGE_M:
        acc += (1.0 - d1 / _EDGE_M) ** 2
    if d2 < _EDGE_M:
        acc += (1.0 - d2 / _EDGE_M) ** 2
    if d3 < _EDGE_M:
        acc += (1.0 - d3 / _EDGE_M) ** 2
    return acc < 1.0


@njit(cache=True, nogil=True, error_model="numpy")
def spine_material(x: float, y: float, z: float, spine: float, level: float) -> int:
    """Vertebra, disc or -1; bodies have a waist, discs are narrow and bulge a little. `level` counts vertebrae up."""
    vy = y - spine - 0.017
    share = level - math.floor(level)
    half = (share - 0.42) / 0.42
    waist = 1.0 - 0.1 * max(1.0 - half * half, 0.0) if share < 0.84 else 1.02
    r2 = (x / (0.0215 * waist)) ** 2 + (vy / (0.017 * waist)) ** 2
    if r2 < 1.0:
        return _VERTEBRA if share < 0.84 else _DISC
    if vy > 0.0 and ((abs(x) < 0.017 and vy < 0.030) or (abs(x) < 0.005 and vy < 0.055)):
        return _VERTEBRA
    return -1


@njit(cache=True, nogil=True, error_model="numpy")
def organ(q: Array, x: float, y: float, z: float, spine: float, ax: float, ay: float, ar: float) -> int:
    """Material of a point beneath the diaphragm; the aorta's center at this height is (ax, ay), its radius ar."""
    vy = y - spine - 0.017
    # crura: muscle around the upper aorta, in front of it only above the coeliac trunk
    if z > DIAPHRAGM_Z_M - 0.055:
        rho = math.sqrt((x - ax) ** 2 + (y - ay) ** 2) - ar
        around = 0.001 < rho < 0.0035 + 0.003 * min((z - DIAPHRAGM_Z_M + 0.055) / 0.03, 1.0)
        if around and (z > DIAPHRAGM_Z_M - 0.008 or (abs(x - ax) > 0.55 * ar and y < spine + 0.012)):
            return _MUSCLE
    # caudate lobe, between cava and left lobe
    if ((x + 0.016) / 0.019) ** 2 + ((y - q[10] + 0.032) / 0.012) ** 2 + ((z + 0.010) / 0.030) ** 2 < 1.0:
        return _LIVER
    g = ((x + 0.058) / q[5]) ** 2 + ((y - q[3] - 0.040 + 0.25 * (z + 0.060)) / (1.15 * q[5])) ** 2
    g += ((z - q[0] - 0.030) / q[6]) ** 2
    if g < 1.0:
        return _BILE if g < 0.80 else _FASCIA
    if liver(q, x, y, z, spine):
        return _LIVER
    kidney_z = -0.057 if x > 0 else -0.070
    kx, kz = abs(x) - q[8], z - kidney_z
    k = ((kx - 0.15 * kz) / 0.027) ** 2 + ((vy - 0.004) / 0.023) ** 2 + (kz / q[9]) ** 2
    if k < 1.07:
        if k >= 1.0:
            return _FASCIA
        sinus = ((kx + 0.007) / 0.012) ** 2 + ((vy - 0.002) / 0.009) ** 2 + (kz / (0.55 * q[9])) ** 2
        return _MESENTERY if sinus < 1.0 else _KIDNEY
    if ((x - 0.76 * q[13]) / 0.024) ** 2 + ((vy + 0.005) / 0.036) ** 2 + ((z + 0.035) / 0.05) ** 2 < 1.0:
        return _SPLEEN
    if z < 0.0:
        psoas = ((abs(x) - 0.038) / 0.018) ** 2 + ((vy - 0.003) / 0.024) ** 2
        if psoas < min(1.0, -z / 0.06):
            return _FASCIA if psoas > min(1.0, -z / 0.06) - 0.10 else _PSOAS
    sy = y - q[3] - 0.038
    s = ((x - q[12]) / q[11]) ** 2 + (sy / 0.034) ** 2 + ((z + 0.050 - 0.25 * (x - q[12])) / 0.028) ** 2
    if s < 1.0:
        if s > 0.72:
            return _STOMACH
        return _GAS if q[7] > 0.0 and sy < -0.010 else _CONTENT
    return _MESENTERY
