"""The arm at joint positions: poses of its bodies, of the probe, and the Jacobian."""

from dataclasses import dataclass
from math import sqrt

import numpy as np

from echopilot_control.kinematics.arm_model import ArmDynamics
from echopilot_core import Array


@dataclass(frozen=True, eq=False)
class ArmKinematics:
    """An arm at joint positions (n,) [rad, of a slide m]: pose (4, 4) of the probe in base, Jacobian (6, n) there.

    Of its bodies in base: rotations (n, 3, 3), joint origins, axes and centers of mass (n, 3).
    """

    arm: ArmDynamics
    position_rad: Array
    T_base_probe: Array
    J: Array
    rotation: Array
    origin_m: Array
    axis: Array
    com_m: Array

    def at(self, position_rad: Array) -> "ArmKinematics":
        """The same arm at other positions (n,); ValueError when their number differs."""
        if position_rad is self.position_rad or np.array_equal(position_rad, self.position_rad):
            return self
        return arm_kinematics(self.arm, position_rad)


def arm_kinematics(arm: ArmDynamics, position_rad: Array) -> ArmKinematics:
    """Forward kinematics at joint positions (n,) [rad, of a slide m]; ValueError when their number differs."""
    n = len(arm.mass_kg)
    if position_rad.shape != (n,):
        raise ValueError(f"{position_rad.size} joint positions do not fit an arm of {n} joints")
    q = position_rad[:, None, None]
    still, even, odd, slide = arm.motions
    T = still + np.cos(q) * even + np.sin(q) * odd  # of each body in the one before
    if arm.sliding:
        T += q * slide
    reach = 1
    while reach < n:  # products of all bodies before, doubling how many: Hillis & Steele 1986
        T[reach:] = T[:-reach] @ T[reach:]
        reach *= 2
    rotation, origin_m = T[:, :3, :3], T[:, :3, 3]
    turned = rotation @ arm.axis_and_com
    axis, com_m = turned[:, :, 0], turned[:, :, 1] + origin_m
    T_base_probe = T[-1] @ arm.T_tip
    J = _jacobian(arm, axis, T_base_probe[:3, 3] - origin_m)
    return ArmKinematics(arm, position_rad, T_base_probe, J, rotation, origin_m, axis, com_m)


def _jacobian(arm: ArmDynamics, axis: Array, lever_m: Array) -> Array:
    (ax, ay, az), (dx, dy, dz) = axis.T, lever_m.T
    J = np.empty((6, len(axis)))
    J[0], J[1], J[2], J[3:] = ay * dz - az * dy, az * dx - ax * dz, ax * dy - ay * dx, axis.T
    if arm.sliding:
        J += arm.slides * (np.concatenate([axis.T, np.zeros_like(axis.T)]) - J)
    return J


def manipulability(J: Array) -> float:
    """sqrt(det(J J^T)) of a geometric Jacobian (6, n) (Yoshikawa 1985); the same for every point of reference."""
    return sqrt(max(float(np.linalg.det(J @ J.T)), 0.0))
