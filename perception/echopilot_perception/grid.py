"""Grid of network images and label maps: a square of `us_image` as deep as the image, the face at its upper middle.

Images have 256 x 256 cells, label maps 128 x 128. The network sees every image at its full depth and knows no lengths:
what it gives as lengths holds for `STANDARD`, 160 mm deep, and is scaled to the depth of the image.
"""

from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
from numpy.typing import NDArray

from echopilot_core import LabelMap, ProbeGeometry

CELLS = 128
COARSE_CELLS = CELLS // 2  # of maps of location, which need no outline
IMAGE_CELLS = 256
STANDARD_M = 0.16


@dataclass(frozen=True)
class NetworkGrid:
    """Grid of an image that is `extent_m` deep [m]; it is as wide as deep."""

    extent_m: float

    @property
    def spacing_m(self) -> float:
        """Side of a cell of a label map [m]."""
        return self.extent_m / CELLS

    @property
    def coarse_spacing_m(self) -> float:
        """Side of a cell of a map of location [m]."""
        return self.extent_m / COARSE_CELLS

    @property
    def image_spacing_m(self) -> float:
        """Side of a cell of the network's image [m]."""
        return self.extent_m / IMAGE_CELLS

    @property
    def scale(self) -> float:
        """Lengths in this image over lengths in one on the standard grid that looks the same."""
        return self.extent_m / STANDARD_M

    @cached_property
    def x_m(self) -> NDArray[np.float64]:
        """Centers of the columns of a label map, to the right [m]; not to be changed."""
        return _fixed(self._left_m + self.spacing_m * np.arange(CELLS, dtype=np.float64))

    @cached_property
    def y_m(self) -> NDArray[np.float64]:
        """Centers of the rows of a label map, in depth [m]; not to be changed."""
        return _fixed(self._top_m + self.spacing_m * np.arange(CELLS, dtype=np.float64))

    @property
    def _left_m(self) -> float:
        return -0.5 * self.extent_m + 0.5 * self.spacing_m

    @property
    def _top_m(self) -> float:
        return 0.5 * self.spacing_m

    def label_map(self, labels: NDArray[np.uint8]) -> LabelMap:
        """Label map on this grid.

        Args:
            labels: `SegmentationClass` of every cell (128, 128), row 0 at the transducer face.
        """
        return LabelMap(labels, self._left_m, self._top_m, self.spacing_m)


STANDARD = NetworkGrid(STANDARD_M)


@lru_cache(maxsize=8)
def grid_of(geometry: ProbeGeometry) -> NetworkGrid:
    """Grid of the images of a geometry whose depth is finite and above 0."""
    return NetworkGrid(geometry.depth_m)


def _fixed(values: NDArray[np.float64]) -> NDArray[np.float64]:
    values.flags.writeable = False
    return values
