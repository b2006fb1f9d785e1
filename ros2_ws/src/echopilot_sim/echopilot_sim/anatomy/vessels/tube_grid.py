"""Cell index over tube vertices and the lookup from a point to the material of its vessel.

A point belongs to the stretch between two vertices whose normal planes enclose it; everything is interpolated there.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from echopilot_core import Array
from echopilot_core.kernels.compiled import njit
from echopilot_sim.anatomy.labels.materials import Material
from echopilot_sim.anatomy.vessels.tube import FLAP_M, TubeKind, VesselTube

CELL_M = 0.005
MAX_CANDIDATES = 10  # per cell
PULSE_MARGIN = 1.04  # largest radius in a pulse over that at mid pulse
ORGAN_MARGIN_M = 0.006  # how far a tube that moves with the organs can be from its place at mid breathing
_NO_FLAP_M = 1e3
PER_CELL = 1.0 / CELL_M

# First columns of a node; the course (x, y, z) comes before them.
NODE_TANGENT, NODE_REACH, NODE_OUTER, NODE_LUMEN, NODE_U, NODE_SHIFT, NODE_LUMEN_SHIFT = 3, 6, 7, 8, 9, 12, 14
NODE_FLAP, NODE_FLAP_COS, NODE_FLAP_SIN, NODE_FLATNESS, NODE_COLUMNS = 16, 17, 18, 19, 20
(
    TUBE_FIRST, TUBE_LAST, TUBE_LUMEN, TUBE_WALL, TUBE_INNER, TUBE_SYSTEM, TUBE_PULSE, TUBE_MOVES, TUBE_WALL_M,
    TUBE_COLUMNS,
) = range(10)  # fmt: skip

_ARTERIAL, _VENOUS, _PORTAL = 0.0, 1.0, 2.0
_ROW = {  # lumen, wall, between them, system, pulsates, moves with the organs
    TubeKind.AORTA: (Material.BLOOD_AORTA, Material.AORTA_WALL, Material.THROMBUS, _ARTERIAL, 1.0, 0.0),
    TubeKind.ILIAC: (Material.BLOOD_AORTA, Material.AORTA_WALL, Material.THROMBUS, _ARTERIAL, 1.0, 0.0),
    TubeKind.BRANCH: (Material.BLOOD_BRANCH, Material.VESSEL_WALL, Material.VESSEL_WALL, _ARTERIAL, 1.0, 0.0),
    TubeKind.CAVA: (Material.BLOOD_IVC, Material.VESSEL_WALL, Material.VESSEL_WALL, _VENOUS, 0.0, 0.0),
    TubeKind.VEIN: (Material.BLOOD_BRANCH, Material.VESSEL_WALL, Material.VESSEL_WALL, _VENOUS, 0.0, 0.0),
    TubeKind.PORTAL: (Material.LIVER_VESSEL, Material.LIVER_VESSEL_WALL, Material.LIVER_VESSEL_WALL, _PORTAL, 0.0, 1.0),
    TubeKind.HEPATIC: (Material.LIVER_VESSEL, Material.LIVER_VESSEL, Material.LIVER_VESSEL, _VENOUS, 0.0, 1.0),
}
_ORDER = list(_ROW)
_FALSE, _FLAP = int(Material.BLOOD_FALSE_LUMEN), int(Material.FLAP)


class TubeGrid(NamedTuple):
    """Tubes in the form that `classify` reads.

    `nodes` (n, 20), columns NODE_*: course, tangent, reach, outer and lumen radius, u, shift of outer and of lumen,
    flap distance, cosine and sine of its normal, flatness. `tubes` (t, 9), columns TUBE_*: first and last node, lumen,
    wall and inner material, system, pulse, motion with the organs, wall. `cells` (nx, ny, nz) int32: row of `lists`
    (m, 10), -1 for none; a row holds node numbers, -1 after the last. `owner` (n,) is the tube of a node.
    """

    nodes: Array
    tubes: Array
    owner: NDArray[np.int32]
    cells: NDArray[np.int32]
    lists: NDArray[np.int32]
    origin_m: Array


def build_grid(tubes: Sequence[VesselTube]) -> TubeGrid:
    """Index tubes; arteries come before veins where they overlap."""
    ordered = sorted(tubes, key=lambda t: _ORDER.index(t.kind))
    rows: list[Array] = []
    table: list[list[float]] = []
    owner: list[int] = []
    for k, tube in enumerate(ordered):
        n = len(tube.centre_m)
        first = len(owner)
        shift = np.zeros((n, 2)) if tube.outer_shift_m is None else tube.outer_shift_m
        flap = np.full(n, _NO_FLAP_M) if tube.flap_m is None else np.where(np.isnan(tube.flap_m), 1e3, tube.flap_m)
        angle = np.zeros(n) if tube.flap_rad is None else np.nan_to_num(tube.flap_rad)
        flatness = np.broadcast_to(np.asarray(tube.flatness, dtype=np.float64), (n,))
        reach = PULSE_MARGIN * tube.outer_m * np.maximum(flatness, 1.0) + np.linalg.norm(shift, axis=1)
        reach[:-1] = np.maximum(reach[:-1], reach[1:])
        columns = (
            reach,
            tube.outer_m,
            tube.lumen_m,
            tube.u,
            shift,
            tube.shift_m,
            flap,
            np.cos(angle),
            np.sin(angle),
            flatness,
        )
        rows.append(np.column_stack([tube.centre_m, tube.tangent, *columns]))
        lumen, wall, inner, system, pulse, moves = _ROW[tube.kind]
        table.append([first, first + n - 1, lumen, wall, inner, system, pulse, moves, tube.wall_m])
        owner += [k] * n
    if not rows:
        nothing = np.full((1, 1, 1), -1, np.int32)
        lists = np.full((1, MAX_CANDIDATES), -1, np.int32)
        return TubeGrid(
            np.zeros((1, NODE_COLUMNS)), np.zeros((1, TUBE_COLUMNS)), np.zeros(1, np.int32), nothing, lists, np.zeros(3)
        )
    nodes, properties, owners = np.vstack(rows), np.array(table, dtype=np.float64), np.array(owner, dtype=np.int32)
    margin = ORGAN_MARGIN_M * properties[owners, TUBE_MOVES]
    span = (nodes[:, NODE_REACH] + margin)[:, None]
    origin = (nodes[:, :3] - span).min(axis=0) - 2.0 * CELL_M
    shape = np.ceil(((nodes[:, :3] + span).max(axis=0) + 2.0 * CELL_M - origin) / CELL_M).astype(int)
    cells, lists = _index(nodes, owners, margin, origin, shape)
    return TubeGrid(nodes, properties, owners, cells, lists, origin)


@njit(cache=True, nogil=True)
def _index(
    nodes: Array, owner: NDArray[np.int32], margin: Array, origin: Array, shape: NDArray[np.int64]
) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """For every cell the nearest node of every run of nodes within reach of it."""
    cells = np.full((shape[0], shape[1], shape[2]), -1, np.int32)
    lists = np.full((4096, MAX_CANDIDATES), -1, np.int32)
    nearest = np.full((4096, MAX_CANDIDATES), 1e9)
    last = np.full(4096, -9, np.int64)
    used = 0
    for i in range(nodes.shape[0]):
        reach = (
            nodes[i, NODE_REACH] + margin[i] + 0.9 * CELL_M + 0.001
        )  # half the diagonal of a cell, half a vertex step
        lo = np.empty(3, np.int64)
        hi = np.empty(3, np.int64)
        for a in range(3):
            lo[a] = max(int((nodes[i, a] - reach - origin[a]) / CELL_M), 0)
            hi[a] = min(int((nodes[i, a] + reach - origin[a]) / CELL_M) + 1, shape[a])
        for ix in range(lo[0], hi[0]):
            for iy in range(lo[1], hi[1]):
                for iz in range(lo[2], hi[2]):
                    dx = origin[0] + (ix + 0.5) * CELL_M - nodes[i, 0]
                    dy = origin[1] + (iy + 0.5) * CELL_M - nodes[i, 1]
                    dz = origin[2] + (iz + 0.5) * CELL_M - nodes[i, 2]
                    d2 = dx * dx + dy * dy + dz * dz
                    if d2 > reach * reach:
                        continue
                    row = cells[ix, iy, iz]
                    if row < 0:
                        if used == lists.shape[0]:
                            lists = np.concatenate((lists, np.full_like(lists, -1)))
                            nearest = np.concatenate((nearest, np.full_like(nearest, 1e9)))
                            last = np.concatenate((last, np.full_like(last, -9)))
                        row = used
                        cells[ix, iy, iz] = row
                        used += 1
                    k = 0
                    while k < MAX_CANDIDATES and lists[row, k] >= 0:
                        k += 1
                    same_run = last[row] == i - 1 and owner[i - 1] == owner[i]
                    if same_run:
                        k -= 1
                    if k < MAX_CANDIDATES and (not same_run or d2 < nearest[row, k]):
                        lists[row, k] = i
                        nearest[row, k] = d2
                    last[row] = i
    return cells, lists[: max(used, 1)].copy()


@njit(cache=True, nogil=True, error_model="numpy")
def _material(nodes: Array, tubes: Array, own: int, start: int, x: float, y: float, z: float, scale: float) -> int:
    """Material of one tube at a point, -1 outside; `start` is a node near the point."""
    first, last = int(tubes[own, TUBE_FIRST]), int(tubes[own, TUBE_LAST])
    i = start
    d0 = (
        (x - nodes[i, 0]) * nodes[i, NODE_TANGENT]
        + (y - nodes[i, 1]) * nodes[i, NODE_TANGENT + 1]
        + (z - nodes[i, 2]) * nodes[i, NODE_TANGENT + 2]
    )
    d1 = 0.0
    excess = 0.0
    if d0 >= 0.0:
        while True:
            if i == last:
                excess, f, i = d0, 1.0, last - 1
                break
            j = i + 1
            d1 = (
                (x - nodes[j, 0]) * nodes[j, NODE_TANGENT]
                + (y - nodes[j, 1]) * nodes[j, NODE_TANGENT + 1]
                + (z - nodes[j, 2]) * nodes[j, NODE_TANGENT + 2]
            )
            if d1 < 0.0:
                f = d0 / (d0 - d1)
                break
            i, d0 = j, d1
    else:
        while True:
            if i == first:
                excess, f = d0, 0.0
                break
            i -= 1
            d1 = d0
            d0 = (
                (x - nodes[i, 0]) * nodes[i, NODE_TANGENT]
                + (y - nodes[i, 1]) * nodes[i, NODE_TANGENT + 1]
                + (z - nodes[i, 2]) * nodes[i, NODE_TANGENT + 2]
            )
            if d0 >= 0.0:
                f = d0 / (d0 - d1)
                break
    j = i + 1
    qx = x - nodes[i, 0] - f * (nodes[j, 0] - nodes[i, 0])
    qy = y - nodes[i, 1] - f * (nodes[j, 1] - nodes[i, 1])
    qz = z - nodes[i, 2] - f * (nodes[j, 2] - nodes[i, 2])
    if qx * qx + qy * qy + qz * qz > nodes[i, NODE_REACH] * nodes[i, NODE_REACH]:
        return -1
    tx = nodes[i, NODE_TANGENT] + f * (nodes[j, NODE_TANGENT] - nodes[i, NODE_TANGENT])
    ty = nodes[i, NODE_TANGENT + 1] + f * (nodes[j, NODE_TANGENT + 1] - nodes[i, NODE_TANGENT + 1])
    tz = nodes[i, NODE_TANGENT + 2] + f * (nodes[j, NODE_TANGENT + 2] - nodes[i, NODE_TANGENT + 2])
    ux = nodes[i, NODE_U] + f * (nodes[j, NODE_U] - nodes[i, NODE_U])
    uy = nodes[i, NODE_U + 1] + f * (nodes[j, NODE_U + 1] - nodes[i, NODE_U + 1])
    uz = nodes[i, NODE_U + 2] + f * (nodes[j, NODE_U + 2] - nodes[i, NODE_U + 2])
    flat = 1.0 / (nodes[i, NODE_FLATNESS] + f * (nodes[j, NODE_FLATNESS] - nodes[i, NODE_FLATNESS]))
    qu = qx * ux + qy * uy + qz * uz - nodes[i, NODE_SHIFT] - f * (nodes[j, NODE_SHIFT] - nodes[i, NODE_SHIFT])
    qv = qx * (ty * uz - tz * uy) + qy * (tz * ux - tx * uz) + qz * (tx * uy - ty * ux)
    qv -= nodes[i, NODE_SHIFT + 1] + f * (nodes[j, NODE_SHIFT + 1] - nodes[i, NODE_SHIFT + 1])
    outer = scale * (nodes[i, NODE_OUTER] + f * (nodes[j, NODE_OUTER] - nodes[i, NODE_OUTER]))
    cap = excess * excess
    r2 = qu * qu + (qv * flat) ** 2 + cap
    if r2 > outer * outer:
        return -1
    lumen = scale * (nodes[i, NODE_LUMEN] + f * (nodes[j, NODE_LUMEN] - nodes[i, NODE_LUMEN]))
    lu = qu - nodes[i, NODE_LUMEN_SHIFT] - f * (nodes[j, NODE_LUMEN_SHIFT] - nodes[i, NODE_LUMEN_SHIFT])
    lv = (
        qv - nodes[i, NODE_LUMEN_SHIFT + 1] - f * (nodes[j, NODE_LUMEN_SHIFT + 1] - nodes[i, NODE_LUMEN_SHIFT + 1])
    ) * flat
    if lu * lu + lv * lv + cap < lumen * lumen:
        if nodes[i, NODE_FLAP] < 1.0 and nodes[j, NODE_FLAP] < 1.0:
            c = nodes[i, NODE_FLAP_COS] + f * (nodes[j, NODE_FLAP_COS] - nodes[i, NODE_FLAP_COS])
            s = nodes[i, NODE_FLAP_SIN] + f * (nodes[j, NODE_FLAP_SIN] - nodes[i, NODE_FLAP_SIN])
            beyond = qu * c + qv * s - nodes[i, NODE_FLAP] - f * (nodes[j, NODE_FLAP] - nodes[i, NODE_FLAP])
            if beyond > 0.5 * FLAP_M:
                return _FALSE
            if beyond > -0.5 * FLAP_M:
                return _FLAP
        return int(tubes[own, TUBE_LUMEN])
    inner = outer - scale * tubes[own, TUBE_WALL_M]  # where there is no thrombus, exactly the lumen's edge
    return int(tubes[own, TUBE_WALL]) if r2 > inner * inner else int(tubes[own, TUBE_INNER])


@njit(cache=True, nogil=True, error_model="numpy")
def classify(
    nodes: Array, tubes: Array, owner: NDArray[np.int32], lists: NDArray[np.int32], row: int,
    pulse: float, x: float, y: float, z: float, y_rest: float, z_rest: float,
) -> tuple[int, bool]:  # fmt: skip
    """Material of the vessels at a point of patient (-1 outside all) and whether it moves with the organs.

    `row` is the entry of the point's cell, `pulse` the relative change of arterial radii; (x, y_rest, z_rest) is where
    tissue at the point rests.
    """
    held, held_system, held_moves = -1, -1.0, False
    for k in range(MAX_CANDIDATES):
        node = lists[row, k]
        if node < 0:
            break
        own = owner[node]
        if held >= 0 and tubes[own, TUBE_SYSTEM] != held_system:
            continue
        scale = 1.0 + pulse * tubes[own, TUBE_PULSE]
        moves = tubes[own, TUBE_MOVES] > 0.5
        if moves:
            m = _material(nodes, tubes, own, node, x, y_rest, z_rest, scale)
        else:
            m = _material(nodes, tubes, own, node, x, y, z, scale)
        if m < 0:
            continue
        if m != int(tubes[own, TUBE_WALL]) or tubes[own, TUBE_WALL_M] == 0.0:
            return m, moves
        if held < 0:
            held, held_system, held_moves = m, tubes[own, TUBE_SYSTEM], moves
    return held, held_moves
