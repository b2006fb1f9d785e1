"""Poses of the arm's links for /tf, by MuJoCo kinematics on the same URDF."""

import mujoco
import numpy as np
from numpy.typing import NDArray

from echopilot_core import se3
from echopilot_sim.arm.arm_models import ArmModel
from echopilot_sim.arm.mujoco_arm import arm_spec


class LinkPoses:
    """Transforms parent to child of every link of the description, `world` to `base` first."""

    def __init__(self, kind: ArmModel) -> None:
        self._model = arm_spec(kind).compile()
        self._data = mujoco.MjData(self._model)

    def transforms(self, joint_position_rad: NDArray[np.float64]) -> list[tuple[str, str, NDArray[np.float64]]]:
        """(parent, child, T_parent_child [m]) for joint angles (n,) [rad]."""
        model, data = self._model, self._data
        data.qpos[:] = joint_position_rad
        mujoco.mj_kinematics(model, data)
        poses = [se3.transform(data.xmat[i].reshape(3, 3), data.xpos[i]) for i in range(model.nbody)]
        out = []
        for child in range(1, model.nbody):
            parent = int(model.body_parentid[child])
            out.append((model.body(parent).name, model.body(child).name, se3.inverse(poses[parent]) @ poses[child]))
        return out
