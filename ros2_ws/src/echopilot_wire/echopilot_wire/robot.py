"""RobotState, and its parts under their CRTK and standard names."""

import numpy as np

from echopilot_core import Array, RobotMode, RobotState
from echopilot_wire.basic import (
    from_doubles,
    from_pose,
    from_twist,
    from_wrench,
    stamp_of,
    to_doubles,
    to_header,
    to_pose,
    to_quaternion,
    to_twist,
    to_vector,
    to_wrench,
)
from echopilot_wire.store import Message, echopilot_msgs, geometry_msgs, sensor_msgs, tf2_msgs

_NONE = np.zeros(0)


def to_robot_state(s: RobotState) -> Message:
    """Robot state to its message."""
    header = to_header(s.stamp_ns, "base")
    return echopilot_msgs.RobotState(
        header=header,
        sequence=s.tick,
        measured_cp=to_pose(s.T_base_probe),
        measured_cv=to_twist(s.twist),
        measured_cf=to_wrench(s.wrench),
        measured_js=_joints(s, header),
        mode=s.mode,
        lockstep=[echopilot_msgs.Lockstep(s.due_frame_sequence)] if s.due_frame_sequence >= 0 else [],
    )


def from_robot_state(m: Message) -> RobotState:
    """Message to robot state; ValueError for an unknown mode or a quaternion that is not a unit one."""
    joints = m.measured_js
    return RobotState(
        stamp_ns=stamp_of(m),
        tick=m.sequence,
        T_base_probe=from_pose(m.measured_cp),
        twist=from_twist(m.measured_cv),
        wrench=from_wrench(m.measured_cf),
        joint_position_rad=from_doubles(joints.position),
        joint_velocity_rad_s=from_doubles(joints.velocity),
        mode=RobotMode(m.mode),
        due_frame_sequence=m.lockstep[0].due_frame_sequence if m.lockstep else -1,
        joint_names=tuple(joints.name),
        joint_effort_n_m=from_doubles(joints.effort) if len(joints.effort) else None,
    )


def as_on_the_wire(s: RobotState) -> RobotState:
    """The state as every receiver of its message has it: the pose is rounded on its way through a quaternion."""
    return from_robot_state(to_robot_state(s))


def to_measured_cp(s: RobotState) -> Message:
    """PoseStamped: pose of the probe in `base`."""
    return geometry_msgs.PoseStamped(to_header(s.stamp_ns, "base"), to_pose(s.T_base_probe))


def to_measured_cf(stamp_ns: int, wrench: Array) -> Message:
    """WrenchStamped: wrench (6,) [N, N m] in `probe`."""
    return geometry_msgs.WrenchStamped(to_header(stamp_ns, "probe"), to_wrench(wrench))


def to_measured_cv(s: RobotState) -> Message:
    """TwistStamped: twist of the probe in `base`, at its origin."""
    return geometry_msgs.TwistStamped(to_header(s.stamp_ns, "base"), to_twist(s.twist))


def to_jog(stamp_ns: int, twist: Array) -> Message:
    """TwistStamped: twist (6,) [m/s, rad/s] that an operator wants, in `probe` at its origin."""
    return geometry_msgs.TwistStamped(to_header(stamp_ns, "probe"), to_twist(twist))


def to_joint_state(s: RobotState) -> Message:
    """JointState for robot_state_publisher and RViz."""
    return _joints(s, to_header(s.stamp_ns, ""))


def from_joint_state(m: Message) -> tuple[tuple[str, ...], Array, Array, Array | None]:
    """Names (n), positions (n,), velocities (n,) and efforts (n,) of a JointState; efforts are None where left out.

    ValueError where positions or velocities are not one for each name.
    """
    names, position, velocity = tuple(m.name), from_doubles(m.position), from_doubles(m.velocity)
    effort = from_doubles(m.effort) if len(m.effort) else None
    if not len(names) == position.size == velocity.size or (effort is not None and effort.size != len(names)):
        raise ValueError(
            f"{len(names)} joints with {position.size} positions and {velocity.size} velocities; one of each is "
            "expected for every joint"
        )
    return names, position, velocity, effort


def from_measured_cf(m: Message) -> Array:
    """Wrench (6,) [N, N m] of a WrenchStamped."""
    return from_wrench(m.wrench)


def to_transforms(stamp_ns: int, transforms: list[tuple[str, str, Array]]) -> Message:
    """TFMessage of rigid motions (parent, child, T_parent_child (4, 4) [m])."""
    return tf2_msgs.TFMessage(
        [
            geometry_msgs.TransformStamped(
                to_header(stamp_ns, parent),
                child,
                geometry_msgs.Transform(to_vector(T[:3, 3]), to_quaternion(T[:3, :3])),
            )
            for parent, child, T in transforms
        ]
    )


def _joints(s: RobotState, header: Message) -> Message:
    return sensor_msgs.JointState(
        header,
        list(s.joint_names),
        to_doubles(s.joint_position_rad),
        to_doubles(s.joint_velocity_rad_s),
        _NONE if s.joint_effort_n_m is None else to_doubles(s.joint_effort_n_m),
    )
