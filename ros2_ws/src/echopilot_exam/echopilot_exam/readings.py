"""What the exam reads from one perceived frame: the aortic calliper and the volume of the left ventricle."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from echopilot_core import Convention, EndPoint, Measurement, Seen

AORTA_AP = "aorta_outer_ap"
LV_VOLUME = "lv_volume"


@dataclass(frozen=True)
class AortaReading:
    """Outer-to-outer AP calliper [m] of one frame and the centre (2,) [m] of the outline in us_image."""

    diameter_m: float
    sigma_m: float
    centroid_m: NDArray[np.float64]
    end_points: tuple[EndPoint, ...]


def outer_ap(seen: Seen) -> AortaReading | None:
    """The outer AP diameter of a frame, or None when perception gives none in that convention."""
    for m in seen.measurements:
        if m.name == AORTA_AP and m.convention is Convention.OUTER_TO_OUTER and len(m.end_points) == 2:
            near, far = m.end_points
            centroid = np.array([(near.x_m + far.x_m) / 2.0, (near.y_m + far.y_m) / 2.0])
            return AortaReading(m.value, m.sigma, centroid, m.end_points)
    return None


def lv_volume(seen: Seen) -> Measurement | None:
    """Single-plane volume of the left ventricle [m3] of a frame, or None."""
    return next((m for m in seen.measurements if m.name == LV_VOLUME and np.isfinite(m.value)), None)
