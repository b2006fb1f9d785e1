"""The layered body wall of a sampled patient as a function of the depth below the skin.

Abdomen: skin, fat with wavy septa, rectus muscle or three flat muscles between their fasciae, linea alba,
preperitoneal fat, peritoneum. Chest: skin, fat or breast, pectoral muscle, ribs or sternum, pleura.
"""

import math

import numpy as np

from echopilot_core import Array
from echopilot_core.kernels.compiled import njit
from echopilot_sim.anatomy.labels.materials import Material
from echopilot_sim.anatomy.parameters import Patient
from echopilot_sim.anatomy.torso import columns as col
from echopilot_sim.anatomy.torso import rib_cage

SKIN_M, RIB_SHELL_M = 0.002, 0.009
PREPERITONEAL_M = 0.0035  # mean thickness; wavy
_LINE_M = 0.0007  # a fascia
_WAVES = 5
_HEADER = 4
N_WALL = _HEADER + 4 * _WAVES
_TAG = 3102

_SKIN, _FAT, _MUSCLE, _FASCIA = (int(m) for m in (Material.SKIN, Material.FAT, Material.MUSCLE, Material.FASCIA))
_BONE, _CARTILAGE, _BREAST = int(Material.BONE), int(Material.CARTILAGE), int(Material.BREAST)


def pack(patient: Patient) -> Array:
    """Numbers (24,) of a wall: 1, half-width of a rectus muscle, breast, thickness of preperitoneal fat, waves (5, 4).

    A wave is its vector (3,) [turns/m] and its phase [turns].
    """
    rng = np.random.default_rng([patient.seed, _TAG])
    waves = np.empty((_WAVES, 4))
    for k, length in enumerate((0.055, 0.034, 0.021, 0.047, 0.026)):
        direction = rng.normal(size=3)
        waves[k, :3] = direction / length / np.linalg.norm(direction)
        waves[k, 3] = rng.uniform(0.0, 1.0)
    fat = PREPERITONEAL_M * float(rng.uniform(0.6, 1.3)) * (0.5 + patient.torso.fat_abdomen_m / 0.020)
    breast = 1.0 if patient.sex == "F" else 0.0
    header = [1.0, 0.40 * patient.torso.half_width_abdomen_m, breast, min(fat, 0.008)]
    return np.concatenate([header, waves.ravel()])


def no_wall() -> Array:
    """Numbers (24,) that leave everything below the skin to the baked volume."""
    return np.zeros(N_WALL)


@njit(cache=True, nogil=True, error_model="numpy")
def _wave(w: Array, k: int, x: float, y: float, z: float) -> float:
    i = _HEADER + 4 * k
    turns = w[i] * x + w[i + 1] * y + w[i + 2] * z + w[i + 3]
    v = 2.0 * (turns - math.floor(turns)) - 1.0
    return float(4.0 * v * (1.0 - abs(v)))  # parabolas in place of a sine


@njit(cache=True, nogil=True, error_model="numpy")
def thickness(p: Array, w: Array, fat: float, chest: bool) -> float:
    """Depth [m] at which the wall ends on average, for `fat` of subcutaneous fat."""
    wall = SKIN_M + fat + p[col.MUSCLE]
    return float(wall + RIB_SHELL_M + _LINE_M if chest else wall + 1.6 * w[3] + 0.001)


@njit(cache=True, nogil=True, error_model="numpy")
def material(p: Array, w: Array, fat: float, depth: float, x: float, y: float, z: float) -> int:
    """Material at a depth [m] below the skin at a point of patient at rest, -1 beneath the wall."""
    if depth < SKIN_M:
        return _SKIN
    chest = z > rib_cage.costal_margin_z(x) + 1.5 * (depth - SKIN_M - fat - p[col.MUSCLE])
    one = 0.6 * _wave(w, 0, x, y, z) + 0.4 * _wave(w, 1, x, y, z)
    below = depth - SKIN_M
    wall = SKIN_M + fat + p[col.MUSCLE]
    if below < fat:
        two = 0.5 * _wave(w, 2, x, y, z) + 0.5 * _wave(w, 3, x, y, z)
        if chest and w[2] > 0.0 and below > 0.25 * fat:
            bx, bz = (abs(x) - 0.088) / 0.050, (z - 0.075) / 0.048
            if bx * bx + bz * bz < 1.0 + 0.3 * two:
                return _BREAST
        # septa lie nearly parallel to the skin, end and begin again
        layer = below / 0.0052 + 0.55 * one + 0.35 * two
        off = abs(layer - math.floor(layer + 0.5)) * 0.0052
        if off < 0.00028 and _wave(w, 4, x, y, z) + 0.6 * two > 0.1:
            return _FASCIA
        if below > fat - 0.0002:
            return _FASCIA
        return _FAT
    inside = below - fat
    if not chest:
        muscle = p[col.MUSCLE] * (1.0 + 0.06 * one)
        if inside < _LINE_M:
            return _FASCIA
        side = abs(x) - 0.5 * w[1] - 0.004
        rectus = side / (0.5 * w[1] + 0.001)
        if abs(x) < w[1] + 0.010 and y < 0.12:
            lens = muscle * math.sqrt(max(1.0 - rectus * rectus, 0.0))
            if inside < lens:
                return _FASCIA if inside > lens - _LINE_M else _MUSCLE
            if inside < _LINE_M + 0.0009:
                return _FASCIA  # linea alba and semilunar line: the sheaths join
            if abs(x) > w[1]:
                rectus = 0.0
        else:
            for share in (0.36, 0.70):
                if abs(inside - (share + 0.04 * one) * muscle) < 0.5 * _LINE_M:
                    return _FASCIA
            if inside < muscle - _LINE_M:
                return _MUSCLE
            if inside < muscle:
                return _FASCIA
        ends = p[col.MUSCLE] + w[3] * (1.0 + 0.5 * one)
        if inside < ends:
            return _FAT
        return _FASCIA if inside < ends + _LINE_M else -1
    if depth < wall:
        if inside < 0.5 * _LINE_M or abs(inside - (0.55 + 0.05 * one) * p[col.MUSCLE]) < 0.4 * _LINE_M:
            return _FASCIA
        if abs(x) > p[col.STERNUM_HALF_WIDTH] or z > p[col.NOTCH_Z] or z < 0.0 or depth < wall - 0.003:
            return _MUSCLE
    if depth < wall + RIB_SHELL_M:
        if abs(x) < p[col.STERNUM_HALF_WIDTH] and 0.0 < z < p[col.NOTCH_Z] and y < 0.08:
            return _BONE
        level = rib_cage.rib_level(p, x, y, z) / p[col.RIB_HALF_WIDTH]
        off = (depth - wall - 0.5 * RIB_SHELL_M) / (0.5 * RIB_SHELL_M)
        if level * level + off * off < 1.0:
            return _CARTILAGE if (y < 0.05 and abs(x) < 0.075) else _BONE
        if abs(off - 0.1 + 0.2 * one) < 0.07:
            return _FASCIA  # between outer and inner intercostal muscles
        return _MUSCLE
    return _FASCIA if depth < wall + RIB_SHELL_M + 0.6 * _LINE_M else -1
