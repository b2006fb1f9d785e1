"""NumPy backend of the kernel in sampling.py."""

import numpy as np
from numpy.typing import NDArray


def fill(
    rows: NDArray[np.int64],
    known: NDArray[np.uint8],
    known_tissue: NDArray[np.float32],
    labels: NDArray[np.uint8],
    tissue: NDArray[np.float32],
    unknown: NDArray[np.int32],
) -> int:
    """Copy known rows, fill between equal labels, and list the places of all other samples; returns their number.

    `rows` (R,); `known` (R, B) and `known_tissue` (R, 3 B) go to `labels` (S, B) and `tissue` (S, 3 B).
    """
    labels[rows], tissue[rows] = known, known_tissue
    gaps = np.diff(rows)
    differ = known[:-1] != known[1:]
    open_ = np.zeros(labels.shape, bool)
    for gap in np.unique(gaps):
        upper = np.flatnonzero(gaps == gap)
        first, slope = known_tissue[upper], known_tissue[upper + 1] - known_tissue[upper]
        for j in range(1, int(gap)):
            place = rows[upper] + j
            labels[place], open_[place] = known[upper], differ[upper]
            tissue[place] = first + np.float32(j / gap) * slope
    places = np.flatnonzero(open_)
    unknown[: places.size] = places
    return int(places.size)
