"""Gravity torques and mass matrix of an arm at joint positions, in NumPy alone."""

import numpy as np

from echopilot_control.kinematics.chain import ArmKinematics
from echopilot_core import Array

GRAVITY_M_S2 = 9.81


def gravity_n_m(at: ArmKinematics) -> Array:
    """Torques (n,) [N m, of a slide N] that hold the arm still against gravity along -z of base."""
    arm = at.arm
    x, y, _ = (arm.carried_kg @ at.com_m - arm.burden_kg * at.origin_m).T
    torques: Array = GRAVITY_M_S2 * (at.axis[:, 0] * y - at.axis[:, 1] * x)
    if not arm.sliding:
        return torques
    return torques + arm.slides * (GRAVITY_M_S2 * arm.burden_kg[:, 0] * at.axis[:, 2] - torques)


def mass_matrix(at: ArmKinematics) -> Array:
    """Joint-space inertia (n, n) [kg m^2] of the links; rotors of motors, which no URDF holds, are not in it."""
    arm, n = at.arm, len(at.arm.mass_kg)
    moved = np.tri(n, dtype=bool)[:, :, None]  # joint j moves body i for j <= i
    slides = arm.slides[None, :, None] > 0.0
    turning = np.where(moved & ~slides, at.axis[None], 0.0)
    around = np.cross(at.axis[None], at.com_m[:, None] - at.origin_m[None])
    linear = np.where(moved, np.where(slides, at.axis[None], around), 0.0)
    inertia = at.rotation @ arm.inertia_kg_m2 @ at.rotation.transpose(0, 2, 1)
    M: Array = np.einsum("i,iaj,ibj->ab", arm.mass_kg, linear, linear, optimize=False)
    M = M + np.einsum("iaj,ijk,ibk->ab", turning, inertia, turning, optimize=False)
    return M
