"""Materials at every sample of a beam grid, with half the questions to the label function.

Every second sample along the beams is asked for; between two samples of the same material the one in the middle is
taken to be of it too, all others are asked for. What is thicker than two samples (0.6 mm at 16 cm) is never missed.
"""

from typing import Protocol

import numpy as np
from numba import njit
from numpy.typing import NDArray

from echopilot_sim.bmode.contact import free_points
from echopilot_sim.bmode.grid import BeamGrid
from echopilot_sim.moment import Moment, Phases


class LabelSource(Protocol):
    """Anything that can tell what fills the body: the anatomy, or a phantom in tests."""

    def label_points(
        self, points_patient_m: NDArray[np.float64], phases: Phases
    ) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
        """Materials (N,) and tissue coordinates (N, 3) [m] of points (N, 3) [m] in `patient`."""
        ...


def sample_tissue(source: LabelSource, grid: BeamGrid, moment: Moment) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    """Materials (S, B) and tissue coordinates (S, B, 3) [m] of the samples of a grid with an even number of samples."""
    samples, beams = grid.shape
    labels = np.empty((samples, beams), np.uint8)
    tissue = np.empty((samples, beams, 3), np.float32)
    even_points = free_points(grid.x_m[::2], grid.z_m[::2], moment, grid.lift_m[::2])
    even_labels, even_tissue = source.label_points(even_points, moment.phases)
    odd = np.empty(samples * beams // 2, np.int32)
    count = _fill(
        even_labels.reshape(-1, beams), even_tissue.reshape(-1, 3 * beams), labels, tissue.reshape(-1, 3 * beams), odd
    )
    if count:
        chosen = odd[:count]
        x_m, y_m, z_m = (part.ravel()[chosen] for part in (grid.x_m, grid.lift_m, grid.z_m))
        points = free_points(x_m, z_m, moment, y_m)
        labels.ravel()[chosen], tissue.reshape(-1, 3)[chosen] = source.label_points(points, moment.phases)
    return labels, tissue


@njit(cache=True, nogil=True, fastmath=True, error_model="numpy")
def _fill(even_labels, even_tissue, labels, tissue, odd):  # type: ignore[no-untyped-def]
    """Copy even rows, fill odd rows between equal labels, and list the places of the rest; returns their number."""
    rows, beams = even_labels.shape
    half = np.float32(0.5)
    count = 0
    for k in range(rows):
        s, below = 2 * k + 1, min(k + 1, rows - 1)
        labels[s - 1] = even_labels[k]
        labels[s] = even_labels[k]
        tissue[s - 1] = even_tissue[k]
        upper, lower, middle = even_tissue[k], even_tissue[below], tissue[s]
        for i in range(middle.size):
            middle[i] = half * (upper[i] + lower[i])
        first, second = even_labels[k], even_labels[below]
        for b in range(beams):
            if first[b] != second[b] or below == k:
                odd[count] = s * beams + b
                count += 1
    return count
