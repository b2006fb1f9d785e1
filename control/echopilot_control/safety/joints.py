"""Joints near their limits, an arm near a singular pose: slower, then held; only while they run into it."""

from math import inf, radians

import numpy as np
from numpy.typing import NDArray

from echopilot_core import RobotState

HOLD_RAD, SLOW_RAD = radians(2.0), radians(5.0)
HOLD_SINGULAR, SLOW_SINGULAR = 0.03, 0.06  # sqrt(det(J J^T)); the simulated arm works at 0.08 to 0.25
_STILL_RAD_S = 1e-3
_SLOWEST = 0.1


def joint_share(robot: RobotState, limits_rad: NDArray[np.float64] | None) -> float:
    """Share of the speed that may be commanded: 1 far from limits (n, 2) [rad], 0 where motion has to stop."""
    if limits_rad is None:
        return 1.0
    q, dq = robot.joint_position_rad, robot.joint_velocity_rad_s
    if limits_rad.shape != (q.size, 2) or dq.size != q.size:  # limits of another arm: nothing is known of this one
        return 0.0
    margin_rad = inf
    for angle, speed, (low, high) in zip(q.tolist(), dq.tolist(), limits_rad.tolist(), strict=False):
        if speed < -_STILL_RAD_S:
            margin_rad = min(margin_rad, angle - low)
        elif speed > _STILL_RAD_S:
            margin_rad = min(margin_rad, high - angle)
    if margin_rad < HOLD_RAD:
        return 0.0
    return max(_SLOWEST, min(1.0, (margin_rad - HOLD_RAD) / (SLOW_RAD - HOLD_RAD)))


def singular_share(now: float, before: float) -> float:
    """Share of the speed that may be commanded at a manipulability: 1 far from singular, 1 on the way out."""
    if not now < before:
        return 1.0
    if now < HOLD_SINGULAR:
        return 0.0
    return max(_SLOWEST, min(1.0, (now - HOLD_SINGULAR) / (SLOW_SINGULAR - HOLD_SINGULAR)))
