"""The patient's directions and sizes as known from three landmarks on the skin."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from echopilot_core import BodyLandmarks, EchoPilotError

Array = NDArray[np.float64]

_UP = np.array([0.0, 0.0, 1.0])


@dataclass(frozen=True)
class BodyAxes:
    """Base vectors of LPS in `base`, origin at the pointed xiphoid, and lengths that scale the priors."""

    R_base_patient: Array  # columns left, posterior, superior
    xiphoid_m: Array
    sternum_m: float  # xiphoid to notch along superior
    abdomen_m: float  # navel to xiphoid along superior

    @property
    def left(self) -> Array:
        return self.R_base_patient[:, 0]

    @property
    def posterior(self) -> Array:
        return self.R_base_patient[:, 1]

    @property
    def superior(self) -> Array:
        return self.R_base_patient[:, 2]


def body_axes(landmarks: BodyLandmarks) -> BodyAxes:
    """Axes of a supine patient: posterior is gravity, superior is navel to notch made horizontal, left = p x s.

    Raises EchoPilotError for landmarks that are not finite or not in order along the body.
    """
    points = np.stack([landmarks.notch_m, landmarks.xiphoid_m, landmarks.navel_m])
    if not np.isfinite(points).all():
        raise EchoPilotError("landmarks are not finite")
    along = points[0] - points[2]
    along = along - float(along @ _UP) * _UP
    length = float(np.linalg.norm(along))
    if length < 0.1:
        raise EchoPilotError(f"notch and navel are {length:.3f} m apart, expected at least 0.1 m")
    superior = along / length
    posterior = -_UP
    sternum_m = float((points[0] - points[1]) @ superior)
    abdomen_m = float((points[1] - points[2]) @ superior)
    if min(sternum_m, abdomen_m) < 0.03:
        raise EchoPilotError("landmarks are out of order, expected notch, xiphoid, navel from the head downwards")
    rotation = np.column_stack([np.cross(posterior, superior), posterior, superior])
    return BodyAxes(rotation, np.array(landmarks.xiphoid_m, dtype=np.float64), sternum_m, abdomen_m)


def moved_m(before: BodyLandmarks, after: BodyLandmarks) -> float:
    """How far the landmark that moved farthest did so [m]."""
    ways = (after.notch_m - before.notch_m, after.xiphoid_m - before.xiphoid_m, after.navel_m - before.navel_m)
    return max(float(np.linalg.norm(way)) for way in ways)
