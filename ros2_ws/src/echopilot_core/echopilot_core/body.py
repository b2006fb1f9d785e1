"""Landmarks and the surface of the body, as known before and during contact."""

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray


class LandmarkName(IntEnum):
    """A point in the image plane.

    The two hinges of the mitral valve (anterior: towards the outflow tract, at the septum in A4C), the endocardial
    apex, the two hinges of the aortic valve, and the ends of the outer AP caliper on the abdominal aorta.
    """

    MITRAL_ANTERIOR = 0
    MITRAL_POSTERIOR = 1
    APEX = 2
    AORTIC_VALVE_ANTERIOR = 3
    AORTIC_VALVE_POSTERIOR = 4
    AORTA_NEAR = 5
    AORTA_FAR = 6


@dataclass(frozen=True)
class BodySurface:
    """Skin points (N, 3) [m] in `base` from a depth camera, with noise and holes."""

    stamp_ns: int
    points_m: NDArray[np.float64]

    def finite_points_m(self) -> NDArray[np.float64]:
        """The points without NaN or infinity (M, 3) [m]; none of a cloud of another shape."""
        points = np.asarray(self.points_m, dtype=np.float64)
        if points.ndim != 2 or points.shape[1] != 3:
            return np.zeros((0, 3))
        return points[np.isfinite(points).all(axis=1)]


@dataclass(frozen=True)
class BodyLandmarks:
    """Points on the skin (3,) [m] in `base` as an operator points at them (sigma 10 mm)."""

    stamp_ns: int
    notch_m: NDArray[np.float64]  # suprasternal notch
    xiphoid_m: NDArray[np.float64]
    navel_m: NDArray[np.float64]
