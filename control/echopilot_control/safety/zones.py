"""Where the probe may be: a box around the patient, and nothing above the suprasternal notch."""

import numpy as np
from numpy.typing import NDArray

from echopilot_core import BodyLandmarks

Array = NDArray[np.float64]

ZONE_MARGIN_M = 0.020  # keep this far below the notch
_ZONE_HEIGHT_M = 0.10  # the zone ends this high above the notch
_DEEP_M = 0.010
_BOX_HALF_M = np.array([0.45, 0.60, 0.45])
_NEAR_M = 0.060


def superior_axis(landmarks: BodyLandmarks) -> Array:
    """Unit vector (3,) in `base` from navel to notch."""
    axis = landmarks.notch_m - landmarks.navel_m
    return axis / max(float(np.linalg.norm(axis)), 1e-9)


def above_notch_m(position_m: Array, landmarks: BodyLandmarks) -> float:
    """How far (3,) [m] lies past the border of the forbidden zone [m]; negative outside it."""
    if position_m[2] - landmarks.notch_m[2] > _ZONE_HEIGHT_M:
        return -_ZONE_HEIGHT_M
    return float((position_m - landmarks.notch_m) @ superior_axis(landmarks)) + ZONE_MARGIN_M


def deep_in_zone(position_m: Array, landmarks: BodyLandmarks) -> bool:
    """True when stopping is not enough: the probe is well inside the zone."""
    return above_notch_m(position_m, landmarks) > _DEEP_M


def keep_out(linear_m_s: Array, position_m: Array, landmarks: BodyLandmarks) -> Array:
    """Remove from a velocity (3,) what leads into the zone or out of the box."""
    allowed = linear_m_s.copy()
    if above_notch_m(position_m, landmarks) > 0.0:
        axis = superior_axis(landmarks)
        allowed -= max(float(allowed @ axis), 0.0) * axis
    offset = position_m - landmarks.xiphoid_m
    outward = (np.abs(offset) > _BOX_HALF_M) & (allowed * offset > 0.0)
    allowed[outward] = 0.0
    return allowed


def outside_box(position_m: Array, landmarks: BodyLandmarks) -> bool:
    """True well outside the workspace, where nothing is commanded."""
    return bool((np.abs(position_m - landmarks.xiphoid_m) > _BOX_HALF_M + 0.2).any())


def near_body(position_m: Array, landmarks: BodyLandmarks | None) -> bool:
    """True less than 60 mm above the highest landmark; without landmarks always."""
    if landmarks is None:
        return True
    top_m = max(float(landmarks.notch_m[2]), float(landmarks.xiphoid_m[2]), float(landmarks.navel_m[2]))
    return float(position_m[2]) < top_m + _NEAR_M
