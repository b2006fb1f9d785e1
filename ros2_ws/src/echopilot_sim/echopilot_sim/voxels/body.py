"""Voxel body: a built anatomy as arrays that need no numba and are stored in one file.

Sample it where numba is there, save it, and render it anywhere. Compared with the anatomy it comes from: shapes are
rounded to a voxel and a heart phase, heart muscle moves without stretching its speckle, vessels do not pulse, and the
apex does not lift the skin.
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from echopilot_core import Array, EchoPilotError, View
from echopilot_core.guarded.array_input import read_arrays
from echopilot_sim.anatomy.labels.materials import Material
from echopilot_sim.bmode.sound.acoustics import HEART_AXES
from echopilot_sim.frame_state import Phases

IN_HEART = np.isin(np.arange(256), sorted(HEART_AXES))
WITH_HEART = IN_HEART | (np.arange(256) == Material.MEDIASTINUM)  # what the heart takes along when we breathe


@dataclass(frozen=True)
class HeartAxes:
    """Epicardial apex (3,) [m] at mid breathing and axes (3, 3) of the heart in patient, and how far it is carried.

    `shift_m` is its way down from full expiration to full inspiration.
    """

    apex_m: Array
    rotation: Array
    shift_m: float


@dataclass(frozen=True)
class VoxelPatient:
    """What a renderer asks of a patient: the seed of speckle and appearance, and the heart's axes."""

    seed: int
    heart: HeartAxes | None


@dataclass(frozen=True)
class Cells:
    """Voxels (..., nz, ny, nx) of `spacing_m`; the center of the first one lies at `origin_m` (x, y, z) in patient."""

    values: NDArray[Any]
    origin_m: Array
    spacing_m: float

    def inside(self, points_m: NDArray[np.float32]) -> NDArray[np.bool_]:
        """Which points (N, 3) [m] lie in the cells."""
        low = self.origin_m - 0.5 * self.spacing_m
        high = low + self.spacing_m * np.array(self.values.shape[:-4:-1])
        between = (points_m >= low.astype(np.float32)) & (points_m < high.astype(np.float32))
        return np.asarray(between.all(axis=1))

    def index(self, points_m: NDArray[np.float32]) -> NDArray[np.int32]:
        """Flat index (N,) of the nearest voxel for points (N, 3) [m]."""
        nz, ny, nx = self.values.shape[-3:]
        place = points_m - (self.origin_m - 0.5 * self.spacing_m).astype(np.float32)
        place *= np.float32(1.0 / self.spacing_m)
        np.maximum(place, np.float32(0.0), out=place)
        cell = np.minimum(place.astype(np.int32), np.array([nx - 1, ny - 1, nz - 1], np.int32))
        return np.asarray((cell[:, 2] * ny + cell[:, 1]) * nx + cell[:, 0])


