"""Label volume of 1.5 mm at mid breathing: everything but the heart, the layers of the body wall and the tubes."""

import math
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from echopilot_core import Array
from echopilot_core.kernels.compiled import njit
from echopilot_sim.anatomy.labels.materials import Material
from echopilot_sim.anatomy.organs import abdomen, bowel, chest, warp
from echopilot_sim.anatomy.parameters import Heart, Patient
from echopilot_sim.anatomy.torso import body_wall, skin
from echopilot_sim.anatomy.torso import columns as col
from echopilot_sim.anatomy.vessels.aorta import spine_front_y
from echopilot_sim.anatomy.vessels.vessels import Vessels

SPACING_M = 0.0015
_WARP_M = 0.0035
_TAG = 3105
_BELOW_FORK_M = 0.07
_VERTEBRA_M = 0.0355

_SKIN, _FAT, _MUSCLE = int(Material.SKIN), int(Material.FAT), int(Material.MUSCLE)
_MEDIASTINUM, _DIAPHRAGM = int(Material.MEDIASTINUM), int(Material.DIAPHRAGM)


@dataclass(frozen=True)
class LabelVolume:
    """Materials (nz, ny, nx) uint8; the center of voxel (0, 0, 0) lies at `origin_m` (x, y, z) in patient.

    `wall` (24,) are the layers of body_wall.py over the volume; `body_wall.no_wall()` where the volume has its own.
    """

    labels: NDArray[np.uint8]
    origin_m: Array
    wall: Array = field(default_factory=body_wall.no_wall)


def voxelize_organs(
    patient: Patient, heart: Heart, vessels: Vessels, parasternal_window_m: Array | None
) -> LabelVolume:
    """Label volume of spine, lungs (with their cardiac notch) and abdominal organs of a drawn patient."""
    torso = patient.torso
    rng = np.random.default_rng([patient.seed, _TAG])
    length = float(vessels.abdominal_arc_m[-1])
    fork_z = float(vessels.section(length).centre_m[2])
    origin = np.array([-0.20, -0.035, fork_z - _BELOW_FORK_M])
    end = np.array([0.20, torso.back_y_m + 0.003, 0.205])
    shape = np.ceil((end - origin) / SPACING_M).astype(int)
    labels = np.zeros(shape[::-1], dtype=np.uint8)
    p, walls = skin.pack(torso), body_wall.pack(patient)
    heights = origin[2] + SPACING_M * np.arange(shape[2])
    front = skin.front_y(p, 0.0, -0.08, 0.5) + body_wall.thickness(p, walls, torso.fat_abdomen_m, False)
    line = vessels.points(vessels.abdominal_arc_m)
    radii = np.array([vessels.section(float(s)).outer_m for s in vessels.abdominal_arc_m])
    middle_of_aorta = vessels.section(0.5 * length)  # a vertebra lies behind it
    slices = np.column_stack(
        [
            [spine_front_y(torso.back_y_m, float(z)) for z in heights],
            *(np.interp(-heights, -line[:, 2], column) for column in (line[:, 0], line[:, 1], radii)),
            np.full(heights.size, float(middle_of_aorta.centre_m[2]) + 0.003),
        ]
    )
    base = heart.apex_m + heart.rotation @ np.array([0.01, 0.01, heart.length_m])
    below_xiphoid = np.array([0.0, skin.front_y(p, 0.0, -0.03, 0.5), -0.03])
    middle = heart.apex_m + heart.rotation @ np.array([0.02, 0.0, 0.55 * heart.length_m])
    overlap = torso.lung_overlap_m
    free = [np.concatenate([below_xiphoid, middle - below_xiphoid, [0.025, 0.030]])]
    if parasternal_window_m is not None:
        narrow = [0.024 - 0.6 * overlap, 0.020]
        free.append(np.concatenate([parasternal_window_m, base - parasternal_window_m, narrow]))
    field_m = warp.displacement(rng, SPACING_M * shape, _WARP_M)
    numbers = abdomen.numbers(patient, vessels, front)
    rotation = np.ascontiguousarray(heart.rotation)
    _fill(labels, origin, p, walls, slices, numbers, heart.apex_m, rotation, np.array(free), overlap, field_m)
    splenic = next(t for t in vessels.tubes if t.name == "splenic vein").centre_m
    thick = float(rng.uniform(0.0075, 0.0105))
    bowel.stamp_pancreas(labels, origin, SPACING_M, splenic + [0.0, -0.85 * thick, -0.004], thick)
    loops = bowel.sample_loops(patient, vessels, fork_z - _BELOW_FORK_M, front)
    bowel.stamp_loops(labels, origin, SPACING_M, *loops)
    return LabelVolume(labels, origin, walls)


