"""Small bowel and colon in front of the great vessels: packed loops with wall, content and gas."""

import math

import numpy as np
from numpy.typing import NDArray

from echopilot_core import Array
from echopilot_core.kernels.compiled import njit
from echopilot_sim.anatomy.labels.materials import Material
from echopilot_sim.anatomy.parameters import Patient
from echopilot_sim.anatomy.vessels.vessels import Vessels

_TAG = 3104
_SEGMENTS = 5
_WALL_M = 0.0024

_MESENTERY, _BOWEL_WALL, _CONTENT, _GAS, _PANCREAS = (
    int(m) for m in (Material.MESENTERY, Material.BOWEL_WALL, Material.BOWEL_CONTENT, Material.GAS, Material.PANCREAS)
)


def sample_loops(
    patient: Patient, vessels: Vessels, bottom_z_m: float, front_y_m: float
) -> tuple[Array, Array, NDArray[np.int64]]:
    """Winding center lines (n, 6, 3) and radii (n,) [m] of loops, and what fills each: 0 content, 1 gas in front.

    Loops keep 6 mm off the aorta; those with gas lie at its sides, so that it can be seen between them.
    """
    rng = np.random.default_rng([patient.seed, _TAG])
    count = patient.abdomen.bowel_loops
    gas = np.zeros(count + 2, dtype=np.int64)
    gas[rng.permutation(count)[: patient.abdomen.gas_pockets]] = 1
    gas[count:] = rng.random(2) < 0.6
    lines = np.empty((count + 2, _SEGMENTS + 1, 3))
    radii = np.empty(count + 2)
    width = 0.72 * patient.torso.half_width_abdomen_m
    for k in range(count):
        z = float(rng.uniform(bottom_z_m, -0.052))
        at = vessels.section(max(-z - 0.015, 0.0))
        deep = float(at.centre_m[1] - at.outer_m) - 0.006
        radii[k] = rng.uniform(0.0075, 0.0135)
        x = float(rng.uniform(-width, width))
        if gas[k]:
            x = float(at.centre_m[0] + math.copysign(rng.uniform(0.030, 0.080), x))
        share = rng.uniform(0.0, 1.0) ** 0.6 if not gas[k] else rng.uniform(0.0, 0.5)
        last = max(deep - radii[k], front_y_m + radii[k])
        point = np.array([x, front_y_m + radii[k] + share * (last - front_y_m - radii[k]), z])
        heading = float(rng.uniform(0.0, 2.0 * math.pi))
        lines[k, 0] = point
        for s in range(_SEGMENTS):
            heading += float(rng.normal(0.0, 0.65))
            step = 0.010 * np.array([math.cos(heading), float(rng.normal(0.0, 0.25)), math.sin(heading)])
            point = point + step * (0.4 if gas[k] else 1.0)
            point[1] = min(max(point[1], front_y_m + 0.6 * radii[k]), max(deep - radii[k], front_y_m + 0.6 * radii[k]))
            lines[k, s + 1] = point
    for side, k in ((-1.0, count), (1.0, count + 1)):  # ascending and descending colon
        lines[k, :, 2] = np.linspace(-0.075, bottom_z_m, _SEGMENTS + 1)
        lines[k, :, 1] = front_y_m + 0.045
        wave = rng.normal(0.0, 0.004, _SEGMENTS + 1)
        lines[k, :, 0] = side * (0.80 * patient.torso.half_width_abdomen_m + wave)
        radii[k] = rng.uniform(0.018, 0.023)
    return lines, radii, gas


