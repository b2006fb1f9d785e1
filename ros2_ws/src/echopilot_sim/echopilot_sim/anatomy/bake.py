"""Bakes everything that does not beat into a 1.5 mm label volume at mid breathing."""

import math
from dataclasses import dataclass, field

import numpy as np
from numba import njit
from numpy.typing import NDArray

from echopilot_sim.anatomy import skin, wall
from echopilot_sim.anatomy.materials import Material
from echopilot_sim.anatomy.parameters import Heart, Patient
from echopilot_sim.anatomy.vessel_aorta import spine_front_y
from echopilot_sim.anatomy.vessels import Vessels

Array = NDArray[np.float64]

SPACING_M = 0.0015
SKIN_M, RIB_SHELL_M = 0.002, 0.009

_AIR, _SKIN, _FAT, _MUSCLE, _FASCIA = (
    int(m) for m in (Material.AIR, Material.SKIN, Material.FAT, Material.MUSCLE, Material.FASCIA)
)
_BONE, _CARTILAGE, _LUNG, _DIAPHRAGM = (
    int(m) for m in (Material.BONE, Material.CARTILAGE, Material.LUNG, Material.DIAPHRAGM)
)
_LIVER, _LIVER_VESSEL, _KIDNEY, _BOWEL, _GAS = (
    int(m) for m in (Material.LIVER, Material.LIVER_VESSEL, Material.KIDNEY, Material.BOWEL, Material.GAS)
)
_MESENTERY, _VERTEBRA, _DISC, _PSOAS = (
    int(m) for m in (Material.MESENTERY, Material.VERTEBRA, Material.DISC, Material.PSOAS)
)
_MEDIASTINUM, _SPLEEN, _STOMACH = (int(m) for m in (Material.MEDIASTINUM, Material.SPLEEN, Material.STOMACH))


@dataclass(frozen=True)
class Volume:
    """Materials (nz, ny, nx) uint8; the centre of voxel (0, 0, 0) lies at `origin_m` (x, y, z) in patient.

    `wall` (24,) are the layers of wall.py that lie over the volume; `wall.no_wall()` where the volume has its own.
    """

    labels: NDArray[np.uint8]
    origin_m: Array
    wall: Array = field(default_factory=wall.no_wall)


def bake(patient: Patient, heart: Heart, vessels: Vessels, parasternal_window_m: Array | None) -> Volume:
    """Label volume of skin, fat, muscle, bones, lungs (with their cardiac notch) and abdominal organs of a patient."""
    torso = patient.torso
    assert patient.aorta is not None
    bottom = patient.aorta.bifurcation_z_m
    origin = np.array([-0.20, -0.035, bottom - 0.07])
    end = np.array([0.20, torso.back_y_m + 0.003, 0.205])
    shape = np.ceil((end - origin) / SPACING_M).astype(int)
    labels = np.zeros(shape[::-1], dtype=np.uint8)
    spine = np.array([spine_front_y(torso.back_y_m, origin[2] + SPACING_M * k) for k in range(shape[2])])
    p = skin.pack(torso)
    base = heart.apex_m + heart.rotation @ np.array([0.01, 0.01, heart.length_m])
    below_xiphoid = np.array([0.0, skin.front_y(p, 0.0, -0.03, 0.5), -0.03])
    middle = heart.apex_m + heart.rotation @ np.array([0.02, 0.0, 0.55 * heart.length_m])
    free = [np.concatenate([below_xiphoid, middle - below_xiphoid, [0.025, 0.030]])]
    if parasternal_window_m is not None:
        free.append(np.concatenate([parasternal_window_m, base - parasternal_window_m, [0.024, 0.020]]))
    _fill(labels, origin, p, spine, heart.apex_m, np.ascontiguousarray(heart.rotation), np.array(free))
    _stamp_loops(np.random.default_rng([patient.seed, 77]), labels, origin, vessels, bottom)
    return Volume(labels, origin, wall.pack(patient))


