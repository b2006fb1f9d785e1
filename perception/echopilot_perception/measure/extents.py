"""Area and centroid of every class that is present, with what the network is unsure of."""

import numpy as np
from numpy.typing import NDArray

from echopilot_core import ClassExtent, Tissue
from echopilot_perception import grid

MIN_CELLS = 6


def extents(labels: NDArray[np.uint8], probability: NDArray[np.float32]) -> tuple[ClassExtent, ...]:
    """Extents of the classes with at least 6 cells in `labels` (H, W); probabilities are (14, H, W).

    Sigma is the area of doubt, the sum of p (1 - p): doubtful cells lie along outlines and move together, so they
    are taken as fully correlated.
    """
    counts = np.bincount(labels.ravel(), minlength=len(Tissue))
    rows = []
    for tissue in list(Tissue)[1:]:
        if counts[tissue] < MIN_CELLS:
            continue
        mask = labels == tissue
        p = probability[tissue]
        doubt = float((p * (1.0 - p)).sum())
        n = float(counts[tissue])
        rows.append(
            ClassExtent(
                tissue=tissue,
                area_m2=n * grid.CELL_AREA_M2,
                sigma_m2=max(doubt, 0.3 * float(np.sqrt(n))) * grid.CELL_AREA_M2,
                centroid_x_m=float(mask.sum(axis=0) @ grid.X_M) / n,
                centroid_y_m=float(mask.sum(axis=1) @ grid.Y_M) / n,
            )
        )
    return tuple(rows)
