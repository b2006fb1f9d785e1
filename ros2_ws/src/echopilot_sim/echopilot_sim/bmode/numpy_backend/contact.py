"""NumPy backend of the kernel in contact.py."""

import numpy as np
from numpy.typing import NDArray


def place(
    x: NDArray[np.float32],
    y: NDArray[np.float32],
    z: NDArray[np.float32],
    T: NDArray[np.float64],
    shift: NDArray[np.float64],
    step: float,
) -> NDArray[np.float64]:
    """Points (N, 3) [m] at (x, y, z) (N,), moved along z by the table `shift` (K,) with a row every `step` [m], by T.

    The table goes on straight behind its last row, and stays as it is before its first.
    """
    at = np.maximum(z / np.float32(step), np.float32(0.0))
    row = np.minimum(at.astype(np.int32), shift.size - 2)
    table = shift.astype(np.float32)
    local = np.empty((x.size, 3))
    local[:, 0], local[:, 1] = x, y
    local[:, 2] = z + table[row] + (at - row) * (table[1:] - table[:-1])[row]
    points = local @ T[:3, :3].T
    points += T[:3, 3]
    return np.asarray(points)