@njit(cache=True, nogil=True, error_model="numpy")
def stamp_loops(
    labels: NDArray[np.uint8], origin: Array, spacing: float, lines: Array, radii: Array, gas: NDArray[np.int64]
) -> None:
    """Fill loops into the mesentery; where two press on each other both keep a wall."""
    nz, ny, nx = labels.shape
    depth = np.full((nz, ny, nx), np.float32(1.0))  # signed distance over radius to the nearest loop
    second = np.full((nz, ny, nx), np.float32(1.0))
    which = np.full((nz, ny, nx), np.int16(-1))
    for k in range(lines.shape[0]):
        r = radii[k]
        lo = np.empty(3, np.int64)
        hi = np.empty(3, np.int64)
        size = (nx, ny, nz)
        for a in range(3):
            lo[a] = max(int((lines[k, :, a].min() - r - origin[a]) / spacing), 0)
            hi[a] = min(int((lines[k, :, a].max() + r - origin[a]) / spacing) + 2, size[a])
        for iz in range(lo[2], hi[2]):
            z = origin[2] + spacing * iz
            for iy in range(lo[1], hi[1]):
                y = origin[1] + spacing * iy
                for ix in range(lo[0], hi[0]):
                    if labels[iz, iy, ix] != _MESENTERY:
                        continue
                    x = origin[0] + spacing * ix
                    best = 1e9
                    for s in range(lines.shape[1] - 1):
                        ax, ay, az = lines[k, s, 0], lines[k, s, 1], lines[k, s, 2]
                        dx, dy, dz = lines[k, s + 1, 0] - ax, lines[k, s + 1, 1] - ay, lines[k, s + 1, 2] - az
                        t = ((x - ax) * dx + (y - ay) * dy + (z - az) * dz) / (dx * dx + dy * dy + dz * dz + 1e-12)
                        t = min(max(t, 0.0), 1.0)
                        d2 = (x - ax - t * dx) ** 2 + (y - ay - t * dy) ** 2 + (z - az - t * dz) ** 2
                        best = min(best, d2)
                    d = np.float32((math.sqrt(best) - r) / r)
                    if d >= 0.0:
                        continue
                    if d < depth[iz, iy, ix]:
                        second[iz, iy, ix] = depth[iz, iy, ix]
                        depth[iz, iy, ix] = d
                        which[iz, iy, ix] = k
                    elif d < second[iz, iy, ix]:
                        second[iz, iy, ix] = d
    for iz in range(nz):
        for iy in range(ny):
            for ix in range(nx):
                k = which[iz, iy, ix]
                if k < 0:
                    continue
                d = depth[iz, iy, ix] * radii[k]
                rest = (second[iz, iy, ix] - depth[iz, iy, ix]) * radii[k]
                if d > -_WALL_M or rest < 1.4 * _WALL_M:
                    labels[iz, iy, ix] = _BOWEL_WALL
                    continue
                y = origin[1] + spacing * iy
                if gas[k] == 1 and y < lines[k, :, 1].mean() - 0.15 * radii[k]:
                    labels[iz, iy, ix] = _GAS
                else:
                    labels[iz, iy, ix] = _CONTENT


@njit(cache=True, nogil=True, error_model="numpy")
def stamp_pancreas(labels: NDArray[np.uint8], origin: Array, spacing: float, line: Array, radius: float) -> None:
    """Pancreas along a line (n, 3): flat, with a head of twice the calibre at the line's end, lobulated."""
    nz, ny, nx = labels.shape
    n = line.shape[0]
    for i in range(n):
        share = i / (n - 1.0)
        r = radius * (0.75 + 0.25 * share + 0.55 * max(share - 0.85, 0.0) / 0.15)
        r *= 1.0 + 0.10 * math.sin(2.4 * i)
        reach = int(1.5 * r / spacing) + 1
        jx = int((line[i, 0] - origin[0]) / spacing)
        jy = int((line[i, 1] - origin[1]) / spacing)
        jz = int((line[i, 2] - origin[2]) / spacing)
        for iz in range(max(jz - reach, 0), min(jz + reach + 1, nz)):
            for iy in range(max(jy - reach, 0), min(jy + reach + 1, ny)):
                for ix in range(max(jx - reach, 0), min(jx + reach + 1, nx)):
                    if labels[iz, iy, ix] != _MESENTERY:
                        continue
                    dx = origin[0] + spacing * ix - line[i, 0]
                    dy = origin[1] + spacing * iy - line[i, 1]
                    dz = (origin[2] + spacing * iz - line[i, 2]) / 1.4
                    if dx * dx + dy * dy + dz * dz < r * r:
                        labels[iz, iy, ix] = _PANCREAS
