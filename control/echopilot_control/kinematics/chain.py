"""The arm at joint positions: poses of its bodies, of the probe, and the Jacobian."""

from dataclasses import dataclass

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
    cos, sin = np.cos(position_rad)[:, None, None], np.sin(position_rad)[:, None, None]
    turns = arm.still + cos * arm.even + sin * arm.odd
    offset_m = arm.offset_m + position_rad[:, None] * arm.slide
    rotation, origin_m = np.empty((n, 3, 3)), np.empty((n, 3))
    R, o = turns[0], offset_m[0]
    rotation[0], origin_m[0] = R, o
    for i in range(1, n):
        o = o + R @ offset_m[i]
        R = R @ turns[i]
        rotation[i], origin_m[i] = R, o
    axis = (rotation @ arm.axis[:, :, None])[:, :, 0]
    com_m = origin_m + (rotation @ arm.com_m[:, :, None])[:, :, 0]
    T = np.eye(4)
    T[:3, :3] = R @ arm.T_tip[:3, :3]
    T[:3, 3] = o + R @ arm.T_tip[:3, 3]
    J = _jacobian(arm, axis, T[:3, 3] - origin_m)
    return ArmKinematics(arm, position_rad, T, J, rotation, origin_m, axis, com_m)


def _jacobian(arm: ArmDynamics, axis: Array, lever_m: Array) -> Array:
    (ax, ay, az), (dx, dy, dz) = axis.T, lever_m.T
    J = np.array([ay * dz - az * dy, az * dx - ax * dz, ax * dy - ay * dx, ax, ay, az])
    if arm.sliding:
        J += arm.slides * (np.concatenate([axis.T, np.zeros_like(axis.T)]) - J)
    return J


def manipulability(J: Array) -> float:
    """sqrt(det(J J^T)) of a geometric Jacobian (6, n) (Yoshikawa 1985); the same for every point of reference."""
    return float(np.sqrt(max(float(np.linalg.det(J @ J.T)), 0.0)))
