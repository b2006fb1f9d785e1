"""Rigid motions as 4x4 float64 matrices `T_a_b` (maps b coordinates into a).

Twists are 6-vectors (v [m/s], w [rad/s]). Formulas: Lynch & Park, Modern Robotics (2017), ch. 3.
"""

from math import isfinite, sqrt

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]  # any shape; docstrings give it

_SMALL_ANGLE_RAD = 1e-8
_EYE_3, _EYE_4 = np.eye(3), np.eye(4)

R_PROBE_US_IMAGE: Array = np.array([[1.0, 0.0, 0.0], [0.0, 0.0, -1.0], [0.0, 1.0, 0.0]])
"""Columns are the us_image axes (x right, y down, z = x cross y) seen from the probe."""


def transform(rotation: Array, translation_m: Array) -> Array:
    """Assemble `T` (4, 4) from a rotation (3, 3) and a translation (3,) [m]."""
    T = _EYE_4.copy()
    T[:3, :3] = rotation
    T[:3, 3] = translation_m
    return T


T_PROBE_US_IMAGE: Array = transform(R_PROBE_US_IMAGE, np.zeros(3))
"""Both frames have their origin at the center of the transducer face."""


def inverse(T: Array) -> Array:
    """Inverse of a rigid motion, without a matrix solve."""
    R = T[:3, :3]
    return transform(R.T, -R.T @ T[:3, 3])


def apply(T_a_b: Array, points_b: Array) -> Array:
    """Map points (..., 3) [m] from b to a."""
    mapped: Array = points_b @ T_a_b[:3, :3].T + T_a_b[:3, 3]
    return mapped


def _length(vector: Array) -> float:
    """Euclidean norm, to the bit that of `np.linalg.norm` and several times as fast on few numbers."""
    return sqrt(vector.dot(vector))


def hat(w: Array) -> Array:
    """Skew matrix of a 3-vector: hat(w) @ x = w cross x."""
    return np.array([[0.0, -w[2], w[1]], [w[2], 0.0, -w[0]], [-w[1], w[0], 0.0]])


def so3_exp(w_rad: Array) -> Array:
    """Rotation matrix of a rotation vector (3,) [rad] (Rodrigues, MR eq. 3.51)."""
    angle = _length(w_rad)
    if angle < _SMALL_ANGLE_RAD:
        return _EYE_3 + hat(w_rad)
    K = hat(w_rad / angle)
    R: Array = _EYE_3 + np.sin(angle) * K + (1.0 - np.cos(angle)) * (K @ K)
    return R


def so3_log(R: Array) -> Array:
    """Rotation vector (3,) [rad] of a rotation matrix, stable at 0 and at pi."""
    q = quaternion(R)
    vector_norm = _length(q[:3])
    scale = 2.0 if vector_norm < _SMALL_ANGLE_RAD else 2.0 * np.arctan2(vector_norm, q[3]) / vector_norm
    w_rad: Array = scale * q[:3]
    return w_rad


def exp(twist: Array) -> Array:
    """Exponential of a twist (v, w) times unit time (MR eq. 3.88)."""
    v, w = twist[:3], twist[3:]
    angle = _length(w)
    W = hat(w)
    if angle < _SMALL_ANGLE_RAD:
        V = _EYE_3 + 0.5 * W
    else:
        a2 = angle * angle
        V = _EYE_3 + (1.0 - np.cos(angle)) / a2 * W + (angle - np.sin(angle)) / (a2 * angle) * (W @ W)
    return transform(so3_exp(w), V @ v)


def log(T: Array) -> Array:
    """Twist (v, w) whose exponential is `T`; inverse of `exp` for angles below pi."""
    w = so3_log(T[:3, :3])
    angle = _length(w)
    W = hat(w)
    if angle < _SMALL_ANGLE_RAD:
        V_inverse = _EYE_3 - 0.5 * W
    else:
        half = 0.5 * angle
        V_inverse = _EYE_3 - 0.5 * W + (1.0 - half / np.tan(half)) / (angle * angle) * (W @ W)
    return np.concatenate([V_inverse @ T[:3, 3], w])


def between(T_from: Array, T_to: Array, share: float) -> Array:
    """The pose at a share 0..1 of the screw motion from `T_from` to `T_to`."""
    T: Array = T_from @ exp(share * log(inverse(T_from) @ T_to))
    return T


def angle_between(R_a: Array, R_b: Array) -> float:
    """Geodesic angle [rad] between two rotations."""
    return _length(so3_log(R_a.T @ R_b))