@njit(cache=True, nogil=True)
def _fill(labels: NDArray[np.uint8], origin: Array, p: Array, spine: Array, apex: Array, R: Array, free: Array) -> None:
    """`free` (n, 8): paths without lung, each start, span, radius at the start and its growth to the end."""
    nz, ny, nx = labels.shape
    for k in range(nz):
        z = origin[2] + SPACING_M * k
        a, b, yc, da, db, dyc = skin.section(p, z)
        fat = p[16] + (p[15] - p[16]) * skin.chest_weight(z)
        front = spine[k]
        for j in range(ny):
            y = origin[1] + SPACING_M * j
            Y = (y - yc) / b
            ay = math.sqrt(abs(Y)) * Y
            sy = ay * Y
            if sy >= 1.0:
                continue
            for i in range(nx):
                x = origin[0] + SPACING_M * i
                X = x / a
                ax = math.sqrt(abs(X)) * X
                S = ax * X + sy
                if S >= 1.0:
                    continue
                depth = 1.0
                if S > 0.22:
                    f = S**0.4
                    gx, gy = ax / a, ay / b
                    gz = -ax * X * da / a - ay * (dyc + Y * db) / b
                    depth = (1.0 - f) * S / f / math.sqrt(gx * gx + gy * gy + gz * gz)
                labels[k, j, i] = _material(p, x, y, z, S, depth, fat, front, apex, R, free)


@njit(cache=True, nogil=True)
def _material(
    p: Array, x: float, y: float, z: float, S: float, depth: float, fat: float, spine: float,
    apex: Array, R: Array, free: Array,
) -> int:  # fmt: skip
    if depth < SKIN_M:
        return _SKIN
    if depth < SKIN_M + fat:
        return _FAT
    outer = SKIN_M + fat + p[17]
    chest = z > skin.costal_margin_z(x)
    if depth < outer:
        if not chest and (depth > outer - 0.0016 or depth < SKIN_M + fat + 0.0012 or (abs(x) < 0.003 and y < 0.06)):
            return _FASCIA
        if abs(x) > p[13] or z > p[14] or z < 0.0 or depth < outer - 0.003:
            return _MUSCLE
    if chest and depth < outer + RIB_SHELL_M:
        if abs(x) < p[13] and 0.0 < z < p[14] and y < 0.08:
            return _BONE
        middle = outer + 0.5 * RIB_SHELL_M
        level = skin.rib_level(p, x, y, z) / p[11]
        off = (depth - middle) / (0.5 * RIB_SHELL_M)
        if level * level + off * off < 1.0:
            return _CARTILAGE if (y < 0.05 and abs(x) < 0.075) else _BONE
        return _MUSCLE

    # spine and what lies on it
    vy = y - spine - 0.017
    if (x / 0.0215) ** 2 + (vy / 0.017) ** 2 < 1.0:
        level = (z + 0.30) / 0.0355
        return _VERTEBRA if level - math.floor(level) < 0.77 else _DISC
    if vy > 0.0 and ((abs(x) < 0.017 and vy < 0.030) or (abs(x) < 0.005 and vy < 0.055)):
        return _VERTEBRA
    if vy > 0.018 and abs(x) < 0.085:
        return _MUSCLE
    if z < 0.0 and ((abs(x) - 0.038) / 0.018) ** 2 + ((vy - 0.003) / 0.024) ** 2 < min(1.0, -z / 0.06):
        return _PSOAS

    # heart hull and acoustic windows in front of it
    hx, hy, hz = x - apex[0], y - apex[1], z - apex[2]
    ha = R[0, 0] * hx + R[1, 0] * hy + R[2, 0] * hz
    hb = R[0, 1] * hx + R[1, 1] * hy + R[2, 1] * hz
    hc = R[0, 2] * hx + R[1, 2] * hy + R[2, 2] * hz
    if ((ha - 0.018) / 0.064) ** 2 + ((hb - 0.004) / 0.054) ** 2 + ((hc - 0.066) / 0.080) ** 2 < 1.0:
        return _MEDIASTINUM
    ground = 0.012 + 0.022 * math.exp(-(((x + 0.075) / 0.05) ** 2)) - 0.105 * S * S
    if z > ground:
        if hc < 0.035 and ha * ha + hb * hb < (0.021 + 0.45 * max(hc + 0.02, 0.0)) ** 2:
            return _MEDIASTINUM
        for w in free:
            wx, wy, wz = x - w[0], y - w[1], z - w[2]
            t = (wx * w[3] + wy * w[4] + wz * w[5]) / (w[3] * w[3] + w[4] * w[4] + w[5] * w[5])
            t = min(max(t, 0.0), 1.0)
            if (wx - t * w[3]) ** 2 + (wy - t * w[4]) ** 2 + (wz - t * w[5]) ** 2 < (w[6] + w[7] * t) ** 2:
                return _MEDIASTINUM
        if -0.034 < x < 0.042 and (y > 0.09 or abs(x) < 0.02):
            return _MEDIASTINUM
        return _LUNG
    if ground - z < 0.0028:
        return _DIAPHRAGM
    bottom = -0.030 - 0.080 * min(max((0.05 - x) / 0.15, 0.0), 1.0)
    if x < 0.055 and z > bottom and y < spine - 0.012 + (0.06 if x < -0.04 else 0.0) and (x < -0.012 or y < 0.078):
        return _LIVER
    kidney_z = -0.055 if x > 0 else -0.068
    if ((abs(x) - 0.064) / 0.027) ** 2 + ((vy - 0.004) / 0.023) ** 2 + ((z - kidney_z) / 0.052) ** 2 < 1.0:
        return _KIDNEY
    if ((x - 0.115) / 0.024) ** 2 + ((vy + 0.005) / 0.036) ** 2 + ((z + 0.035) / 0.05) ** 2 < 1.0:
        return _SPLEEN
    if ((x - 0.075) / 0.038) ** 2 + ((y - 0.065) / 0.034) ** 2 + ((z + 0.045) / 0.030) ** 2 < 1.0:
        return _STOMACH
    return _MESENTERY


