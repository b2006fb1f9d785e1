"""Image plane -> marker by non-linear least squares over all wires: a rigid transform and two pixel sizes."""

from dataclasses import dataclass

import numpy as np
from scipy.optimize import least_squares

from echopilot_core import Array, se3

_SOFT_M = 1e-3  # from this distance on, a point pulls linearly


@dataclass(frozen=True)
class ImagePlane:
    """`T_marker_image` (4, 4) of `us_image` with its origin in pixel (0, 0), and pixel sizes along x and y [m/px]."""

    T_marker_image: Array
    spacing_m: Array  # (2,)

    def probe_pose(self, face_px: Array) -> Array:
        """`T_marker_probe` (4, 4) of the `probe` frame; its origin, the center of the face, is seen at (2,) [px]."""
        face_m = np.append(face_px * self.spacing_m, 0.0)
        T_image_probe = se3.transform(se3.R_PROBE_US_IMAGE.T, face_m)
        return np.asarray(self.T_marker_image @ T_image_probe)


def nearest_plane(M: Array) -> ImagePlane:
    """The rigid plane nearest to a linear map M (3, 3) of (u, v, 1): its axes made orthogonal symmetrically."""
    spacing_m = np.linalg.norm(M[:, :2], axis=0)
    x, y = (M[:, :2] / spacing_m).T
    U, _, Vt = np.linalg.svd(np.column_stack([x, y, np.cross(x, y)]))
    R = U @ Vt
    return ImagePlane(se3.transform(R if np.linalg.det(R) > 0 else -R, M[:, 2]), spacing_m)


def phantom_in_marker(points_phantom_m: Array, T_phantom_marker: Array) -> Array:
    """Points (..., 3) [m] of the phantom seen from the marker in F poses (F, 4, 4): (F, ..., 3) [m]."""
    return np.array([se3.apply(se3.inverse(T), points_phantom_m) for T in T_phantom_marker])


def wire_crossings_m(plane: ImagePlane, ends_marker_m: Array) -> Array:
    """Where wires (..., 2, 3) [m, marker] cut the image plane: (..., 2) [m, from the origin of the image]."""
    front, back = np.moveaxis(se3.apply(se3.inverse(plane.T_marker_image), ends_marker_m), -2, 0)
    share = front[..., 2] / (front[..., 2] - back[..., 2])
    return np.asarray(front[..., :2] + share[..., None] * (back - front)[..., :2])


def in_plane_errors_m(plane: ImagePlane, points_px: Array, ends_marker_m: Array) -> Array:
    """Seen minus expected crossing (..., 2) [m] of every wire, in the image plane (Carbajal et al. 2013)."""
    return points_px * plane.spacing_m - wire_crossings_m(plane, ends_marker_m)


def refine_plane(start: ImagePlane, points_px: Array, ends_marker_m: Array) -> ImagePlane:
    """Minimize the in-plane errors of all wires, points (F, P, 3, 2) [px] and ends (F, P, 3, 2, 3) [m, marker].

    Eight unknowns: a turn and a shift of the start, two pixel sizes. Errors beyond 1 mm count linearly (soft L1).
    """

    def plane(change: Array) -> ImagePlane:
        R = start.T_marker_image[:3, :3] @ se3.so3_exp(change[:3])
        shift_m = start.T_marker_image[:3, 3] + 0.1 * change[3:6]  # in decimeters, so that all unknowns weigh alike
        return ImagePlane(se3.transform(R, shift_m), start.spacing_m * np.exp(change[6:]))

    def errors(change: Array) -> Array:
        return in_plane_errors_m(plane(change), points_px, ends_marker_m).ravel()

    found = least_squares(errors, np.zeros(8), loss="soft_l1", f_scale=_SOFT_M, x_scale=1e-2)
    return plane(found.x)