def quaternion(R: Array) -> Array:
    """Unit quaternion (x, y, z, w), w >= 0, of a rotation matrix (Shepperd 1978: largest pivot)."""
    m = R
    candidates = np.array([m[0, 0], m[1, 1], m[2, 2], m[0, 0] + m[1, 1] + m[2, 2]])
    pivot = int(np.argmax(candidates))
    q = np.empty(4)
    if pivot == 3:
        q[3] = 1.0 + candidates[3]
        q[:3] = m[2, 1] - m[1, 2], m[0, 2] - m[2, 0], m[1, 0] - m[0, 1]
    else:
        i, j, k = pivot, (pivot + 1) % 3, (pivot + 2) % 3
        q[i] = 1.0 - candidates[3] + 2.0 * m[i, i]
        q[j] = m[j, i] + m[i, j]
        q[k] = m[k, i] + m[i, k]
        q[3] = m[k, j] - m[j, k]
    q /= _length(q)
    return q if q[3] >= 0.0 else -q


def from_quaternion(q_xyzw: Array) -> Array:
    """Rotation matrix of a quaternion (x, y, z, w); raises ValueError unless its norm is 1 within 1e-3."""
    q = np.asarray(q_xyzw, dtype=np.float64)
    norm = _length(q)
    if not abs(norm - 1.0) < 1e-3:
        raise ValueError(f"quaternion has norm {norm}, expected 1")
    x, y, z, w = q / norm
    return np.array(
        [
            [1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
            [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
            [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)],
        ]
    )


def as_transmitted(T: Array) -> Array:
    """A rigid motion as the receiver of its Pose message computes it; all NaN when any number is not finite."""
    if not bool(np.isfinite(T).all()):
        return np.full((4, 4), np.nan)
    return transform(from_quaternion(quaternion(T[:3, :3])), T[:3, 3])


def look_along(z_axis: Array, x_hint: Array) -> Array:
    """Rotation whose z column is `z_axis` and whose x column is `x_hint` made orthogonal to it.

    Raises ValueError when the two are parallel.
    """
    z = z_axis / np.linalg.norm(z_axis)
    x = x_hint - (x_hint @ z) * z
    norm = float(np.linalg.norm(x))
    if norm < 1e-9:
        raise ValueError("x_hint is parallel to z_axis")
    x = x / norm
    y = np.array([z[1] * x[2] - z[2] * x[1], z[2] * x[0] - z[0] * x[2], z[0] * x[1] - z[1] * x[0]])  # z × x
    return np.column_stack([x, y, z])


def is_rigid(T: Array, tolerance: float = 1e-6) -> bool:
    """True for a finite 4x4 matrix with an orthonormal right-handed rotation and the last row 0 0 0 1."""
    if T.shape != (4, 4):
        return False
    (a, b, c, x), (d, e, f, y), (g, h, i, z), (p, q, r, s) = T.tolist()  # plain numbers: ten times faster than arrays
    off = (
        a * a + d * d + g * g - 1.0,
        b * b + e * e + h * h - 1.0,
        c * c + f * f + i * i - 1.0,
        a * b + d * e + g * h,
        a * c + d * f + g * i,
        b * c + e * f + h * i,
        p,
        q,
        r,
        s - 1.0,
    )
    right_handed = a * (e * i - f * h) - b * (d * i - f * g) + c * (d * h - e * g) > 0.0
    return right_handed and all([abs(v) < tolerance for v in off]) and all(map(isfinite, (x, y, z)))


def nearest_tilt(R_wanted: Array, inward: Array, limit_rad: float) -> Array:
    """Rotation closest to `R_wanted` whose z is at most `limit_rad` from `inward` (3,), turned about a common axis."""
    z = R_wanted[:, 2]
    angle = float(np.arccos(np.clip(z @ inward, -1.0, 1.0)))
    if angle <= limit_rad:
        return R_wanted
    axis = hat(z) @ inward
    norm = float(np.linalg.norm(axis))
    if norm < 1e-6:
        return R_wanted
    turned: Array = so3_exp(axis / norm * (angle - limit_rad)) @ R_wanted
    return turned


def shift_about_point(T: Array, step_m: Array, depth_m: float) -> Array:
    """A pose (4, 4) moved by a step (3,) [m] and turned, so that the point at `depth_m` on its z axis stays there."""
    R = T[:3, :3]
    aim = depth_m * R[:, 2] - step_m
    aim = aim / float(np.linalg.norm(aim))
    axis = np.cross(R[:, 2], aim)
    sine = float(np.linalg.norm(axis))
    turn = np.eye(3) if sine < 1e-9 else so3_exp(axis / sine * np.arctan2(sine, float(R[:, 2] @ aim)))
    return transform(turn @ R, T[:3, 3] + step_m)
