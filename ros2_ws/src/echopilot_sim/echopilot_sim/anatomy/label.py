"""One numba kernel from points to materials: skin, beating heart, tubes, layered body wall, then the baked volume.

Where heart and aorta overlap beyond the root, the aorta keeps its calibre and the heart gives way.
"""

import math

import numpy as np
from numpy.typing import NDArray

from echopilot_sim.anatomy import heart, skin, tube_grid, wall
from echopilot_sim.anatomy.bake import SPACING_M
from echopilot_sim.anatomy.materials import Material
from echopilot_sim.anatomy.skin import _RELIEF
from echopilot_sim.anatomy.tube_grid import PER_CELL
from echopilot_sim.compiled import njit

Array = NDArray[np.float64]

PROFILE_BOTTOM_M, PROFILE_STEP_M, PROFILE_ROWS = -0.40, 0.002, 361


def profile(p: Array, walls: Array) -> Array:
    """Tabulated along z (361, 6): 1/a, 1/b and yc of the cross-section, breathing amplitude, fat, least S of the wall.

    The last is 2 where there is no layered wall.
    """
    rows = np.empty((PROFILE_ROWS, 6))
    for i in range(PROFILE_ROWS):
        z = PROFILE_BOTTOM_M + PROFILE_STEP_M * i
        a, b, yc, _, _, _ = skin.section(p, z)
        fat = p[16] + (p[15] - p[16]) * skin.chest_weight(z)
        deepest = 1.15 * max(wall.thickness(p, walls, fat, True), wall.thickness(p, walls, fat, False))
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
    p: Array,
    walls: Array,
    rows: Array,
    heart_state: heart.State,
    tube_nodes: Array,
    tubes: Array,
    tube_owner: NDArray[np.int32],
    tube_cells: NDArray[np.int32],
    tube_lists: NDArray[np.int32],
    tube_origin: Array,
    pulse: float,
    volume: NDArray[np.uint8],
    origin: Array,
    breathing: float,
    beat: float,
    organ_shift_m: float,
    materials: NDArray[np.uint8],
    tissue: NDArray[np.float32],
) -> None:
    """Fill materials (N,) and tissue coordinates (N, 3) [m] for points (N, 3) in patient.

    `tube_nodes` (n, 20) and `tubes` (t, 9) are those of TubeGrid.
    """
    nz, ny, nx = volume.shape
    cx, cy, cz = tube_cells.shape
    relief = p[_RELIEF] != 0.0
    h = breathing - 0.5
    hx, hy, hz, reach2 = heart.bounding_sphere(heart_state)
    for i in range(points.shape[0]):
        x, y, z = float(points[i, 0]), float(points[i, 1]), float(points[i, 2])
        tissue[i, 0], tissue[i, 1], tissue[i, 2] = x, y, z
        materials[i] = 0
        u = (z - PROFILE_BOTTOM_M) * (1.0 / PROFILE_STEP_M)
        k = min(max(int(u), 0), PROFILE_ROWS - 2)
        f = u - k
        y_rest = y + h * (rows[k, 3] + f * (rows[k + 1, 3] - rows[k, 3])) * skin.fade(y)
        per_a = rows[k, 0] + f * (rows[k + 1, 0] - rows[k, 0])
        per_b = rows[k, 1] + f * (rows[k + 1, 1] - rows[k, 1])
        X = abs(x) * per_a
        yc = rows[k, 2] + f * (rows[k + 1, 2] - rows[k, 2])
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
            fx, fy, fz = fx * PER_CELL, fy * PER_CELL, fz * PER_CELL
            if 0.0 <= fx < cx and 0.0 <= fy < cy and 0.0 <= fz < cz:
                row = tube_cells[int(fx), int(fy), int(fz)]
        beating = -1
        if S < 0.72 and (x - hx) ** 2 + (y - hy) ** 2 + (z - hz) ** 2 < reach2:
            beating, a, b, c = heart.classify(heart_state, x, y, z)
            if beating >= 0:
                materials[i] = beating
                tissue[i, 0], tissue[i, 1], tissue[i, 2] = a, b, c
                if row < 0 or beating in (_BLOOD_ROOT, _ROOT_WALL):
                    continue
        if row >= 0:
            m, moves = tube_grid.classify(
                tube_nodes, tubes, tube_owner, tube_lists, row, pulse, x, y, z, y_rest, z_rest
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
        if rows[k, 5] < S:
            at = int(S * 2048.0)
            s4 = _POWER[at] + (S * 2048.0 - at) * (_POWER[at + 1] - _POWER[at])
            slope = math.sqrt((X15 * per_a) ** 2 + (Y15 * per_b) ** 2)
            m = wall.material(p, walls, rows[k, 4], (1.0 - s4) * S / (s4 * slope), x, y_rest, z_rest)
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
