"""Shift of a view within its acoustic window, towards where more structures are visible.

A rib shades part of the view, and a few millimeters to the side it does not.
"""

import numpy as np

from echopilot_core import Array, PerceptionResult

STEP_M = 0.005
AIM_M = 0.080  # depth of what a cardiac view shows
_SHOWN_M2 = 0.5e-4


def visible_structure_count(result: PerceptionResult) -> float:
    """Number of segmentation classes visible in an image; one smaller than 0.5 cm2 counts in part."""
    return float(sum(min(extent.area_m2 / _SHOWN_M2, 1.0) for extent in result.extents if np.isfinite(extent.area_m2)))


def richer_direction(T_base_probe: Array, points_m: Array, counts: Array) -> Array:
    """Unit vector (3,) in base, across the probe axis of `T_base_probe`, along which more structures are visible.

    The slope of a plane fitted to the counts (n,) of images acquired at points (n, 3); zeros where there is none.
    """
    if len(points_m) < 3:
        return np.zeros(3)
    face = T_base_probe[:3, :2]
    steps = (points_m - points_m.mean(axis=0)) @ face
    slope = face @ np.linalg.lstsq(steps, counts - counts.mean(), rcond=None)[0]
    norm = float(np.linalg.norm(slope))
    return np.asarray(slope / norm) if norm > 1e-9 else np.zeros(3)
