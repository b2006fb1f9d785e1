"""N-wire phantoms: known wires in rows of three, whose middle one runs askew between two parallel ones."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from echopilot_core import Array, EchoPilotError

Flags = NDArray[np.bool_]

_PARALLEL_RAD = 0.02
_LEAST_LEAN_M = 2e-3


@dataclass(frozen=True)
class NWirePhantom:
    """Wires in rows of three (left, middle, right): end points (P, 3, 2, 3) [m] in the phantom frame; names (P, 3).

    The outer wires of a row are parallel, so each crossing of a scan plane tells along which part of the middle wire
    it went (Comeau et al. 1998; Carbajal et al. 2013).
    """

    names: tuple[tuple[str, str, str], ...]
    ends_m: Array

    def __post_init__(self) -> None:
        shape = self.ends_m.shape
        if len(shape) != 4 or shape[1:] != (3, 2, 3) or shape[0] < 2 or len(self.names) != shape[0]:
            raise EchoPilotError(f"an N-wire phantom needs 2 or more rows of 3 wires with 2 ends, got {shape}")
        if not np.isfinite(self.ends_m).all():
            raise EchoPilotError("the phantom has a wire end that is not a finite number")
        along = self.ends_m[:, :, 1] - self.ends_m[:, :, 0]
        length = np.linalg.norm(along, axis=-1)
        if not (length > 0.0).all():
            raise EchoPilotError("the phantom has a wire without length")
        along = along / length[..., None]
        for row, name in zip(along, self.names, strict=True):
            if not row[0] @ row[2] > np.cos(_PARALLEL_RAD):
                raise EchoPilotError(
                    f"the outer wires {name[0]} and {name[2]} of a row must be parallel, front to back"
                )
        lean_m = np.abs(np.diff(middle_share(self.ends_m), axis=1)) * self.width_m[:, None]
        if lean_m.min() < _LEAST_LEAN_M:
            raise EchoPilotError("the middle wire of a row must lean from one outer wire towards the other")

    @property
    def width_m(self) -> Array:
        """Distance (P,) [m] between the outer wires of each row."""
        front = self.ends_m[:, :, 0]
        across = front[:, 2] - front[:, 0]
        along = self.ends_m[:, 0, 1] - front[:, 0]
        along = along / np.linalg.norm(along, axis=1, keepdims=True)
        return np.asarray(np.linalg.norm(across - np.sum(across * along, axis=1, keepdims=True) * along, axis=1))

    def middle_points_m(self, points_px: Array) -> Array:
        """Where (F, P, 3) [m, phantom] the plane cut each middle wire, from image points (F, P, 3, 2) [px].

        Similar triangles: the distance of the middle point from the left one, as a share of the distance between the
        outer ones, moves linearly along the middle wire (Comeau et al. 1998).
        """
        left, middle, right = (points_px[:, :, k] for k in range(3))
        across = right - left
        share = np.sum((middle - left) * across, axis=-1) / np.sum(across * across, axis=-1)
        ends = middle_share(self.ends_m)  # (P, 2)
        along = (share - ends[:, 0]) / (ends[:, 1] - ends[:, 0])
        front, back = self.ends_m[:, 1, 0], self.ends_m[:, 1, 1]
        return np.asarray(front + along[..., None] * (back - front))


def middle_share(ends_m: Array) -> Array:
    """Share (P, 2) of the way from left to right wire at which the middle wire is, at its front and back end."""
    left, right = ends_m[:, 0, 0][:, None], ends_m[:, 2, 0][:, None]
    along = ends_m[:, 0, 1] - ends_m[:, 0, 0]
    along = (along / np.linalg.norm(along, axis=1, keepdims=True))[:, None]
    across = right - left
    across = across - np.sum(across * along, axis=-1, keepdims=True) * along
    return np.asarray(np.sum((ends_m[:, 1] - left) * across, axis=-1) / np.sum(across * across, axis=-1))
