"""Kernel from points to materials: skin, beating heart, tubes, layered body wall, then the label volume.

Where heart and aorta overlap beyond the root, the aorta keeps its diameter and the heart yields.
"""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from echopilot_core import Array
from echopilot_core.kernels.compiled import njit
from echopilot_sim.anatomy.heart import beating_heart
from echopilot_sim.anatomy.labels.materials import Material
from echopilot_sim.anatomy.labels.voxelize import SPACING_M
from echopilot_sim.anatomy.torso import body_wall, skin
from echopilot_sim.anatomy.torso import columns as col
from echopilot_sim.anatomy.vessels import tube_grid

PROFILE_BOTTOM_M, PROFILE_STEP_M, PROFILE_ROWS = -0.40, 0.002, 361
_PER_A, _PER_B, _CENTER_Y, _BREATHING, _FAT, _WALL_LIMIT = range(6)  # columns of the profile


class BodyTables(NamedTuple):
    """Tables of one patient: skin and wall parameters, the `profile`, and the label volume with its origin [m]."""

    skin: Array
    wall: Array
    profile: Array
    volume: NDArray[np.uint8]
    volume_origin_m: Array


class BodyState(NamedTuple):
    """Motion at one instant: breathing phase, lift of the apex beat, relative change of arterial radii, organ shift."""

    breathing: float
    beat: float
    pulse: float
    organ_shift_m: float


def profile(p: Array, walls: Array) -> Array:
    """Tabulated along z (361, 6): 1/a, 1/b and yc of the cross-section, breathing amplitude, fat, least S of the wall.

    The last is 2 where there is no layered wall.
    """
    rows = np.empty((PROFILE_ROWS, 6))
    for i in range(PROFILE_ROWS):
        z = PROFILE_BOTTOM_M + PROFILE_STEP_M * i
        a, b, yc, _, _, _ = skin.section(p, z)
        fat = p[col.FAT_ABDOMEN] + (p[col.FAT_CHEST] - p[col.FAT_ABDOMEN]) * skin.chest_weight(z)
        deepest = 1.15 * max(body_wall.thickness(p, walls, fat, True), body_wall.thickness(p, walls, fat, False))
        limit = max(1.0 - deepest / min(a, b), 0.0) ** 2.5 if walls[0] > 0.0 else 2.0
        rows[i] = 1.0 / a, 1.0 / b, yc, skin.amplitude(p, z), fat, limit
    return rows


_BLOOD_ROOT, _ROOT_WALL = int(Material.BLOOD_ROOT), int(Material.ROOT_WALL)
_BLOOD_AORTA, _THROMBUS = int(Material.BLOOD_AORTA), int(Material.THROMBUS)  # the wall lies between
_FLAP, _FALSE_LUMEN = int(Material.FLAP), int(Material.BLOOD_FALSE_LUMEN)
_IVC, _MYO_ATRIA, _MEDIASTINUM, _PERICARDIUM = (  # the cava opens through the others into the right atrium
    int(m) for m in (Material.BLOOD_IVC, Material.MYOCARDIUM_ATRIA, Material.MEDIASTINUM, Material.PERICARDIUM)
)
_POWER = np.linspace(0.0, 1.0, 2049) ** 0.4


