"""Measurements of single frames: the aortic caliper and the volume of the left ventricle."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from echopilot_core import CaliperPoint, GateStatus, Measurement, MeasurementName, PerceptionResult, View


@dataclass(frozen=True)
class AortaMeasurement:
    """Outer-to-outer AP caliper [m] of one frame and the center (2,) [m] of the outline in us_image."""

    diameter_m: float
    sigma_m: float
    centroid_m: NDArray[np.float64]
    end_points: tuple[CaliperPoint, ...]


def outer_ap(frame: PerceptionResult) -> AortaMeasurement | None:
    """The outer AP diameter of a frame, or None without a caliper in that convention or a named view."""
    name = MeasurementName.AORTA_OUTER_AP
    if frame.view is View.NONE:
        return None
    for m in frame.measurements:
        allowed = m.gate is not GateStatus.REFUSED
        if m.name is name and allowed and m.convention is name.convention and len(m.end_points) == 2:
            near, far = m.end_points
            centroid = np.array([(near.x_m + far.x_m) / 2.0, (near.y_m + far.y_m) / 2.0])
            return AortaMeasurement(m.value, m.sigma, centroid, m.end_points)
    return None


def lv_volume(frame: PerceptionResult) -> Measurement | None:
    """Volume of the left ventricle [m3] of a frame with a named view, or None; refused without a scale."""
    if frame.view is View.NONE:
        return None
    return next((m for m in frame.measurements if m.name is MeasurementName.LV_VOLUME and np.isfinite(m.value)), None)
