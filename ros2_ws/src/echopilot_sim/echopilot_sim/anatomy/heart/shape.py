"""The heart at end-diastole as a label grid in heart axes (a to the RV, b to the outflow tract, c apex to base).

Every structure that moves with its tissue is voxelized here once per patient; beating_heart.py maps a point of the
beating heart back to it. Leaflets and cusps move by themselves (valves.py). Sizes are in meters.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from echopilot_core import Array
from echopilot_core.kernels.compiled import njit
from echopilot_sim.anatomy.heart import aortic_root
from echopilot_sim.anatomy.heart.aortic_root import annulus_rest_m, outflow_axis
from echopilot_sim.anatomy.heart.chambers import (
    HeartDimensions,
    atrium,
    band_end,
    distance_to_lv,
    modulation,
    noise,
    rv_distance,
    smooth_min,
)
from echopilot_sim.anatomy.heart.motion import rest_shape
from echopilot_sim.anatomy.labels.materials import Material
from echopilot_sim.anatomy.parameters import Heart

SPACING_M = 0.0008
TRICUSPID_DROP_M = 0.006  # the tricuspid ring lies this much nearer to the apex than the mitral one
PAPILLARY_AXES = np.array([[-0.89, 0.458], [0.067, -0.998]])  # anterolateral, posteromedial
PAPILLARY_BASE, PAPILLARY_HEAD = 0.30, 0.60  # shares of the cavity length
PAPILLARY_HANG = 0.62  # distance of the head from the axis over the cavity's radius
_PERICARDIUM_M, _FAT_M = 0.0013, 0.0010
_RV_WALL_M, _ATRIAL_WALL_M = 0.0036, 0.0020

_BLOOD_LV, _PAPILLARY, _TRABECULA = int(Material.BLOOD_LV), int(Material.PAPILLARY), int(Material.TRABECULA)
_MYO_LV, _BLOOD_RV, _MYO_RV = int(Material.MYOCARDIUM_LV), int(Material.BLOOD_RV), int(Material.MYOCARDIUM_RV)
_BLOOD_LA, _BLOOD_RA, _MYO_ATRIA = int(Material.BLOOD_LA), int(Material.BLOOD_RA), int(Material.MYOCARDIUM_ATRIA)
_BLOOD_ROOT, _ROOT_WALL = int(Material.BLOOD_ROOT), int(Material.ROOT_WALL)
_BLOOD_TRUNK, _TRUNK_WALL = int(Material.BLOOD_BRANCH), int(Material.VESSEL_WALL)
_PERICARDIUM, _EFFUSION, _FAT = int(Material.PERICARDIUM), int(Material.EFFUSION), int(Material.MEDIASTINUM)


@dataclass(frozen=True)
class HeartGrid:
    """Materials (nc, nb, na) uint8, 0 outside the heart; voxel (0, 0, 0) has its center at `origin_m` (a, b, c)."""

    labels: NDArray[np.uint8]
    origin_m: Array
    end_m: Array  # center of the last voxel
    radius_m: float  # of a ball around the middle of the grid that holds the heart


def roof_m(heart: Heart) -> float:
    """Height c [m] of the atrial roof, which does not move with the beat."""
    return annulus_rest_m(heart) + 0.047 * heart.atrium_scale


def voxelize_heart(heart: Heart) -> HeartGrid:
    """Label grid of a heart at end-diastole."""
    shape, annulus, g = rest_shape(heart), annulus_rest_m(heart), heart.rv_scale
    margin = heart.effusion_m + _PERICARDIUM_M + _FAT_M + heart.fat_m + 0.004
    low = np.array([-shape.outer_m - margin, -shape.outer_m - margin, -margin])
    high = np.array([shape.outer_m + 0.034 * g + margin, 0.070, roof_m(heart) + margin])
    size = np.ceil((high - low) / SPACING_M).astype(int) + 1
    labels = np.zeros(size[::-1], dtype=np.uint8)
    line = aortic_root.center_line(heart)
    arcs = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(line, axis=0), axis=1))])
    root = np.column_stack([line, arcs, aortic_root.inner_radius(heart, arcs)])
    dimensions = _dimensions(heart, shape.inner_m, shape.outer_m, shape.waist_m)
    _fill(labels, low, dimensions, root, _outflow(annulus, g), _capsules(heart, dimensions))
    end = low + SPACING_M * (size - 1)
    filled = np.argwhere(labels[::3, ::3, ::3])[:, ::-1] * (3.0 * SPACING_M) + low
    radius = float(np.linalg.norm(filled - 0.5 * (low + end), axis=1).max()) + 3.0 * SPACING_M
    return HeartGrid(labels, low, end, radius)


def _dimensions(heart: Heart, inner: float, outer: float, waist: float) -> HeartDimensions:
    annulus, s, g = annulus_rest_m(heart), heart.atrium_scale, heart.rv_scale
    x = abs(1.0 - 1.4) ** 2.2
    p, q = outflow_axis(), np.array([math.sin(aortic_root.OUTFLOW_RAD), -math.cos(aortic_root.OUTFLOW_RAD), 0.0])
    base_in = inner * math.sqrt(1.0 - x)
    base_out = outer * math.sqrt(1.0 - abs(1.0 - annulus / waist) ** 2.2)
    la = -0.008 * s * p + 0.0 * q
    down = heart.rotation.T @ np.array([0.0, 1.0, 0.0])  # gravity when supine
    dimensions = HeartDimensions(
        inner_m=inner,
        outer_m=outer,
        waist_m=waist,
        cavity_apex_m=annulus - heart.length_m,
        length_m=heart.length_m,
        annulus_m=annulus,
        rv_scale=g,
        atrium_scale=s,
        effusion_m=heart.effusion_m,
        trabeculation=heart.trabeculation,
        fat_m=heart.fat_m,
        down_a=down[0],
        down_b=down[1],
        down_c=down[2],
        noise_seed=1e3 * (1e6 * heart.edv_m3 % 1.0),
        base_inner_m=base_in,
        base_outer_m=base_out,
        roof_m=roof_m(heart),
        tricuspid_m=annulus - TRICUSPID_DROP_M,
        la_a_m=la[0],
        la_b_m=la[1],
        ra_a_m=la[0] + 0.0395 * s,
        ra_b_m=la[1] - 0.001,
        rv_base_m=base_out + 0.0145 * g,
    )
    return HeartDimensions(*(float(value) for value in dimensions))


def _outflow(annulus: float, g: float) -> Array:
    """RV outflow tract and, last, pulmonary trunk: tapered capsules (3, 8) as start, end, radii."""
    nodes = np.array(
        [
            [0.036 * g, 0.018, 0.58 * annulus, 0.0145 * g],
            [0.027 * g, 0.040, 0.90 * annulus, 0.0140 * g],
            [0.009, 0.053, annulus + 0.014, 0.0115],
            [-0.014, 0.047, annulus + 0.037, 0.0115],
        ]
    )
    return np.array([[*nodes[k, :3], *nodes[k + 1, :3], nodes[k, 3], nodes[k + 1, 3]] for k in range(3)])


def _capsules(heart: Heart, n: HeartDimensions) -> Array:
    """Strands and mouths (k, 9): start, end, start and end radius, material that fills them."""
    rows = []
    for axis in PAPILLARY_AXES:
        ends = []
        for share, hang in ((PAPILLARY_BASE, 0.98), (PAPILLARY_HEAD, PAPILLARY_HANG)):
            radius = n.inner_m * math.sqrt(1.0 - abs(1.0 - 1.4 * share) ** 2.2)
            ends.append([*(hang * radius * axis), n.cavity_apex_m + share * n.length_m])
        scale = heart.papillary_scale
        rows.append([*ends[0], *ends[1], 0.0062 * scale, 0.0036 * scale, _PAPILLARY])
    start, end = band_end(n, 0.40 * n.annulus_m, 0.35, 0.0), band_end(n, 0.32 * n.annulus_m, -0.45, 1.0)
    rows.append([*start, *end, 0.0024, 0.0020, _MYO_RV])
    roof, la_a, la_b, s = n.roof_m, n.la_a_m, n.la_b_m, n.atrium_scale
    height = roof - n.annulus_m
    p, q = outflow_axis()[:2], np.array([math.sin(aortic_root.OUTFLOW_RAD), -math.cos(aortic_root.OUTFLOW_RAD)])
    for along, inside, outside in ((-1.0, 0.011, 0.027), (1.0, 0.010, 0.022)):
        start = np.array([la_a, la_b]) + along * inside * s * q - 0.006 * s * p
        end = np.array([la_a, la_b]) + along * outside * s * q - 0.016 * s * p
        rows.append([*start, n.annulus_m + 0.72 * height, *end, n.annulus_m + 0.98 * height, 0.0050, 0.0045, _BLOOD_LA])
    start, end = np.array([la_a, la_b]) - 0.012 * q, np.array([la_a, la_b]) - 0.025 * s * q + 0.014 * p
    rows.append([*start, n.annulus_m + 0.20 * height, *end, n.annulus_m + 0.24 * height, 0.0070, 0.0045, _BLOOD_LA])
    return np.array(rows)


@njit(cache=True, nogil=True, error_model="numpy")
def _fill(
    labels: NDArray[np.uint8], low: Array, n: HeartDimensions, root: Array, outflow: Array, capsules: Array
) -> None:
    nc, nb, na = labels.shape
    outer, roof = n.outer_m, n.roof_m
    reach = n.effusion_m + 0.0075 + n.fat_m
    for k in range(nc):
        c = low[2] + SPACING_M * k
        for j in range(nb):
            b = low[1] + SPACING_M * j
            for i in range(na):
                a = low[0] + SPACING_M * i
                x, y = (a - 0.018) / (outer + 0.020 + reach), (b - 0.008) / (outer + 0.018 + reach)
                z = (c - 0.5 * roof) / (0.56 * roof + reach)
                if x * x + y * y + z * z < 1.25:
                    labels[k, j, i] = _material(a, b, c, n, root, outflow, capsules)


@njit(cache=True, nogil=True, error_model="numpy")
def _capsule(a: float, b: float, c: float, w: Array) -> float:
    """Signed distance to a tapered capsule (start, end, radii)."""
    da, db, dc = w[3] - w[0], w[4] - w[1], w[5] - w[2]
    t = ((a - w[0]) * da + (b - w[1]) * db + (c - w[2]) * dc) / (da * da + db * db + dc * dc)
    t = min(max(t, 0.0), 1.0)
    x, y, z = a - w[0] - t * da, b - w[1] - t * db, c - w[2] - t * dc
    return float(math.sqrt(x * x + y * y + z * z) - w[6] - t * (w[7] - w[6]))


@njit(cache=True, nogil=True, error_model="numpy")
def _root(a: float, b: float, c: float, root: Array) -> tuple[float, float, float]:
    """Distance from the root's center line, arc length there (negative below the valve), and inner radius."""
    best, s, r = 1.0, 0.0, 0.0
    for i in range(root.shape[0] - 1):
        da, db, dc = root[i + 1, 0] - root[i, 0], root[i + 1, 1] - root[i, 1], root[i + 1, 2] - root[i, 2]
        x, y, z = a - root[i, 0], b - root[i, 1], c - root[i, 2]
        t = (x * da + y * db + z * dc) / (da * da + db * db + dc * dc)
        if i > 0 or t > 0.0:
            t = max(t, 0.0)
        if i < root.shape[0] - 2:
            t = min(t, 1.0)
        x, y, z = x - t * da, y - t * db, z - t * dc
        d = x * x + y * y + z * z
        if d < best:
            best = d
            s = root[i, 3] + t * (root[i + 1, 3] - root[i, 3])
            f = min(max(t, 0.0), 1.0)
            r = root[i, 4] + f * (root[i + 1, 4] - root[i, 4])
    return math.sqrt(best), s, r


