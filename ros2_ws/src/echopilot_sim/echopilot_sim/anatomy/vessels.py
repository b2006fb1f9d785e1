"""Aorta, iliacs, vena cava and mesenteric artery as analytic tubes around tabulated centre lines.

The table has one row per millimetre of z. Columns: 0 x, 1 y of the aortic centre, 2 outer radius, 3 lumen radius,
4 and 5 shift of the lumen in x and y, 6 and 7 slopes of the posterior wall in x and y (cross-sections are circles
perpendicular to it, so that a bulge does not tilt them), 8 and 9 x and y of the vena cava.
"""

import math
from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

from echopilot_sim.anatomy.materials import Material
from echopilot_sim.anatomy.parameters import Aorta

Array = NDArray[np.float64]

TOP_Z_M, STEP_M = 0.20, 0.001
DIAPHRAGM_Z_M = -0.015
WALL_M = 0.0015
PULSE = 0.03
ILIAC_RADIUS_M, ILIAC_WALL_M, ILIAC_LENGTH_M = 0.0058, 0.0010, 0.055
IVC_HALF_WIDTH_M, IVC_HALF_DEPTH_M = 0.0105, 0.0080
SMA_RADIUS_M = 0.0032
REACH_X_M = 0.06  # no vessel lies farther from the midline

_BLOOD_AORTA, _AORTA_WALL, _THROMBUS = int(Material.BLOOD_AORTA), int(Material.AORTA_WALL), int(Material.THROMBUS)
_BLOOD_IVC, _BLOOD_BRANCH, _VESSEL_WALL = int(Material.BLOOD_IVC), int(Material.BLOOD_BRANCH), int(Material.VESSEL_WALL)


@dataclass(frozen=True)
class Vessels:
    """Tabulated vessels: `table` (n, 10) for z = bottom_z_m + i * 1 mm; the aorta ends at `bifurcation_z_m`."""

    table: Array
    bottom_z_m: float
    bifurcation_z_m: float
    sma_start_m: Array  # (3,)
    sma_end_m: Array
    iliac_ends_m: Array  # (2, 3)
    abdominal_z_m: Array  # (k,) heights from the diaphragm down to the bifurcation
    abdominal_arc_m: Array  # (k,) arc length of the centre line there: the station
    depth_range_m: Array  # (2,) y of the foremost and the hindmost vessel wall


def spine_front_y(back_y_m: float, z: float) -> float:
    """y [m] of the anterior face of the vertebral column: lumbar lordosis, thoracic kyphosis."""
    return back_y_m - 0.106 - 0.005 * math.cos((z + 0.12) / 0.09) + 0.022 / (1.0 + math.exp(-(z - 0.02) / 0.02))


def outer_radius(aorta: Aorta, z: float) -> float:
    """Outer radius [m] of the aorta in mid-pulse at height z."""
    t = min(max((DIAPHRAGM_Z_M - z) / (DIAPHRAGM_Z_M - aorta.bifurcation_z_m), 0.0), 1.0)
    base = aorta.radius_top_m + (aorta.radius_bottom_m - aorta.radius_top_m) * t
    sac = aorta.aneurysm
    if sac is None:
        return base
    bulge = math.exp(-0.5 * ((z - sac.z_m) / (sac.length_m / 2.355)) ** 2)
    return base + max(0.0, sac.radius_m - base) * bulge


