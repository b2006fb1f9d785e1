"""What is known of the patient's outside before and during contact."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class BodySurface:
    """Skin points (N, 3) [m] in `base` from a depth camera, with noise and holes."""

    stamp_ns: int
    points_m: NDArray[np.float64]


@dataclass(frozen=True)
class BodyLandmarks:
    """Points on the skin (3,) [m] in `base` as an operator points at them (sigma 10 mm)."""

    stamp_ns: int
    notch_m: NDArray[np.float64]  # suprasternal notch
    xiphoid_m: NDArray[np.float64]
    navel_m: NDArray[np.float64]
