"""A gantry with a wrist as the arm of toy worlds: joints for every pose, and the description that fits them."""

from math import asin, atan2

import numpy as np

from echopilot_control.kinematics.arm_model import read_arm
from echopilot_control.kinematics.chain import ArmKinematics, arm_kinematics
from echopilot_control.kinematics.dynamics import gravity_n_m
from echopilot_control.kinematics.joint_limits import joint_limits_rad

_JOINTS = (
    ("prismatic", "1 0 0", 5.0), ("prismatic", "0 1 0", 5.0), ("prismatic", "0 0 1", 5.0),
    ("revolute", "0 0 1", 7.0), ("revolute", "0 1 0", 1.6), ("revolute", "1 0 0", 7.0),
)  # fmt: skip


def _joint(k: int, kind: str, axis: str, limit: float) -> str:
    parent, child = "base" if k == 0 else f"link{k}", "probe" if k == 5 else f"link{k + 1}"
    return (
        f'<joint name="joint{k + 1}" type="{kind}"><parent link="{parent}"/><child link="{child}"/><axis xyz="{axis}"/>'
        f'<limit lower="{-limit}" upper="{limit}" velocity="2.0" effort="100"/></joint>'
        f'<link name="{child}"><inertial><mass value="1.0"/></inertial></link>'
    )


URDF = f'<robot name="gantry">{"".join(_joint(k, *j) for k, j in enumerate(_JOINTS))}</robot>'
ARM, LIMITS_RAD = read_arm(URDF), joint_limits_rad(URDF)


def angles(T_base_probe: np.ndarray, near: np.ndarray | None = None) -> np.ndarray:
    """Joint positions (6,) of a pose; without jumps of a whole turn from those of `near`."""
    R = T_base_probe[:3, :3]
    wrist = np.array([atan2(R[1, 0], R[0, 0]), -asin(np.clip(R[2, 0], -1.0, 1.0)), atan2(R[2, 1], R[2, 2])])
    if near is not None:
        wrist += 2.0 * np.pi * np.round((near[3:] - wrist) / (2.0 * np.pi))
    return np.concatenate([T_base_probe[:3, 3], wrist])


def joints(
    T_base_probe: np.ndarray, twist: np.ndarray, near: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray, ArmKinematics]:
    """Positions (6,), velocities (6,) and kinematics of the gantry at a pose that moves with a twist (6,)."""
    q = angles(T_base_probe, near)
    kinematics = arm_kinematics(ARM, q)
    return q, np.linalg.lstsq(kinematics.J, twist, rcond=None)[0], kinematics


def efforts(at: ArmKinematics, rotation: np.ndarray, wrench: np.ndarray) -> np.ndarray:
    """Efforts (6,) of the gantry at rest that hold its weight and a wrench (6,) in probe at `rotation` (3, 3)."""
    outside = np.concatenate([rotation @ wrench[:3], rotation @ wrench[3:]])
    return gravity_n_m(at) - at.J.T @ outside
