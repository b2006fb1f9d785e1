"""Diameter of the abdominal aorta in its long axis, at the middle of the image."""

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import uniform_filter1d

from echopilot_core import LabelMap, SegmentationClass
from echopilot_perception.measure.regions import cell_centers, largest_region

REACH_M = 0.020
"""Columns this far from the middle of the image count: the place that the plane was put through."""
LEAST_REACHED = 0.8
"""Share of these columns that must show the vessel."""
SMOOTHED_M = 0.005


@dataclass(frozen=True)
class LongAxisDiameter:
    """Widest outer diameter [m] near the middle of the image, with its standard deviation [m]."""

    diameter_m: float
    sigma_m: float


def long_axis_diameter(label_map: LabelMap) -> LongAxisDiameter | None:
    """Widest outer-to-outer extent across lumen and wall (thrombus included) within REACH_M of the image's middle.

    Extents of the columns are averaged over 5 mm along the vessel and corrected for its slope in the image. A plane
    beside the middle of the vessel cuts a chord: the number is a lower bound of the diameter. None without a vessel
    there, or where it leaves the grid or borders on shadow.
    """
    labels, cell_m = label_map.labels, label_map.spacing_m
    vessel = (labels == SegmentationClass.AO_LUMEN) | (labels == SegmentationClass.AO_WALL)
    x_m, y_m = cell_centers(label_map)
    columns = np.abs(x_m) <= REACH_M
    if not vessel.any() or not columns.any():
        return None
    vessel = largest_region(vessel, vessel.astype(np.float64))[:, columns]
    shown = vessel.any(axis=0)
    bordering = np.zeros(vessel.shape, bool)
    bordering[1:] |= vessel[:-1]
    bordering[:-1] |= vessel[1:]
    cut = vessel[[0, -1]].any() or (bordering & (labels[:, columns] == SegmentationClass.SHADOW)).any()
    if cut or shown.mean() < LEAST_REACHED:
        return None
    extents_m = cell_m * vessel[:, shown].sum(axis=0)
    middles_m = (vessel[:, shown] * y_m[:, None]).sum(axis=0) * cell_m / extents_m
    slope = float(np.polyfit(x_m[columns][shown], middles_m, 1)[0])
    smooth_m = uniform_filter1d(extents_m, max(round(SMOOTHED_M / cell_m), 1), mode="nearest")
    upright = 1.0 / float(np.hypot(1.0, slope))
    return LongAxisDiameter(float(smooth_m.max()) * upright, cell_m / float(np.sqrt(6.0)))