def build(aorta: Aorta, back_y_m: float) -> Vessels:
    """Tabulate all vessels of a patient; the aneurysm grows forwards from the spine and pushes the cava aside."""
    bottom = aorta.bifurcation_z_m - 0.06
    n = round((TOP_Z_M - bottom) / STEP_M) + 1
    zs = bottom + STEP_M * np.arange(n)
    table = np.zeros((n, 10))
    for i, z in enumerate(zs):
        outer = outer_radius(aorta, z)
        base = min(outer, aorta.radius_top_m)
        thrombus = (aorta.aneurysm.thrombus_fraction if aorta.aneurysm else 0.0) * max(0.0, outer - base)
        lumen = outer - WALL_M - thrombus
        thoracic = 1.0 / (1.0 + math.exp(-(z - 0.03) / 0.025))
        wave = aorta.wave_x_m * math.sin((z - aorta.bifurcation_z_m) / 0.032 + aorta.wave_phase_rad)
        x = aorta.offset_x_m + wave * (1.0 - thoracic) + 0.016 * thoracic
        y = spine_front_y(back_y_m, z) - 0.004 - outer + 0.010 * thoracic
        shift = 0.8 * (outer - WALL_M - lumen)
        angle = aorta.aneurysm.angle_rad if aorta.aneurysm else 0.0
        cava_x = min(-0.020, x - outer - IVC_HALF_WIDTH_M - 0.003)
        cava_y = spine_front_y(back_y_m, z) - 0.011 - 0.020 / (1.0 + math.exp(-(z - 0.0) / 0.012))
        table[i] = x, y, outer, lumen, shift * math.cos(angle), shift * math.sin(angle), 0.0, 0.0, cava_x, cava_y
    table[:, 6] = np.gradient(table[:, 0], STEP_M)
    table[:, 7] = np.gradient(table[:, 1] + table[:, 2], STEP_M)
    fork = _row(table, bottom, aorta.bifurcation_z_m)
    start_z = DIAPHRAGM_Z_M - 0.025
    root = _row(table, bottom, start_z)
    sma_start = np.array([root[0], root[1] - root[2], start_z])
    ahead = min(float(_row(table, bottom, z)[1] - _row(table, bottom, z)[2]) for z in (-0.08, -0.10, -0.12))
    sma_end = np.array([root[0] - 0.002, min(ahead, sma_start[1]) - 0.012, max(start_z - 0.08, aorta.bifurcation_z_m)])
    ends = [
        np.array([fork[0] + side * 0.030, fork[1] + 0.010, aorta.bifurcation_z_m - ILIAC_LENGTH_M]) for side in (-1, 1)
    ]
    abdominal = np.linspace(DIAPHRAGM_Z_M, aorta.bifurcation_z_m, 200)
    centres = np.array([[*_row(table, bottom, z)[:2], z] for z in abdominal])
    arcs = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(centres, axis=0), axis=1))])
    reach = (1.0 + PULSE) * table[:, 2]
    front = min(float((table[:, 1] - reach).min()), float(table[:, 9].min()) - 0.010, float(sma_end[1]) - 0.005)
    back = max(float((table[:, 1] + reach).max()), float(table[:, 9].max()) + 0.010, float(ends[0][1]) + 0.008)
    return Vessels(
        table=table,
        bottom_z_m=bottom,
        bifurcation_z_m=aorta.bifurcation_z_m,
        sma_start_m=sma_start,
        sma_end_m=sma_end,
        iliac_ends_m=np.array(ends),
        abdominal_z_m=abdominal,
        abdominal_arc_m=arcs,
        depth_range_m=np.array([front, back]),
    )


def _row(table: Array, bottom: float, z: float) -> Array:
    u = (z - bottom) / STEP_M
    i = int(np.clip(math.floor(u), 0, len(table) - 2))
    return np.asarray(table[i] + (u - i) * (table[i + 1] - table[i]))


def centre_line(vessels: Vessels, z_m: float) -> Array:
    """Row (10,) of the vessel table at height z."""
    return _row(vessels.table, vessels.bottom_z_m, z_m)


def pulse(phase: float) -> float:
    """Relative change of the aortic radius, -3 % in late diastole to +3 % at peak pressure."""
    phase = phase % 1.0
    rise = min(phase / 0.22, 1.0)
    shape = rise * rise * (3.0 - 2.0 * rise)
    if phase > 0.22:
        shape *= 1.0 - (t := (phase - 0.22) / 0.78) * t * (3.0 - 2.0 * t)
    return PULSE * (2.0 * shape - 1.0)


def pack(vessels: Vessels, phase: float) -> Array:
    """Flat numbers (20,) beside the table that `classify` needs for one instant."""
    return np.concatenate(
        [
            [vessels.bottom_z_m, vessels.bifurcation_z_m, 1.0 + pulse(phase)],
            vessels.sma_start_m,
            vessels.sma_end_m,
            vessels.iliac_ends_m.ravel(),
            centre_line(vessels, vessels.bifurcation_z_m)[:2],
            vessels.depth_range_m,
            np.zeros(1),
        ]
    )


