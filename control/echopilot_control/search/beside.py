"""Where the picture shows more: a view that was held but refused is tried again a little to that side.

A rib shades part of the view, and its place a few millimetres away does not.
"""

import numpy as np
from numpy.typing import NDArray

from echopilot_core import Seen, se3

Array = NDArray[np.float64]

STEP_M = 0.005
AIM_M = 0.080  # depth of what a cardiac view shows
_SHOWN_M2 = 0.5e-4


def richness(seen: Seen) -> float:
    """How many classes a picture shows; one smaller than 0.5 cm2 counts in part."""
    return float(sum(min(extent.area_m2 / _SHOWN_M2, 1.0) for extent in seen.extents if np.isfinite(extent.area_m2)))


def richer_side(T_home: Array, points_m: Array, shown: Array) -> Array:
    """Unit vector (3,) in base, across the probe at `T_home`, along which pictures taken at points (n, 3) show more.

    The slope of a plane fitted to what they show (n,); zeros where there is none.
    """
    if len(points_m) < 3:
        return np.zeros(3)
    across = T_home[:3, :2]
    places = (points_m - points_m.mean(axis=0)) @ across
    slope = across @ np.linalg.lstsq(places, shown - shown.mean(), rcond=None)[0]
    norm = float(np.linalg.norm(slope))
    return np.asarray(slope / norm) if norm > 1e-9 else np.zeros(3)


def slid(T_base_view: Array, step_m: Array) -> Array:
    """A pose (4, 4) moved by a step (3,) [m] and turned, so that what lies at AIM_M on its beam stays there."""
    R = T_base_view[:3, :3]
    beam = AIM_M * R[:, 2] - step_m
    beam = beam / float(np.linalg.norm(beam))
    axis = np.cross(R[:, 2], beam)
    sine = float(np.linalg.norm(axis))
    turn = np.eye(3) if sine < 1e-9 else se3.so3_exp(axis / sine * np.arctan2(sine, float(R[:, 2] @ beam)))
    return se3.transform(turn @ R, T_base_view[:3, 3] + step_m)
