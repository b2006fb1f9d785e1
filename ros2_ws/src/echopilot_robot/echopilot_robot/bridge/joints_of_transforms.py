"""Joints of an arm whose driver publishes tf alone: angles of its transforms, velocities of their differences."""

from collections.abc import Iterable
from dataclasses import dataclass
from math import atan2, pi
from typing import Any

import numpy as np

from echopilot_control.kinematics.urdf import FIXED, SLIDING, Joint, read_joints
from echopilot_core import Array, se3
from echopilot_core.timing import NS_PER_S

LONGEST_S = 0.1  # between two sets of transforms of which velocities are made


@dataclass(frozen=True, eq=False)
class JointsAt:
    """Joints of one instant: positions (n,) [rad], velocities (n,) [rad/s]."""

    stamp_ns: int
    position_rad: Array
    velocity_rad_s: Array


class JointsOfTransforms:
    """Collects the transforms of one stamp, until every moving joint's is there."""

    def __init__(self, urdf: str) -> None:
        """ValueError for a description that is not of one chain from `base` to `probe`."""
        chain = read_joints(urdf)[1]
        self._joints = {joint.child: (i, joint) for i, joint in enumerate(j for j in chain if j.kind != FIXED)}
        self._stamp_ns = -1
        self._found: dict[int, float] = {}
        self._last: JointsAt | None = None

    def take(self, transforms: Iterable[Any]) -> list[JointsAt]:
        """The joints that a message's transforms complete, in order; those of other links are left out.

        `transforms` have the fields of geometry_msgs/TransformStamped.
        """
        complete = []
        for transform in transforms:
            place = self._joints.get(transform.child_frame_id.rpartition("/")[2])
            if place is None:
                continue
            stamp_ns = transform.header.stamp.sec * NS_PER_S + transform.header.stamp.nanosec
            if stamp_ns != self._stamp_ns:
                self._stamp_ns, self._found = stamp_ns, {}
            index, joint = place
            self._found[index] = _position(joint, transform.transform)
            if len(self._found) == len(self._joints):
                complete.append(self._joints_at(stamp_ns))
                self._found = {}
        return complete

    def _joints_at(self, stamp_ns: int) -> JointsAt:
        position = np.array([self._found[i] for i in range(len(self._joints))])
        velocity, last = np.zeros_like(position), self._last
        if last is not None:
            passed_s = (stamp_ns - last.stamp_ns) * 1e-9
            turned = position - last.position_rad
            turned -= 2.0 * pi * np.round(turned / (2.0 * pi)) * self._turns
            position = last.position_rad + turned
            if 0.0 < passed_s <= LONGEST_S:
                velocity = turned / passed_s
        self._last = JointsAt(stamp_ns, position, velocity)
        return self._last

    @property
    def _turns(self) -> Array:
        return np.array([float(joint.kind != SLIDING) for _, joint in self._joints.values()])


def _position(joint: Joint, transform: Any) -> float:
    """Position [rad, m] of a joint whose parent-to-child transform is given."""
    turn, move = transform.rotation, transform.translation
    T = se3.transform(
        se3.from_quaternion(np.array([turn.x, turn.y, turn.z, turn.w])), np.array([move.x, move.y, move.z])
    )
    moved = se3.inverse(joint.T_parent_joint) @ T
    if joint.kind == SLIDING:
        return float(moved[:3, 3] @ joint.axis)
    R = moved[:3, :3]
    across = np.array([R[2, 1] - R[1, 2], R[0, 2] - R[2, 0], R[1, 0] - R[0, 1]])
    return atan2(float(across @ joint.axis), float(np.trace(R)) - 1.0)
