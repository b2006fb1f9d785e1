"""Transforms between the links of an arm and its joints, both ways, out of its description."""

import numpy as np

from echopilot_control.kinematics.urdf import FIXED, SLIDING, Joint, read_joints
from echopilot_core import Array, se3


class LinkTransforms:
    """Parent to child of every link of a description, for joint positions."""

    def __init__(self, urdf: str) -> None:
        """ValueError for a description that is not of one chain from `base` to `probe`."""
        self._joints, chain = read_joints(urdf)
        moving = [joint for joint in chain if joint.kind != FIXED]
        self._place = {id(joint): i for i, joint in enumerate(moving)}

    def at(self, position_rad: Array) -> list[tuple[str, str, Array]]:
        """(parent, child, T_parent_child (4, 4) [m]) at joint positions (n,)."""
        return [(joint.parent, joint.child, self._transform(joint, position_rad)) for joint in self._joints]

    def _transform(self, joint: Joint, position_rad: Array) -> Array:
        if joint.kind == FIXED:
            return joint.T_parent_joint
        moved = float(position_rad[self._place[id(joint)]])
        T = np.eye(4)
        if joint.kind == SLIDING:
            T[:3, 3] = moved * joint.axis
        else:
            T[:3, :3] = se3.so3_exp(moved * joint.axis)
        return joint.T_parent_joint @ T