@njit(cache=True, nogil=True, error_model="numpy")
def _root_material(a: float, b: float, c: float, n: HeartDimensions, root: Array, in_cavity: bool) -> tuple[int, float]:
    """Material of aortic root and ascending aorta (-1 outside them) and, outside, the distance to their wall."""
    if not (b > -0.02 and c > n.annulus_m - 0.035):
        return -1, 1.0
    rho, s, radius = _root(a, b, c, root)
    if s < 0.0:
        if s > -0.007 and c > n.annulus_m and rho < radius + aortic_root.WALL_M:
            return _BLOOD_LV if rho < radius else _ROOT_WALL, 0.0
    elif s <= root[root.shape[0] - 1, 3]:
        if rho < radius:
            return _BLOOD_ROOT, 0.0
        if rho < radius + aortic_root.WALL_M and not in_cavity:
            return _ROOT_WALL, 0.0
        return -1, rho - radius - aortic_root.WALL_M
    return -1, 1.0


@njit(cache=True, nogil=True, error_model="numpy")
def _cavity_material(a: float, b: float, c: float, t: float, depth: float, n: HeartDimensions, capsules: Array) -> int:
    """Material inside the LV cavity, `depth` under the endocardium, at share t of the cavity's length."""
    for k in range(2):
        if _capsule(a, b, c, capsules[k]) < 0.0:
            return _PAPILLARY
    reach = n.trabeculation * (0.0011 + 0.0055 * (1.0 - t) ** 2.5) * min(1.0, (1.0 - t) / 0.12)
    if depth < reach:
        strand = noise(a / 0.0034, b / 0.0034, c / 0.0095, n.noise_seed)
        if depth < reach * (strand - 0.42) / 0.36:
            return _TRABECULA
    return _BLOOD_LV


