"""Joints near their limits: slower from 5 degrees on, held from 2 degrees on; only while they run into them."""

from math import radians

import numpy as np
from numpy.typing import NDArray

from echopilot_core import RobotState

HOLD_RAD, SLOW_RAD = radians(2.0), radians(5.0)
_STILL_RAD_S = 1e-3
_SLOWEST = 0.1


def joint_share(robot: RobotState, limits_rad: NDArray[np.float64] | None) -> float:
    """Share of the speed that may be commanded: 1 far from limits (n, 2) [rad], 0 where motion has to stop."""
    if limits_rad is None:
        return 1.0
    q, dq = robot.joint_position_rad, robot.joint_velocity_rad_s
    if limits_rad.shape != (q.size, 2):  # limits of another arm: nothing is known of this one
        return 0.0
    low = np.where(dq < -_STILL_RAD_S, q - limits_rad[:, 0], np.inf)
    high = np.where(dq > _STILL_RAD_S, limits_rad[:, 1] - q, np.inf)
    margin_rad = float(min(low.min(initial=np.inf), high.min(initial=np.inf)))
    if margin_rad < HOLD_RAD:
        return 0.0
    return max(_SLOWEST, min(1.0, (margin_rad - HOLD_RAD) / (SLOW_RAD - HOLD_RAD)))
