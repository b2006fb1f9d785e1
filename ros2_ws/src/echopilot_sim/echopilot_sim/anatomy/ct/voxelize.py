"""The label volume of a CT patient: materials of CT voxels brought to the grid of the simulator with smooth borders."""

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import affine_transform, binary_dilation, gaussian_filter

from echopilot_core import Array
from echopilot_core.kernels.compiled import njit
from echopilot_sim.anatomy.ct.tissue import UNKNOWN
from echopilot_sim.anatomy.labels.materials import Material
from echopilot_sim.anatomy.labels.voxelize import SPACING_M, LabelVolume
from echopilot_sim.anatomy.parameters import Torso
from echopilot_sim.anatomy.torso import body_wall, skin

_BLUR_VOXELS = 0.6
BEYOND_M = 0.030  # how far the first and last slice are carried on up and down
_CARRY_M = 0.090  # how far the outermost voxels are carried on sideways, under the wall
_CLEAR_M = 0.004
_CORNERS = np.array([[i, j, k] for i in (0, 1) for j in (0, 1) for k in (0, 1)])
_NOT_SIDEWAYS = (Material.BONE, Material.VERTEBRA, Material.CARTILAGE, Material.GAS, Material.DISC)
_SKIN, _FAT, _MUSCLE = int(Material.SKIN), int(Material.FAT), int(Material.MUSCLE)
_MESENTERY, _MEDIASTINUM = int(Material.MESENTERY), int(Material.MEDIASTINUM)


def voxelize_ct(materials: NDArray[np.uint8], T_patient_voxel: Array, torso: Torso) -> LabelVolume:
    """Volume on a 1.5 mm grid over the whole torso; each material competes with its own blurred voxels.

    Beyond the CT the outermost voxels are carried on under a layered wall of skin, fat and muscle.
    """
    p = skin.pack(torso)
    corners = _CORNERS * (np.array(materials.shape) - 1.0)
    heights = (corners @ T_patient_voxel[:3, :3].T + T_patient_voxel[:3, 3])[:, 2]
    levels = np.arange(heights.min() - BEYOND_M, heights.max() + BEYOND_M, 0.02)
    rims = np.array([[*skin.rim(p, a, float(z)), z] for z in levels for a in np.linspace(-np.pi, np.pi, 49)])
    low, high = rims.min(axis=0) - _CLEAR_M, rims.max(axis=0) + _CLEAR_M
    low[2], high[2] = heights.min() - BEYOND_M, heights.max() + BEYOND_M
    size = np.ceil((high - low) / SPACING_M).astype(int) + 1
    labels = _resample(materials, T_patient_voxel, low, size)
    _fascia(labels)
    layers = np.array([torso.fat_abdomen_m, torso.fat_chest_m, torso.muscle_m])
    to_voxel = np.linalg.inv(T_patient_voxel)
    _cover(labels, low, p, layers, to_voxel, np.array(materials.shape, dtype=np.float64))
    return LabelVolume(labels, low, body_wall.no_wall())


def _resample(materials: NDArray[np.uint8], T: Array, low: Array, size: NDArray[np.int64]) -> NDArray[np.uint8]:
    """Materials (nz, ny, nx) at low + SPACING_M * (x, y, z), carried on beyond the CT; UNKNOWN far from all."""
    to_voxel = np.linalg.inv(T)
    matrix = to_voxel[:3, :3] * SPACING_M
    offset = to_voxel[:3, :3] @ low + to_voxel[:3, 3]
    best = np.full(size, 0.05, np.float32)
    out = np.full(size, UNKNOWN, np.uint8)
    from_voxel = np.linalg.inv(matrix)
    shape = np.array(materials.shape)
    beyond = _CARRY_M / np.linalg.norm(T[:3, :3], axis=0)
    for m in np.unique(materials[materials != UNKNOWN]):
        mask = materials == m
        voxels = np.argwhere(mask)
        first, last = np.maximum(voxels.min(axis=0) - 3, 0), np.minimum(voxels.max(axis=0) + 4, shape)
        sideways = np.array([m not in _NOT_SIDEWAYS, m not in _NOT_SIDEWAYS, True])
        on_low, on_high = (first == 0) & sideways, (last == shape) & sideways
        edges = np.stack([np.where(on_low, -beyond, first - 1), np.where(on_high, shape + beyond, last + 1)])
        points = (edges[0] + _CORNERS * (edges[1] - edges[0]) - offset) @ from_voxel.T
        a = np.clip(np.floor(points.min(axis=0)).astype(int), 0, size)
        b = np.clip(np.ceil(points.max(axis=0)).astype(int) + 1, 0, size)
        if (b <= a).any():
            continue
        field = gaussian_filter(mask[_box(first, last)].astype(np.float32), _BLUR_VOXELS, mode="nearest")
        before, after = (~on_low).astype(int), (~on_high).astype(int)
        field = np.pad(field, np.column_stack([before, after]))
        shift = offset + matrix @ a - first + before
        value = affine_transform(field, matrix, shift, tuple(b - a), order=1, mode="nearest")
        target = _box(a, b)
        better = value > best[target]
        best[target][better] = value[better]
        out[target][better] = m
    return np.ascontiguousarray(out.transpose(2, 1, 0))


def _fascia(labels: NDArray[np.uint8]) -> None:
    """A sheath of one voxel where muscle borders fat: the bright lines of a body wall."""
    fat = np.isin(labels, (_FAT, _MESENTERY))
    labels[binary_dilation(fat) & (labels == _MUSCLE)] = Material.FASCIA


def _box(first: NDArray[np.int64], last: NDArray[np.int64]) -> tuple[slice, ...]:
    return tuple(slice(int(i), int(j)) for i, j in zip(first, last, strict=True))


@njit(cache=True, nogil=True, error_model="numpy")
def _cover(labels: NDArray[np.uint8], low: Array, p: Array, layers: Array, to_voxel: Array, shape: Array) -> None:
    """Skin of 2 mm everywhere under the surface, a layered wall beyond the sides of the CT, nothing outside."""
    nz, ny, nx = labels.shape
    for k in range(nz):
        z = low[2] + SPACING_M * k
        w = skin.chest_weight(z)
        thick = layers[0] + (layers[1] - layers[0]) * w
        for j in range(ny):
            y = low[1] + SPACING_M * j
            for i in range(nx):
                x = low[0] + SPACING_M * i
                measure = skin.inside_measure(p, x, y, z)
                if measure > 1.4:
                    labels[k, j, i] = 0
                    continue
                known = labels[k, j, i] != UNKNOWN
                if measure < 0.3 and known:
                    continue
                for axis in range(2):
                    v = to_voxel[axis, 0] * x + to_voxel[axis, 1] * y + to_voxel[axis, 2] * z + to_voxel[axis, 3]
                    known = known and -0.6 < v < shape[axis] - 0.4
                depth = -skin.distance_normal(p, x, y, z, 0.5)[0]
                if depth < 0.0:
                    labels[k, j, i] = 0
                elif depth < body_wall.SKIN_M:
                    labels[k, j, i] = _SKIN
                elif not known and depth < body_wall.SKIN_M + thick:
                    labels[k, j, i] = _FAT
                elif not known and depth < body_wall.SKIN_M + thick + layers[2] + body_wall.RIB_SHELL_M:
                    labels[k, j, i] = _MUSCLE
                elif labels[k, j, i] == UNKNOWN:
                    labels[k, j, i] = _MEDIASTINUM if w > 0.5 else _MESENTERY