@njit(cache=True, nogil=True, error_model="numpy")
def _atrial_material(
    a: float, b: float, c: float, n: HeartDimensions, capsules: Array
) -> tuple[int, tuple[float, float]]:
    """Material of the atria (-1 outside them) and the distance to their cavities: sharp and rounded minimum."""
    la_gap, ra_gap = 1.0, 1.0
    if c > n.annulus_m:
        height = n.roof_m - n.annulus_m
        la_gap = atrium(a, b, (c - n.annulus_m) / height, height, n.base_inner_m * 0.96, 0.0175 * n.atrium_scale,
                        0.0195 * n.atrium_scale, n.la_a_m, n.la_b_m, 0.0, 0.0)  # fmt: skip
        for k in range(3, capsules.shape[0]):
            la_gap = min(la_gap, _capsule(a, b, c, capsules[k]))
        if la_gap < _ATRIAL_WALL_M:
            return _BLOOD_LA if la_gap < 0.0 else _MYO_ATRIA, (0.0, 0.0)
    if c > n.tricuspid_m:
        height = n.roof_m - 0.002 - n.tricuspid_m
        ra_gap = atrium(a, b, (c - n.tricuspid_m) / height, height, 0.0150 * n.rv_scale, 0.0205 * n.atrium_scale,
                        0.0205 * n.atrium_scale, n.ra_a_m, n.ra_b_m, n.rv_base_m, -0.004)  # fmt: skip
        if ra_gap < _ATRIAL_WALL_M:
            return _BLOOD_RA if ra_gap < 0.0 else _MYO_ATRIA, (0.0, 0.0)
    return -1, (min(la_gap, ra_gap), smooth_min(la_gap, ra_gap, 0.010))


