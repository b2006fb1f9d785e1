"""Materials at every sample of a beam grid, with less than half as many evaluations of the label function.

The label function is evaluated on some rows. Between two of their samples of the same material all samples get that
material; the others are evaluated. Evaluated rows lie at most 0.85 mm apart near the face, where the body wall has thin
layers, and 1.0 mm (`fast`: 1.25 mm) farther away: thicker structures are never missed.
"""

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from echopilot_core import Array
from echopilot_core.kernels.compiled import njit_or
from echopilot_sim.bmode.grid import BeamGrid
from echopilot_sim.bmode.numpy_backend import sampling as numpy_sampling
from echopilot_sim.bmode.sound.contact import free_points
from echopilot_sim.frame_state import FrameState, Phases

_NEAR_M = 0.045
_NEAR_GAP_M = 0.00085
_FAR_GAP_M = 0.0010
_MOST_ROWS = 4


class HeartOrientation(Protocol):
    """A heart whose tissue coordinates are given in axes of its own."""

    @property
    def rotation(self) -> Array:
        """Heart axes (3, 3) in `patient`."""
        ...


class ImagedPatient(Protocol):
    """Properties of a patient that the renderer needs beside the labels."""

    @property
    def seed(self) -> int:
        """Seed of speckle and default appearance."""
        ...

    @property
    def heart(self) -> HeartOrientation | None:
        """The heart, None without one."""
        ...


class LabelSource(Protocol):
    """A body of known materials: an anatomy, a voxel body or a phantom."""

    @property
    def patient(self) -> ImagedPatient | None:
        """The patient whose body it is; None for a phantom."""
        ...

    def label_points(
        self, points_patient_m: NDArray[np.float64], phases: Phases
    ) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
        """Materials (N,) and tissue coordinates (N, 3) [m] of points (N, 3) [m] in `patient`."""
        ...


def asked_rows(grid: BeamGrid) -> NDArray[np.int64]:
    """Rows (R,) of samples at which every beam is asked for its material: the first, the last, and some between."""
    rows = [0]
    samples = grid.shape[0]
    near = min(max(int(_NEAR_GAP_M / grid.step_m), 1), _MOST_ROWS)
    far = min(max(int(_FAR_GAP_M / grid.step_m), 3), _MOST_ROWS)
    while rows[-1] < samples - 1:
        gap = near if float(grid.range_m[rows[-1]]) < _NEAR_M else far
        rows.append(min(rows[-1] + gap, samples - 1))
    return np.array(rows)


def sample_tissue(
    source: LabelSource, grid: BeamGrid, rows: NDArray[np.int64], frame_state: FrameState
) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    """Materials (S, B) and tissue coordinates (S, B, 3) [m] of the samples of a grid; `rows` are its `asked_rows`."""
    samples, beams = grid.shape
    labels = np.empty((samples, beams), np.uint8)
    tissue = np.empty((samples, beams, 3), np.float32)
    points = free_points(grid.x_m[rows], grid.z_m[rows], frame_state, grid.lift_m[rows])
    known, known_tissue = source.label_points(points, frame_state.phases)
    unknown = np.empty(samples * beams, np.int32)
    count = _fill(
        rows,
        known.reshape(-1, beams),
        known_tissue.reshape(-1, 3 * beams),
        labels,
        tissue.reshape(-1, 3 * beams),
        unknown,
    )
    if count:
        chosen = unknown[:count]
        x_m, y_m, z_m = (part.ravel()[chosen] for part in (grid.x_m, grid.lift_m, grid.z_m))
        points = free_points(x_m, z_m, frame_state, y_m)
        labels.ravel()[chosen], tissue.reshape(-1, 3)[chosen] = source.label_points(points, frame_state.phases)
    return labels, tissue


@njit_or(numpy_sampling.fill, cache=True, nogil=True, fastmath=True, error_model="numpy")
def _fill(rows, known, known_tissue, labels, tissue, unknown):  # type: ignore[no-untyped-def]
    """Copy known rows, fill between equal labels, and list the places of all other samples; returns their number."""
    beams = known.shape[1]
    count = 0
    for k in range(rows.size):
        labels[rows[k]] = known[k]
        tissue[rows[k]] = known_tissue[k]
        if k == rows.size - 1:
            break
        first, second, upper, lower = known[k], known[k + 1], known_tissue[k], known_tissue[k + 1]
        gap = rows[k + 1] - rows[k]
        for j in range(1, gap):
            s = rows[k] + j
            labels[s] = first
            share = np.float32(j / gap)
            middle = tissue[s]
            for i in range(middle.size):
                middle[i] = upper[i] + share * (lower[i] - upper[i])
            for b in range(beams):
                if first[b] != second[b]:
                    unknown[count] = s * beams + b
                    count += 1
    return count