@njit(cache=True, nogil=True, error_model="numpy")
def _segment_distance2(
    x: float, y: float, z: float, ax: float, ay: float, az: float, bx: float, by: float, bz: float
) -> float:
    dx, dy, dz = bx - ax, by - ay, bz - az
    t = ((x - ax) * dx + (y - ay) * dy + (z - az) * dz) / (dx * dx + dy * dy + dz * dz)
    t = min(max(t, 0.0), 1.0)
    return (x - ax - t * dx) ** 2 + (y - ay - t * dy) ** 2 + (z - az - t * dz) ** 2


@njit(cache=True, nogil=True, error_model="numpy")
def classify(table: Array, v: Array, x: float, y: float, z: float) -> int:
    """Material of the vessels at a point of patient, -1 outside all of them."""
    if z < v[0] or z > 0.199:
        return -1
    u = (z - v[0]) * 1000.0
    i = min(max(int(u), 0), table.shape[0] - 2)
    f = u - i
    scale = v[2]
    if z >= v[1]:
        cx = table[i, 0] + f * (table[i + 1, 0] - table[i, 0])
        cy = table[i, 1] + f * (table[i + 1, 1] - table[i, 1])
        dx, dy = x - cx, y - cy
        if dx * dx + dy * dy < 0.0025:
            sx, sy = table[i, 6], table[i, 7]
            along = (dx * sx + dy * sy) / (1.0 + sx * sx + sy * sy)  # dz to the foot of the perpendicular
            u = (z + along - v[0]) * 1000.0
            i = min(max(int(u), 0), table.shape[0] - 2)
            f = u - i
            px = x - table[i, 0] - f * (table[i + 1, 0] - table[i, 0])
            py = y - table[i, 1] - f * (table[i + 1, 1] - table[i, 1])
            outer = scale * (table[i, 2] + f * (table[i + 1, 2] - table[i, 2]))
            if px * px + py * py + along * along < outer * outer:
                lumen = scale * (table[i, 3] + f * (table[i + 1, 3] - table[i, 3]))
                lx = px - table[i, 4] - f * (table[i + 1, 4] - table[i, 4])
                ly = py - table[i, 5] - f * (table[i + 1, 5] - table[i, 5])
                if lx * lx + ly * ly + along * along < lumen * lumen:
                    return _BLOOD_AORTA
                inner = outer - WALL_M
                return _AORTA_WALL if px * px + py * py + along * along > inner * inner else _THROMBUS
    if z < v[1] + 0.008:
        d2 = 1.0
        for side in range(2):
            e = 9 + 3 * side
            d2 = min(d2, _segment_distance2(x, y, z, v[15], v[16], v[1], v[e], v[e + 1], v[e + 2]))
        if d2 < (scale * ILIAC_RADIUS_M) ** 2:
            return _BLOOD_AORTA
        if d2 < (scale * ILIAC_RADIUS_M + ILIAC_WALL_M) ** 2:
            return _AORTA_WALL
    if z < 0.05 and x < 0.0:
        gx = (x - table[i, 8]) * (1.0 / IVC_HALF_WIDTH_M)
        gy = (y - table[i, 9]) * (1.0 / IVC_HALF_DEPTH_M)
        g2 = gx * gx + gy * gy
        if g2 < 1.0:
            return _BLOOD_IVC
        if g2 < 1.18:
            return _VESSEL_WALL
    if abs(x - v[3]) < 0.01 and v[8] - 0.005 < z < v[5] + 0.005:
        d2 = _segment_distance2(x, y, z, v[3], v[4], v[5], v[6], v[7], v[8])
        if d2 < SMA_RADIUS_M * SMA_RADIUS_M:
            return _BLOOD_BRANCH
        if d2 < (SMA_RADIUS_M + 0.001) ** 2:
            return _VESSEL_WALL
    return -1