@njit(cache=True, nogil=True, error_model="numpy")
def _right_ventricle_material(
    a: float, b: float, c: float, r: float, lv_outer: float, n: HeartDimensions, outflow: Array, capsules: Array
) -> tuple[int, float]:
    """Material of RV, outflow tract and pulmonary trunk (-1 outside them) and the distance to the RV cavity."""
    body, level = rv_distance(a, b, c, r, lv_outer, n)
    tract, past_valve = 1.0, False
    for k in range(3):
        d = _capsule(a, b, c, outflow[k])
        if d < tract:
            tract, past_valve = d, k == 2
    rv = smooth_min(body, tract, 0.008)
    if past_valve and tract < 0.0018 and body > 0.0:
        return _BLOOD_TRUNK if tract < 0.0 else _TRUNK_WALL, rv
    if rv < 0.0:
        if _capsule(a, b, c, capsules[2]) < 0.0:
            return _MYO_RV, rv
        reach = n.trabeculation * (0.0012 + 0.0052 * (1.0 - level) ** 1.5)
        if -body < reach and -rv < reach and level < 0.85:
            strand = noise(a / 0.0040, b / 0.0040, c / 0.0100, n.noise_seed + 7.0)
            if -rv < reach * (strand - 0.42) / 0.36:
                return _MYO_RV, rv
        return _BLOOD_RV, rv
    return _MYO_RV if rv < _RV_WALL_M else -1, rv