def _stamp_loops(
    rng: np.random.Generator, labels: NDArray[np.uint8], origin: Array, vessels: Vessels, bottom_z_m: float
) -> None:
    """Bowel loops, a few of them with gas beside the aorta, and liver vessels."""
    low = bottom_z_m - 0.05
    for _ in range(70):
        start = np.array([rng.uniform(-0.10, 0.10), rng.uniform(0.025, 0.080), rng.uniform(low, -0.05)])
        end = start + rng.normal(0.0, 1.0, 3) * np.array([0.022, 0.008, 0.018])
        _stamp(labels, origin, start, end, float(rng.uniform(0.008, 0.014)), _MESENTERY, _BOWEL)
    for _ in range(9):
        z = float(rng.uniform(low, -0.06))
        aorta_x = float(vessels.points(np.array([-z - 0.015]))[0, 0])
        side = -1.0 if rng.random() < 0.5 else 1.0
        centre = np.array([aorta_x + side * rng.uniform(0.045, 0.09), rng.uniform(0.030, 0.055), z])
        end = centre + np.array([rng.normal(0.0, 0.008), 0.0, rng.normal(0.0, 0.010)])
        _stamp(labels, origin, centre, end, float(rng.uniform(0.005, 0.009)), _BOWEL, _GAS)
        _stamp(labels, origin, centre, end, 0.004, _MESENTERY, _GAS)
    hilum = np.array([-0.03, 0.075, -0.035])
    for _ in range(9):
        tip = np.array([rng.uniform(-0.12, 0.02), rng.uniform(0.03, 0.13), rng.uniform(-0.09, 0.02)])
        start = hilum + 0.3 * (tip - hilum)
        _stamp(labels, origin, start, tip, float(rng.uniform(0.0025, 0.0045)), _LIVER, _LIVER_VESSEL)


@njit(cache=True, nogil=True)
def _stamp(
    labels: NDArray[np.uint8], origin: Array, start: Array, end: Array, radius: float, old: int, new: int
) -> None:
    """Replace material `old` by `new` inside a capsule."""
    nz, ny, nx = labels.shape
    span = end - start
    span2 = max(span[0] ** 2 + span[1] ** 2 + span[2] ** 2, 1e-12)
    lo = np.empty(3, np.int64)
    hi = np.empty(3, np.int64)
    size = (nx, ny, nz)
    for axis in range(3):
        lo[axis] = max(int((min(start[axis], end[axis]) - radius - origin[axis]) / SPACING_M), 0)
        hi[axis] = min(int((max(start[axis], end[axis]) + radius - origin[axis]) / SPACING_M) + 2, size[axis])
    for k in range(lo[2], hi[2]):
        for j in range(lo[1], hi[1]):
            for i in range(lo[0], hi[0]):
                if labels[k, j, i] != old:
                    continue
                x = origin[0] + SPACING_M * i - start[0]
                y = origin[1] + SPACING_M * j - start[1]
                z = origin[2] + SPACING_M * k - start[2]
                t = min(max((x * span[0] + y * span[1] + z * span[2]) / span2, 0.0), 1.0)
                if (x - t * span[0]) ** 2 + (y - t * span[1]) ** 2 + (z - t * span[2]) ** 2 < radius * radius:
                    labels[k, j, i] = new
