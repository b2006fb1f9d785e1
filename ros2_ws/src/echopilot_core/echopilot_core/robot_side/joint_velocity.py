"""Differential kinematics of an arm of n joints in numba: Jacobian and damped least squares with a posture task.

Damping near singularities after Nakamura & Hanafusa 1986 (J. Dyn. Sys. Meas. Control 108:163).
"""

import numpy as np

from echopilot_core import Array
from echopilot_core.kernels.compiled import njit

DAMPING_MAX = 0.06  # at zero manipulability
MANIPULABILITY_LOW = 0.02  # damping starts below this value of sqrt(det(J J^T))
NEAR_LIMIT_RAD, REPEL_RAD2_S = 0.5, 0.7  # free motion turns away from limits that are nearer
_CLOSEST_RAD = 0.05
LIMIT_HORIZON_S = 0.2  # a joint may approach its limit by no more than the distance left per this time


@njit(cache=True, nogil=True)
def jacobian(anchor_m: Array, axis: Array, point_m: Array, J: Array) -> None:
    """Fill `J` (6, n): twist (v, w) of `point_m` in base per joint velocity; anchors and axes (n, 3) in base."""
    for i in range(axis.shape[0]):
        ax, ay, az = axis[i, 0], axis[i, 1], axis[i, 2]
        dx, dy, dz = point_m[0] - anchor_m[i, 0], point_m[1] - anchor_m[i, 1], point_m[2] - anchor_m[i, 2]
        J[0, i] = ay * dz - az * dy
        J[1, i] = az * dx - ax * dz
        J[2, i] = ax * dy - ay * dx
        J[3, i] = ax
        J[4, i] = ay
        J[5, i] = az


@njit(cache=True, nogil=True)
def _factor(A: Array, damping: float, L: Array) -> float:
    """Fill the lower triangle of L (6, 6) with the Cholesky factor of A + damping^2 I; returns the root of its det."""
    root = 1.0
    for i in range(6):
        for j in range(i + 1):
            s = A[i, j]
            if i == j:
                s += damping * damping
            for k in range(j):
                s -= L[i, k] * L[j, k]
            if i == j:
                L[i, i] = np.sqrt(max(s, 1e-12))
                root *= L[i, i]
            else:
                L[i, j] = s / L[j, j]
    return root


@njit(cache=True, nogil=True)
def _solve(L: Array, b: Array) -> None:
    """Overwrite b (6,) with (L L^T)^-1 b."""
    for i in range(6):
        for k in range(i):
            b[i] -= L[i, k] * b[k]
        b[i] /= L[i, i]
    for i in range(5, -1, -1):
        for k in range(i + 1, 6):
            b[i] -= L[k, i] * b[k]
        b[i] /= L[i, i]


@njit(cache=True, nogil=True)
def _away(margin_rad: float) -> float:
    """Speed [rad/s] with which a joint leaves a limit (potential of Khatib 1986, Int. J. Robotics Research 5:90)."""
    return REPEL_RAD2_S * max(1.0 / max(margin_rad, _CLOSEST_RAD) - 1.0 / NEAR_LIMIT_RAD, 0.0)


@njit(cache=True, nogil=True)
def joint_velocity(
    J: Array,
    twist: Array,
    q_rad: Array,
    posture_rad: Array,
    pull_1_s: Array,
    lower_rad: Array,
    upper_rad: Array,
    speed_rad_s: Array,
    out: Array,
) -> None:
    """Fill `out` (n,) [rad/s] so that J out = twist, with free motion towards the posture and limits respected.

    `pull_1_s` (n,) says how fast each joint would return to the posture if nothing else were asked; near a limit it
    turns away from it too, so that an elbow does not swing into one while the wrist seeks its bend.
    All joints are slowed together when one would exceed its speed; each is stopped on its way to a joint limit.
    """
    n = out.shape[0]
    A, L = np.empty((6, 6)), np.empty((6, 6))
    rest = np.empty(6)
    pull = np.empty(n)
    for i in range(n):
        pull[i] = pull_1_s[i] * (posture_rad[i] - q_rad[i])
        pull[i] += _away(q_rad[i] - lower_rad[i]) - _away(upper_rad[i] - q_rad[i])
    for i in range(6):
        s = twist[i]
        for k in range(n):
            s -= J[i, k] * pull[k]
        rest[i] = s
        for j in range(6):
            t = 0.0
            for k in range(n):
                t += J[i, k] * J[j, k]
            A[i, j] = t
    manipulability = _factor(A, 0.0, L)
    if manipulability < MANIPULABILITY_LOW:
        _factor(A, DAMPING_MAX * (1.0 - manipulability / MANIPULABILITY_LOW), L)
    _solve(L, rest)
    scale = 1.0
    for i in range(n):
        v = pull[i]
        for k in range(6):
            v += J[k, i] * rest[k]
        out[i] = v
        scale = min(scale, speed_rad_s[i] / max(abs(v), speed_rad_s[i]))
    for i in range(n):
        v = out[i] * scale
        v = min(v, max(upper_rad[i] - q_rad[i], 0.0) / LIMIT_HORIZON_S)
        out[i] = max(v, min(lower_rad[i] - q_rad[i], 0.0) / LIMIT_HORIZON_S)