@njit(cache=True, nogil=True, error_model="numpy")
def label(
    points: Array,
    body: BodyTables,
    heart: beating_heart.State,
    tubes: tube_grid.TubeGrid,
    state: BodyState,
    materials: NDArray[np.uint8],
    tissue: NDArray[np.float32],
) -> None:
    """Fill materials (N,) and tissue coordinates (N, 3) [m] for points (N, 3) in patient."""
    p, walls, rows, volume, origin = body  # unpacked here: in the loop every access would count references
    tube_nodes, tube_properties, tube_owner, tube_cells, tube_lists, tube_origin = tubes
    breathing, beat, pulse, organ_shift_m = state
    nz, ny, nx = volume.shape
    cx, cy, cz = tube_cells.shape
    relief = p[skin.RELIEF] != 0.0
    h = breathing - 0.5
    hx, hy, hz, reach2 = beating_heart.bounding_sphere(heart)
    for i in range(points.shape[0]):
        x, y, z = float(points[i, 0]), float(points[i, 1]), float(points[i, 2])
        tissue[i, 0], tissue[i, 1], tissue[i, 2] = x, y, z
        materials[i] = 0
        u = (z - PROFILE_BOTTOM_M) * (1.0 / PROFILE_STEP_M)
        k = min(max(int(u), 0), PROFILE_ROWS - 2)
        f = u - k
        y_rest = y + h * (rows[k, _BREATHING] + f * (rows[k + 1, _BREATHING] - rows[k, _BREATHING])) * skin.fade(y)
        per_a = rows[k, _PER_A] + f * (rows[k + 1, _PER_A] - rows[k, _PER_A])
        per_b = rows[k, _PER_B] + f * (rows[k + 1, _PER_B] - rows[k, _PER_B])
        X = abs(x) * per_a
        yc = rows[k, _CENTER_Y] + f * (rows[k + 1, _CENTER_Y] - rows[k, _CENTER_Y])
        Y = abs(y_rest - yc) * per_b
        X15, Y15 = X * math.sqrt(X), Y * math.sqrt(Y)
        S = X * X15 + Y * Y15
        S = skin.relief_measure(p, S, x, y_rest - yc, z) if relief else S
        if not S < 1.0:
            if beat > 0.0 and skin.is_lifted(p, x, y, z, breathing, beat):
                materials[i] = 1
            continue
        deep = min(max((0.62 - S) / 0.30, 0.0), 1.0) * min(max((0.130 - y) / 0.045, 0.0), 1.0)
        z_rest = z + h * organ_shift_m * deep
        row = -1
        if S < 0.9:
            fx, fy, fz = x - tube_origin[0], y - tube_origin[1], z - tube_origin[2]
            fx, fy, fz = fx * tube_grid.PER_CELL, fy * tube_grid.PER_CELL, fz * tube_grid.PER_CELL
            if 0.0 <= fx < cx and 0.0 <= fy < cy and 0.0 <= fz < cz:
                row = tube_cells[int(fx), int(fy), int(fz)]
        beating = -1
        if S < 0.72 and (x - hx) ** 2 + (y - hy) ** 2 + (z - hz) ** 2 < reach2:
            beating, a, b, c = beating_heart.classify(heart, x, y, z)
            if beating >= 0:
                materials[i] = beating
                tissue[i, 0], tissue[i, 1], tissue[i, 2] = a, b, c
                if row < 0 or beating in (_BLOOD_ROOT, _ROOT_WALL):
                    continue
        if row >= 0:
            m, moves = tube_grid.classify(
                tube_nodes, tube_properties, tube_owner, tube_lists, row, pulse, x, y, z, y_rest, z_rest
            )
            aorta = (m >= _BLOOD_AORTA and m <= _THROMBUS) or m in (_FLAP, _FALSE_LUMEN)
            mouth = m == _IVC and beating in (_MYO_ATRIA, _MEDIASTINUM, _PERICARDIUM)
            if m >= 0 and (beating < 0 or aorta or mouth):
                materials[i] = m
                tissue[i, 0] = x
                tissue[i, 1], tissue[i, 2] = (y_rest, z_rest) if moves else (y, z)
                continue
        if beating >= 0:
            continue
        tissue[i, 1], tissue[i, 2] = y_rest, z_rest
        if rows[k, _WALL_LIMIT] < S:
            at = int(S * 2048.0)
            s4 = _POWER[at] + (S * 2048.0 - at) * (_POWER[at + 1] - _POWER[at])
            slope = math.sqrt((X15 * per_a) ** 2 + (Y15 * per_b) ** 2)
            m = body_wall.material(p, walls, rows[k, _FAT], (1.0 - s4) * S / (s4 * slope), x, y_rest, z_rest)
            if m >= 0:
                materials[i] = m
                continue
        ix = int((x - origin[0]) * (1.0 / SPACING_M) + 0.5)
        iy = int((y_rest - origin[1]) * (1.0 / SPACING_M) + 0.5)
        iz = int((z_rest - origin[2]) * (1.0 / SPACING_M) + 0.5)
        if 0 <= ix < nx and 0 <= iy < ny and 0 <= iz < nz:
            m = volume[iz, iy, ix]
            materials[i] = m if m > 0 else 1  # a voxel cut by the surface is skin
        else:
            materials[i] = 3
