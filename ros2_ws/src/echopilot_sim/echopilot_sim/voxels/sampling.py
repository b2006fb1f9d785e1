"""Sampling of a `VoxelBody` from a built anatomy, which needs numba."""

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt, gaussian_filter

from echopilot_core import Array, View
from echopilot_sim.anatomy.build import Anatomy
from echopilot_sim.frame_state import Phases
from echopilot_sim.voxels.body import IN_HEART, WITH_HEART, Cells, HeartAxes, VoxelBody, VoxelPatient

Labels = NDArray[np.uint8]

_LOW_M, _HIGH_M = np.array([-0.26, -0.14, -0.32]), np.array([0.26, 0.30, 0.24])  # no body reaches beyond, in patient
_COARSE_M = 0.003
_SMOOTH_CELLS = 1.5
_HEART_MARGIN_M = 0.012
_PROBED = (0.0, 0.2, 0.4)  # heart phases that show how far the heart reaches


def sample(anatomy: Anatomy, spacing_m: float = 0.001, phases: int = 16) -> VoxelBody:
    """The anatomy as voxels of `spacing_m`, the heart at so many phases (about 10 s and 70 MB at 1 mm and 16)."""
    rest = Phases(0.0, 0.5)
    low, shape = _LOW_M, _shape(_LOW_M, _HIGH_M, _COARSE_M)
    coarse = [_labels(anatomy, low, shape, _COARSE_M, Phases(p, 0.5)) for p in _PROBED]
    body_low, body_high = _bounds(coarse[0] > 0, low)
    body_shape = _shape(body_low, body_high, spacing_m)
    still = _labels(anatomy, body_low, body_shape, spacing_m, rest)
    for axis in range(3):
        np.moveaxis(still, axis, 0)[[0, -1]] = 0
    heart, beat = None, Cells(np.zeros((0, 1, 1, 1), np.uint8), body_low, spacing_m)
    if anatomy.patient.heart is not None:
        h = anatomy.patient.heart
        heart = HeartAxes(np.asarray(h.apex_m), np.asarray(h.rotation), anatomy.patient.torso.organ_shift_m)
        heart_low, heart_high = _bounds(np.any(IN_HEART[np.stack(coarse)], axis=0), low, _HEART_MARGIN_M)
        box = _shape(heart_low, heart_high, spacing_m)
        beats = [_labels(anatomy, heart_low, box, spacing_m, Phases(k / phases, 0.5)) for k in range(phases)]
        beat = Cells(np.stack(beats), heart_low, spacing_m)
    targets = {view: anatomy.view_target(view, rest) for view in View if view != View.NONE}
    return VoxelBody(
        patient=VoxelPatient(anatomy.patient.seed, heart),
        still=Cells(still, body_low, spacing_m),
        beat=beat,
        carry=Cells(_carried(anatomy, low, shape), low, _COARSE_M),
        poses={view: np.asarray(pose) for view, pose in targets.items() if pose is not None},
    )


def _shape(low: Array, high: Array, spacing_m: float) -> tuple[int, int, int]:
    nx, ny, nz = np.ceil((high - low) / spacing_m).astype(int) + 1
    return int(nz), int(ny), int(nx)


def _bounds(chosen: NDArray[np.bool_], low: Array, margin_m: float = 2.0 * _COARSE_M) -> tuple[Array, Array]:
    """Corners (3,) [m] of the box that holds the chosen coarse cells."""
    places = [np.flatnonzero(chosen.any(axis=tuple(a for a in range(3) if a != axis))) for axis in (2, 1, 0)]
    first, last = (low + _COARSE_M * np.array([place[end] for place in places]) for end in (0, -1))
    return first - margin_m, last + margin_m


def _layers(low: Array, shape: tuple[int, int, int], spacing_m: float) -> NDArray[np.float64]:
    """Points (ny * nx, 3) [m] of the lowest layer of a grid."""
    x, y = (low[axis] + spacing_m * np.arange(shape[2 - axis]) for axis in (0, 1))
    grid_y, grid_x = np.meshgrid(y, x, indexing="ij")
    return np.column_stack([grid_x.ravel(), grid_y.ravel(), np.full(grid_x.size, low[2])])


def _labels(anatomy: Anatomy, low: Array, shape: tuple[int, int, int], spacing_m: float, phases: Phases) -> Labels:
    points, labels = _layers(low, shape, spacing_m), np.empty(shape, np.uint8)
    for k in range(shape[0]):
        labels[k] = anatomy.label_points(points, phases)[0].reshape(shape[1:])
        points[:, 2] += spacing_m
    return labels


def _carried(anatomy: Anatomy, low: Array, shape: tuple[int, int, int]) -> NDArray[np.float16]:
    """How far tissue moves forwards and down (2, nz, ny, nx) [m] over a full breath; spread beyond skin and heart."""
    points, inspired = _layers(low, shape, _COARSE_M), Phases(0.0, 1.0)
    carried, known = np.zeros((2, *shape), np.float32), np.zeros(shape, bool)
    for k in range(shape[0]):
        materials, tissue = anatomy.label_points(points, inspired)
        known[k] = ((materials > 0) & ~WITH_HEART[materials]).reshape(shape[1:])
        carried[:, k] = 2.0 * (tissue - points)[:, 1:].T.reshape(2, *shape[1:])
        points[:, 2] += _COARSE_M
    nearest = distance_transform_edt(~known, return_distances=False, return_indices=True)
    spread = [gaussian_filter(part[tuple(nearest)], _SMOOTH_CELLS) for part in carried]
    return np.stack(spread).astype(np.float16)
