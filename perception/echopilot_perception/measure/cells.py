"""Between cells of a label map and points in us_image."""

import numpy as np
from numpy.typing import NDArray

from echopilot_core import EndPoint, LabelMap

Array = NDArray[np.float64]


def cell_centres(labels: LabelMap) -> tuple[Array, Array]:
    """Centres of the columns (W,) and of the rows (H,) [m] in us_image."""
    height, width = labels.labels.shape
    x_m = labels.origin_x_m + labels.spacing_m * np.arange(width, dtype=np.float64)
    y_m = labels.origin_y_m + labels.spacing_m * np.arange(height, dtype=np.float64)
    return x_m, y_m


def ends_between(first_m: Array, second_m: Array) -> tuple[EndPoint, EndPoint]:
    """Calliper from one point (2,) [m] to another."""
    return EndPoint(float(first_m[0]), float(first_m[1])), EndPoint(float(second_m[0]), float(second_m[1]))
