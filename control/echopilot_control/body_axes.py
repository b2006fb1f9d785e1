"""Axes and lengths of the patient from three landmarks on the skin."""

from dataclasses import dataclass

import numpy as np

from echopilot_core import Array, BodyLandmarks, EchoPilotError

_UP = np.array([0.0, 0.0, 1.0])
_LONGEST_M, _ASIDE_M = 0.45, 0.25  # beyond the largest body and the steepest bed


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

    Raises EchoPilotError for landmarks that are not finite points, not in order along the body, or not a person's.
    """
    marks = (landmarks.notch_m, landmarks.xiphoid_m, landmarks.navel_m)
    if any(np.shape(mark) != (3,) for mark in marks):
        raise EchoPilotError("landmarks are not points in space")
    points = np.stack(marks)
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
    if max(sternum_m, abdomen_m) > _LONGEST_M:
        raise EchoPilotError(f"landmarks are {max(sternum_m, abdomen_m):.2f} m apart, at most {_LONGEST_M} m expected")
    aside = points[1] - points[0] - float((points[1] - points[0]) @ superior) * superior
    if float(np.abs(aside).max()) > _ASIDE_M or abs(float(points[2, 2] - points[0, 2])) > _ASIDE_M:
        raise EchoPilotError("landmarks do not lie along the middle of a lying body")
    rotation = np.column_stack([np.cross(posterior, superior), posterior, superior])
    return BodyAxes(rotation, np.array(landmarks.xiphoid_m, dtype=np.float64), sternum_m, abdomen_m)


def moved_m(before: BodyLandmarks, after: BodyLandmarks) -> float:
    """Largest displacement of a landmark [m]."""
    shifts = (after.notch_m - before.notch_m, after.xiphoid_m - before.xiphoid_m, after.navel_m - before.navel_m)
    return max(float(np.linalg.norm(shift)) for shift in shifts)