@njit(cache=True, nogil=True, error_model="numpy")
def _fill(
    labels: NDArray[np.uint8], origin: Array, p: Array, walls: Array, slices: Array, numbers: Array,
    apex: Array, R: Array, free: Array, overlap: float, warp_m: NDArray[np.float32],
) -> None:  # fmt: skip
    """`slices` (nz, 5): front of the spine, center (x, y) and radius of the aorta, and the middle of a vertebra [m].

    `warp_m` as warp.displacement.
    """
    nz, ny, nx = labels.shape
    node = np.empty((warp_m.shape[2], 3))
    for k in range(nz):
        z = origin[2] + SPACING_M * k
        a, b, yc, _, _, _ = skin.section(p, z)
        fat = p[col.FAT_ABDOMEN] + (p[col.FAT_CHEST] - p[col.FAT_ABDOMEN]) * skin.chest_weight(z)
        outer = body_wall.SKIN_M + fat + p[col.MUSCLE] - 0.002
        spine, ax, ay, ar = slices[k, 0], slices[k, 1], slices[k, 2], slices[k, 3]
        level = (z - slices[0, 4]) / _VERTEBRA_M + 20.42
        wz = z - origin[2]
        mz = int(wz / warp.STEP_M)
        gz = wz / warp.STEP_M - mz
        for j in range(ny):
            y = origin[1] + SPACING_M * j
            Y = (y - yc) / b
            ay15 = math.sqrt(abs(Y)) * Y
            sy = ay15 * Y
            if sy >= 1.0:
                continue
            wy = y - origin[1]
            my = int(wy / warp.STEP_M)
            gy = wy / warp.STEP_M - my
            for m in range(node.shape[0]):
                for c in range(3):
                    low = warp_m[mz, my, m, c] + gy * (warp_m[mz, my + 1, m, c] - warp_m[mz, my, m, c])
                    high = warp_m[mz + 1, my, m, c] + gy * (warp_m[mz + 1, my + 1, m, c] - warp_m[mz + 1, my, m, c])
                    node[m, c] = low + gz * (high - low)
            for i in range(nx):
                x = origin[0] + SPACING_M * i
                X = x / a
                ax15 = math.sqrt(abs(X)) * X
                S = ax15 * X + sy
                if S >= 1.0:
                    continue
                if S > 0.22:
                    f = S**0.4
                    depth = (1.0 - f) * S / f / math.sqrt((ax15 / a) ** 2 + (ay15 / b) ** 2)
                    if depth < outer:
                        labels[k, j, i] = (
                            _SKIN if depth < body_wall.SKIN_M else _FAT if depth < 0.5 * outer else _MUSCLE
                        )
                        continue
                w = i * SPACING_M / warp.STEP_M
                m = int(w)
                w -= m
                dx = node[m, 0] + w * (node[m + 1, 0] - node[m, 0])
                dy = node[m, 1] + w * (node[m + 1, 1] - node[m, 1])
                dz = node[m, 2] + w * (node[m + 1, 2] - node[m, 2])
                labels[k, j, i] = _material(
                    x, y, z, dx, dy, dz, S, spine, level, ax, ay, ar, numbers, apex, R, free, overlap
                )


@njit(cache=True, nogil=True, error_model="numpy")
def _material(
    x: float, y: float, z: float, dx: float, dy: float, dz: float, S: float, spine: float, level: float,
    ax: float, ay: float, ar: float, numbers: Array, apex: Array, R: Array, free: Array, overlap: float,
) -> int:  # fmt: skip
    """Material beneath the body wall; (dx, dy, dz) displaces the organs, not the spine nor what lies at the aorta."""
    m = int(abdomen.spine_material(x, y + 0.4 * dy, z, spine, level + 3.0 * dz))
    if m >= 0:
        return m
    vy = y - spine - 0.017
    if vy > 0.018 + 0.5 * dy and abs(x) < 0.085 + dx:
        return _MUSCLE
    if chest.around_heart(x, y, z, apex, R):
        return _MEDIASTINUM
    ground = chest.dome(x, S) + dz
    if z > ground:
        return int(chest.chest(x + dx, y + dy, z, apex, R, free, overlap))
    if ground - z < 0.0028:
        return _DIAPHRAGM
    near = math.sqrt((x - ax) ** 2 + (y - ay) ** 2) - ar
    calm = min(max((near - 0.004) / 0.012, 0.0), 1.0)
    return int(abdomen.organ(numbers, x + calm * dx, y + calm * dy, z + calm * dz, spine, ax, ay, ar))
