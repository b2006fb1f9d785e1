"""Materials at the resolution of the CT: named by the labels, the rest from Hounsfield units where there is a CT."""

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import binary_closing, binary_erosion, distance_transform_edt, gaussian_filter

from echopilot_sim.anatomy.ct import bones
from echopilot_sim.anatomy.ct.classes import BOWEL, CHAMBERS, ROOT_WALL, SEPTUM, UNNAMED, VERTEBRAE, material
from echopilot_sim.anatomy.ct.read import CtVolume
from echopilot_sim.anatomy.labels.materials import Material

Mask = NDArray[np.bool_]

GAS_HU, FAT_HU, SOFT_HU = -300.0, -30.0, 140.0
_CALM_VOXELS = 0.7  # noise of the CT would make specks of fat in muscle
_SPINE_HALF_WIDTH_M = 0.045
_WALL_M = 0.030  # soft tissue within this of the skin is muscle, fat is subcutaneous
UNKNOWN = 255
"""Marks voxels that voxelize.py fills from the depth below the skin."""


def materials(
    scan: CtVolume, body: Mask | None, drawn: Mask, chest: Mask, x_m: NDArray[np.float64]
) -> NDArray[np.uint8]:
    """Materials (nx, ny, nz) uint8, UNKNOWN where nothing tells.

    `drawn` are voxels that tubes or the beating heart show themselves: they become what surrounds them. `chest` are
    those above the floor of the heart, `x_m` (nx, ny, nz) is the distance to the left of the mid-line.
    """
    out = np.full(scan.labels.shape, UNKNOWN, np.uint8)
    inside = np.ones(scan.labels.shape, bool) if body is None else body
    lung = bones.lungs(scan, inside)
    hull = bones.between(lung) & chest
    if scan.hounsfield is not None and body is not None:
        _from_density(out, scan, body, lung, hull, x_m)
    elif any(scan.has(n) for n in CHAMBERS):
        heart = distance_transform_edt(~scan.mask(*CHAMBERS, SEPTUM, ROOT_WALL), sampling=scan.spacing_m)
        out[heart < 0.012] = Material.MEDIASTINUM
    for value, name in scan.names.items():
        if material(name) is not UNNAMED:
            out[scan.labels == value] = material(name)
    out[lung] = Material.LUNG
    _bowel(out, scan)
    _discs(out, scan)
    out[drawn] = Material.MESENTERY
    out[drawn & (hull | chest)] = Material.MEDIASTINUM
    return out


def _from_density(
    out: NDArray[np.uint8], scan: CtVolume, body: Mask, lung: Mask, hull: Mask, x_m: NDArray[np.float64]
) -> None:
    assert scan.hounsfield is not None
    density = gaussian_filter(scan.hounsfield, _CALM_VOXELS, mode="nearest")
    padded = np.pad(body, ((0, 0), (0, 0), (1, 1)), mode="edge")
    depth = distance_transform_edt(np.pad(padded, ((1, 1), (1, 1), (0, 0)), mode="edge"), sampling=scan.spacing_m)
    wall = depth[1:-1, 1:-1, 1:-1] < _WALL_M
    deep = body & ~wall
    out[body] = Material.MUSCLE
    soft = deep & ~hull & (density < SOFT_HU)
    out[soft & ~_near_spine(scan, x_m, 0.055)] = Material.SPLEEN if _lacks_organs(scan) else Material.BOWEL
    fat = body & (density < FAT_HU)
    out[fat] = Material.FAT
    out[fat & deep] = Material.MESENTERY
    out[body & hull & ~lung] = Material.MEDIASTINUM
    out[body & (density < GAS_HU) & ~lung] = Material.GAS
    bone = bones.bones(scan, body, hull)
    out[bone] = Material.BONE
    out[bone & _near_spine(scan, x_m, _SPINE_HALF_WIDTH_M)] = Material.VERTEBRA


def _lacks_organs(scan: CtVolume) -> bool:
    return not scan.has("liver")


def _near_spine(scan: CtVolume, x_m: NDArray[np.float64], half_width_m: float) -> Mask:
    """Voxels in the back third of the body near the mid-line."""
    present = [n for n in VERTEBRAE if scan.has(n)]
    size = scan.labels.shape[1]
    front = int(np.argwhere(scan.mask(*present))[:, 1].min()) if present else int(0.6 * size)
    rows = np.arange(size)[None, :, None] >= front - 1
    return np.asarray(np.broadcast_to((np.abs(x_m) < half_width_m) & rows, scan.labels.shape))


def _bowel(out: NDArray[np.uint8], scan: CtVolume) -> None:
    """Walls around bowel, and gas in what is hollow, where the CT shows it."""
    for name in (*BOWEL, "stomach"):
        mask = scan.mask(name)
        if not mask.any():
            continue
        if name != "stomach":
            out[mask] = Material.BOWEL_WALL
            out[binary_erosion(mask)] = Material.BOWEL_CONTENT
        if scan.hounsfield is not None:
            out[mask & (scan.hounsfield < GAS_HU)] = Material.GAS


def _discs(out: NDArray[np.uint8], scan: CtVolume) -> None:
    """Soft tissue enclosed between vertebrae."""
    spine = scan.mask(*VERTEBRAE)
    if not spine.any():
        return
    reach = max(round(0.006 / float(scan.spacing_m[2])), 1)
    column = np.zeros((1, 1, 3), bool)
    column[:] = True
    closed = binary_closing(spine, column, iterations=reach)
    out[closed & ~spine & ((out == Material.MUSCLE) | (out == Material.BOWEL) | (out == UNKNOWN))] = Material.DISC