@dataclass(frozen=True)
class VoxelBody:
    """A `LabelSource` of arrays.

    `still` (nz, ny, nx) uint8 are the materials at end-diastole and mid breathing, of which the outermost layer is AIR;
    `beat` (P, nz, ny, nx) those around the heart at P phases, with P = 0 for a patient without one. `carry` (2, nz, ny,
    nx) float16 [m] is how far tissue is carried forwards and down from full expiration to full inspiration, the heart
    left out. `poses` are the patient's standard views, `T_patient_probe` (4, 4) of the face on the free skin.
    """

    patient: VoxelPatient
    still: Cells
    beat: Cells
    carry: Cells
    poses: dict[View, Array] = field(default_factory=dict)

    def label_points(
        self, points_patient_m: NDArray[np.floating], phases: Phases
    ) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
        """Materials (N,) and tissue coordinates (N, 3) [m] of points (N, 3) [m]; AIR outside the voxels."""
        points = points_patient_m.astype(np.float32)
        h = np.float32(phases.breathing - 0.5)
        tissue = points.copy()
        if h != 0.0:
            cell = self.carry.index(points)
            for axis, field_m in zip((1, 2), self.carry.values.reshape(2, -1), strict=True):
                tissue[:, axis] += h * field_m[cell]
        materials = self.still.values.ravel()[self.still.index(tissue)].astype(np.uint8)
        heart = self.patient.heart
        if heart is not None and len(self.beat.values):
            near = np.flatnonzero(self.beat.inside(points))
            there = points[near]
            there[:, 2] += h * np.float32(heart.shift_m)
            beat = self.beat.values[round(phases.heart * len(self.beat.values)) % len(self.beat.values)]
            found = beat.ravel()[self.beat.index(there)].astype(np.uint8)
            goes = WITH_HEART[found]
            materials[near] = np.where(goes | WITH_HEART[materials[near]], found, materials[near])
            tissue[near[goes]] = there[goes]
            beats = IN_HEART[found]
            tissue[near[beats]] = (there[beats] - heart.apex_m.astype(np.float32)) @ heart.rotation.astype(np.float32)
        return materials, tissue

    def save(self, path: Path) -> None:
        """Write to one compressed .npz file."""
        heart = self.patient.heart
        np.savez_compressed(
            path,
            seed=self.patient.seed,
            **{f"{name}_{part}": getattr(getattr(self, name), part) for name in _CELLS for part in _PARTS},
            **({} if heart is None else {f"heart_{part}": getattr(heart, part) for part in _HEART}),
            views=np.array([view.name for view in self.poses], "U16"),
            poses=np.array(list(self.poses.values())).reshape(-1, 4, 4),
        )


_CELLS, _PARTS = ("still", "beat", "carry"), ("values", "origin_m", "spacing_m")
_HEART = ("apex_m", "rotation", "shift_m")


MAX_BODY_BYTES = 700_000_000  # unpacked


def _check(still: Cells, beat: Cells, carry: Cells, heart: HeartAxes | None, poses: list[Any]) -> None:
    """ValueError unless the arrays have the shapes and finite numbers of a body."""
    if still.values.ndim != 3 or beat.values.ndim != 4 or carry.values.ndim != 4 or len(carry.values) != 2:
        raise ValueError(f"cells of shapes {still.values.shape}, {beat.values.shape}, {carry.values.shape}")
    for cells, kinds in ((still, "u"), (beat, "u"), (carry, "f")):
        origin = cells.origin_m
        if 0 in cells.values.shape[1:] or cells.values.dtype.kind not in kinds or origin.shape != (3,):
            raise ValueError(f"cells of shape {cells.values.shape} {cells.values.dtype}")
        if not 1e-5 < cells.spacing_m < 1.0 or origin.dtype.kind != "f" or not np.isfinite(origin).all():
            raise ValueError("cells without size or place")
    if max(still.values.max(initial=0), beat.values.max(initial=0)) >= len(WITH_HEART):
        raise ValueError("materials that do not exist")
    if not np.isfinite(carry.values).all():
        raise ValueError("a motion that is not finite")
    axes = [] if heart is None else [heart.apex_m.reshape(3), heart.rotation.reshape(3, 3), np.array(heart.shift_m)]
    if not all(np.isfinite(part).all() for part in (*axes, *(np.reshape(pose, (4, 4)) for pose in poses))):
        raise ValueError("a pose that is not finite")


def load(path: Path) -> VoxelBody:
    """Read what `VoxelBody.save` wrote. Raises EchoPilotError for anything else."""
    try:
        data: dict[str, Any] = read_arrays(path, max_bytes=MAX_BODY_BYTES)
        still, beat, carry = (
            Cells(data[f"{name}_values"], data[f"{name}_origin_m"], float(data[f"{name}_spacing_m"])) for name in _CELLS
        )
        heart = None
        if "heart_apex_m" in data:
            heart = HeartAxes(data["heart_apex_m"], data["heart_rotation"], float(data["heart_shift_m"]))
        poses = {View[str(name)]: pose for name, pose in zip(data["views"], data["poses"], strict=True)}
        _check(still, beat, carry, heart, list(poses.values()))
        return VoxelBody(VoxelPatient(int(data["seed"]), heart), still, beat, carry, poses)
    except (OSError, KeyError, ValueError, TypeError, OverflowError) as error:
        raise EchoPilotError(f"{path} is no voxel body; choose an .npz file written by VoxelBody.save") from error
