"""Center line of a vessel through tracked sections, and how obliquely each section cuts it."""

from dataclasses import dataclass

import numpy as np

from echopilot_core import Array, EchoPilotError, se3

LONG_VESSEL_M = 0.060
MIN_SECTIONS, MIN_SPAN_M = 8, 0.005
MAX_LEAN = 0.9  # of the squared tangent in the image plane: beyond, the section is no section


@dataclass(frozen=True)
class CenterLine:
    """Parabola or line through tracked centroids in `base`: point(u) = sum coefficients[k] * (u / scale)^k.

    `u` [m] is the coordinate along the principal axis of the points. Of low order on purpose: breathing moves the
    vessel by millimeters several times during a sweep, which must not be read as tilt.
    """

    coefficients: Array  # (order + 1, 3)
    origin_m: Array
    axis: Array
    scale_m: float
    start_m: float

    def coordinate(self, points_m: Array) -> Array:
        """Coordinate u [m] of points (N, 3) in `base`."""
        result: Array = (points_m - self.origin_m) @ self.axis
        return result

    def points(self, u_m: Array) -> Array:
        """Points (N, 3) [m] in `base` at coordinates (N,)."""
        result: Array = np.vander(u_m / self.scale_m, len(self.coefficients), increasing=True) @ self.coefficients
        return result

    def tangents(self, u_m: Array) -> Array:
        """Unit tangents (N, 3) at coordinates (N,)."""
        k = np.arange(1, len(self.coefficients))
        powers = np.vander(u_m / self.scale_m, len(k), increasing=True)
        direction = powers @ (k[:, None] * self.coefficients[1:])
        unit: Array = direction / np.linalg.norm(direction, axis=1, keepdims=True)
        return unit

    def arc_length(self, u_m: Array) -> Array:
        """Arc length (N,) [m] from the first section."""
        low, high = min(self.start_m, float(u_m.min())), max(self.start_m, float(u_m.max()))
        grid = np.linspace(low, high + 1e-9, 400)
        length = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(self.points(grid), axis=0), axis=1))])
        result: Array = np.interp(u_m, grid, length) - np.interp(self.start_m, grid, length)
        return result


@dataclass(frozen=True)
class Cuts:
    """How N sections cut a vessel: angle between plane normal and tangent (N,), arc length (N,) [m], and the factors
    (N,) >= 1 by which its AP (image y) and transverse (image x) extents are stretched.
    """

    obliquity_rad: Array
    arc_m: Array
    ap_stretch: Array
    transverse_stretch: Array


def fit_center_line(points_m: Array) -> CenterLine | None:
    """Robust (Tukey) polynomial through points (N, 3) in the order of acquisition; None below 8 points or 5 mm."""
    if len(points_m) < MIN_SECTIONS:
        return None
    origin = np.median(points_m, axis=0)
    _, _, axes = np.linalg.svd(points_m - origin, full_matrices=False)
    axis = axes[0]
    u = (points_m - origin) @ axis
    tail = max(len(u) // 10, 1)
    if np.median(u[-tail:]) < np.median(u[:tail]):
        axis, u = -axis, -u
    span = float(u.max() - u.min())
    if span < MIN_SPAN_M:
        return None
    order = 2 if span > LONG_VESSEL_M else 1
    scale = span / 2.0
    basis = np.vander(u / scale, order + 1, increasing=True)
    weights = np.ones(len(u))
    coefficients = np.zeros((order + 1, 3))
    for _ in range(10):
        root = np.sqrt(weights)[:, None]
        coefficients = np.linalg.lstsq(basis * root, points_m * root, rcond=None)[0]
        residual = np.linalg.norm(points_m - basis @ coefficients, axis=1)
        cut = max(4.685 * 1.4826 * float(np.median(residual)), 1e-4)
        weights = np.maximum(1.0 - (residual / cut) ** 2, 0.0) ** 2
    return CenterLine(coefficients, origin, axis, scale, float(u[weights > 0.0].min()))


def image_poses(T_base_probe: Array) -> Array:
    """Poses of us_image (N, 4, 4) in `base` from those of the probe; both have their origin on the face."""
    return np.asarray(T_base_probe @ se3.T_PROBE_US_IMAGE)


def cuts_of(T_base_image: Array, centers_m: Array) -> Cuts | None:
    """Cuts of sections with poses (N, 4, 4) and vessel centers (N, 2) [m] in us_image, in the order of acquisition.

    None where no center line can be fitted (`fit_center_line`). A plane cuts a cylinder with tangent t (in us_image)
    in an ellipse: its extent along y is the diameter times sqrt(1 - t_x^2) / |t_z|, along x times
    sqrt(1 - t_y^2) / |t_z|; for pure elevation tilt the first is 1 / cos and the second 1. Raises EchoPilotError
    for shapes that do not match.
    """
    n = len(centers_m)
    if T_base_image.shape != (n, 4, 4) or centers_m.shape != (n, 2):
        raise EchoPilotError(
            f"sections need poses (N, 4, 4) and centers (N, 2), got {T_base_image.shape} and {centers_m.shape}"
        )
    points = np.einsum("nij,nj->ni", T_base_image[:, :3, :2], centers_m) + T_base_image[:, :3, 3]
    line = fit_center_line(points)
    if line is None:
        return None
    u = line.coordinate(points)
    tangents = np.einsum("nij,ni->nj", T_base_image[:, :3, :3], line.tangents(u))
    facing = np.maximum(np.abs(tangents[:, 2]), 1e-6)
    ap, transverse = (np.sqrt(1.0 - np.minimum(tangents[:, i] ** 2, MAX_LEAN)) / facing for i in (0, 1))
    return Cuts(np.arccos(np.clip(facing, 0.0, 1.0)), line.arc_length(u), ap, transverse)
