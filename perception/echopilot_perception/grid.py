"""Grid of network images and label maps: 160 x 160 mm of `us_image`, the transducer face at the upper middle.

Images have 256 x 256 cells of 0.625 mm, label maps 128 x 128 cells of 1.25 mm.
"""

import numpy as np
from numpy.typing import NDArray

from echopilot_core import LabelMap

CELLS = 128
SPACING_M = 0.00125
CELL_AREA_M2 = SPACING_M * SPACING_M
ORIGIN_X_M = -0.08 + SPACING_M / 2  # center of cell (0, 0)
ORIGIN_Y_M = SPACING_M / 2
COARSE_CELLS = CELLS // 2  # of maps of location, which need no outline
COARSE_SPACING_M = 2.0 * SPACING_M
IMAGE_CELLS = 256
IMAGE_SPACING_M = 0.000625

X_M: NDArray[np.float64] = ORIGIN_X_M + SPACING_M * np.arange(CELLS, dtype=np.float64)
Y_M: NDArray[np.float64] = ORIGIN_Y_M + SPACING_M * np.arange(CELLS, dtype=np.float64)
"""Centers of the columns (right) and rows (depth) of a label map [m]."""


def label_map(labels: NDArray[np.uint8]) -> LabelMap:
    """Label map on this grid.

    Args:
        labels: `SegmentationClass` of every cell (128, 128), row 0 at the transducer face.
    """
    return LabelMap(labels, ORIGIN_X_M, ORIGIN_Y_M, SPACING_M)