@njit(cache=True, nogil=True, error_model="numpy")
def _pericardial_material(a: float, b: float, c: float, near: float, n: HeartDimensions) -> int:
    """Material around the heart, `near` outside its epicardial fat: effusion, pericardium, fat, or 0 beyond them."""
    if near < 0.0:
        return _FAT
    da, db, dc = a - 0.014, b - 0.004, c - 0.55 * n.annulus_m
    lean = (da * n.down_a + db * n.down_b + dc * n.down_c) / math.sqrt(da * da + db * db + dc * dc + 1e-12)
    fluid = n.effusion_m * min(max(0.42 + 0.58 * lean / 0.7, 0.12), 1.0)
    if c > n.annulus_m:
        fluid *= max(1.0 - (c - n.annulus_m) / 0.025, 0.0)
    if near < fluid:
        return _EFFUSION
    if near < fluid + _PERICARDIUM_M:
        return _PERICARDIUM
    if near < fluid + _PERICARDIUM_M + n.fat_m:
        return _FAT
    return 0


@njit(cache=True, nogil=True, error_model="numpy")
def _material(a: float, b: float, c: float, n: HeartDimensions, root: Array, outflow: Array, capsules: Array) -> int:
    t = (c - n.cavity_apex_m) / n.length_m
    bow = 0.0
    if 0.0 < t < 1.0:
        bow = 0.0016 * math.sin(math.pi * t)
    x = a - bow
    r = math.sqrt(x * x + b * b + 1e-12)
    m_in, m_out = modulation(x, b)
    inner2 = 0.0
    if t > 0.0:
        inner2 = n.inner_m * n.inner_m * max(1.0 - abs(1.0 - 1.4 * t) ** 2.2, 0.0) * m_in
    outer2 = n.outer_m * n.outer_m * max(1.0 - abs(1.0 - c / n.waist_m) ** 2.2, 0.0) * m_out if c > 0.0 else 0.0
    in_cavity = c <= n.annulus_m and r * r < inner2

    m, root_gap = _root_material(a, b, c, n, root, in_cavity)
    if m >= 0:
        return int(m)
    if in_cavity:
        return int(_cavity_material(a, b, c, t, math.sqrt(inner2) - r, n, capsules))
    if c <= n.annulus_m and r * r < outer2:
        return _MYO_LV

    m, atria_gap = _atrial_material(a, b, c, n, capsules)
    if m >= 0:
        return int(m)
    m, rv = _right_ventricle_material(a, b, c, r, math.sqrt(outer2), n, outflow, capsules)
    if m >= 0:
        return int(m)
    lv = distance_to_lv(r, c, m_out, n)
    gap = min(min(lv, rv - _RV_WALL_M), min(atria_gap[0] - _ATRIAL_WALL_M, root_gap))
    near = smooth_min(smooth_min(lv, rv - _RV_WALL_M, 0.012), atria_gap[1] - _ATRIAL_WALL_M, 0.012)
    return int(_pericardial_material(a, b, c, min(near, gap) - _FAT_M, n))
