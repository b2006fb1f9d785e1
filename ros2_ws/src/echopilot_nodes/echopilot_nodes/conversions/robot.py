"""RobotState, ProbeCommand, safe twists, ControlGoal, ControlStatus and SafetyState."""

import numpy as np
from echopilot_msgs.msg import ControlGoal as ControlGoalMsg
from echopilot_msgs.msg import ControlStatus as ControlStatusMsg
from echopilot_msgs.msg import ProbeCommand as ProbeCommandMsg
from echopilot_msgs.msg import RobotState as RobotStateMsg
from echopilot_msgs.msg import SafetyState as SafetyStateMsg
from geometry_msgs.msg import PoseStamped, TransformStamped, TwistStamped, WrenchStamped
from numpy.typing import NDArray
from sensor_msgs.msg import JointState

from echopilot_core import (
    ControlGoal,
    ControlPhase,
    ControlStatus,
    GoalKind,
    Outcome,
    ProbeCommand,
    RobotMode,
    RobotState,
    SafeTwist,
    SafetyMode,
    SafetyState,
    View,
)
from echopilot_nodes.conversions.basic import (
    from_doubles,
    from_duration,
    from_pose,
    from_time,
    from_twist,
    from_wrench,
    to_doubles,
    to_duration,
    to_header,
    to_pose,
    to_quaternion,
    to_twist,
    to_vector,
    to_wrench,
)


def to_robot_state(s: RobotState) -> RobotStateMsg:
    """Robot state to its message."""
    return RobotStateMsg(
        header=to_header(s.stamp_ns, "base"),
        tick=s.tick,
        pose=to_pose(s.T_base_probe),
        twist=to_twist(s.twist),
        wrench=to_wrench(s.wrench),
        joint_position=to_doubles(s.joint_position_rad),
        joint_velocity=to_doubles(s.joint_velocity_rad_s),
        mode=int(s.mode),
        due_frame_sequence=s.due_frame_sequence,
    )


def from_robot_state(m: RobotStateMsg) -> RobotState:
    """Message to robot state; ValueError for an unknown mode or a quaternion that is not a unit one."""
    return RobotState(
        stamp_ns=from_time(m.header.stamp),
        tick=m.tick,
        T_base_probe=from_pose(m.pose),
        twist=from_twist(m.twist),
        wrench=from_wrench(m.wrench),
        joint_position_rad=from_doubles(m.joint_position),
        joint_velocity_rad_s=from_doubles(m.joint_velocity),
        mode=RobotMode(m.mode),
        due_frame_sequence=m.due_frame_sequence,
    )


def to_measured_cp(s: RobotState) -> PoseStamped:
    """Pose of the probe in `base` under its CRTK name."""
    return PoseStamped(header=to_header(s.stamp_ns, "base"), pose=to_pose(s.T_base_probe))


def to_measured_cf(stamp_ns: int, wrench: NDArray[np.float64]) -> WrenchStamped:
    """Wrench (6,) [N, N m] in `probe` under its CRTK name."""
    return WrenchStamped(header=to_header(stamp_ns, "probe"), wrench=to_wrench(wrench))


def to_joint_state(s: RobotState, names: list[str]) -> JointState:
    """Joints for robot_state_publisher and RViz."""
    return JointState(
        header=to_header(s.stamp_ns, ""),
        name=names,
        position=to_doubles(s.joint_position_rad),
        velocity=to_doubles(s.joint_velocity_rad_s),
    )


def to_transform(stamp_ns: int, parent: str, child: str, T_parent_child: NDArray[np.float64]) -> TransformStamped:
    """Rigid motion (4, 4) [m] to a transform for /tf."""
    message = TransformStamped(header=to_header(stamp_ns, parent), child_frame_id=child)
    message.transform.translation = to_vector(T_parent_child[:3, 3])
    message.transform.rotation = to_quaternion(T_parent_child[:3, :3])
    return message


def to_probe_command(c: ProbeCommand) -> ProbeCommandMsg:
    """Command to its message."""
    return ProbeCommandMsg(
        header=to_header(c.stamp_ns, "base"),
        sequence=c.sequence,
        twist=to_twist(c.twist),
        force_setpoint=float(c.force_setpoint_n),
        frame_sequence=c.frame_sequence,
        valid_for=to_duration(c.valid_for_ns),
    )


def from_probe_command(m: ProbeCommandMsg) -> ProbeCommand:
    """Message to command; finiteness is for safety to judge."""
    return ProbeCommand(
        stamp_ns=from_time(m.header.stamp),
        sequence=m.sequence,
        twist=from_twist(m.twist),
        force_setpoint_n=m.force_setpoint,
        frame_sequence=m.frame_sequence,
        valid_for_ns=from_duration(m.valid_for),
    )


def to_safe_twist(t: SafeTwist) -> TwistStamped:
    """Safe twist to the plain message that the robot takes."""
    return TwistStamped(header=to_header(t.stamp_ns, "base"), twist=to_twist(t.twist))


def from_safe_twist(m: TwistStamped) -> SafeTwist:
    """Message to safe twist."""
    return SafeTwist(from_time(m.header.stamp), from_twist(m.twist))


def to_safety_state(s: SafetyState) -> SafetyStateMsg:
    """Safety state to its message."""
    return SafetyStateMsg(
        header=to_header(s.stamp_ns, "base"),
        mode=int(s.mode),
        reasons=list(s.reasons),
        soft_cap=float(s.soft_cap_n),
        trip_force=float(s.trip_force_n),
        frame_sequence=s.frame_sequence,
    )


def from_safety_state(m: SafetyStateMsg) -> SafetyState:
    """Message to safety state; ValueError for an unknown mode."""
    return SafetyState(
        stamp_ns=from_time(m.header.stamp),
        mode=SafetyMode(m.mode),
        reasons=tuple(m.reasons),
        soft_cap_n=m.soft_cap,
        trip_force_n=m.trip_force,
        frame_sequence=m.frame_sequence,
    )


def to_goal(g: ControlGoal) -> ControlGoalMsg:
    """Goal to its message."""
    return ControlGoalMsg(
        goal_id=g.goal_id,
        kind=int(g.kind),
        view=int(g.view),
        force_setpoint=float(g.force_setpoint_n),
        preset=g.preset,
        timeout=float(g.timeout_s),
        speed=float(g.speed_m_s),
    )


def from_goal(m: ControlGoalMsg) -> ControlGoal:
    """Message to goal; ValueError for an unknown kind or view."""
    return ControlGoal(
        goal_id=m.goal_id,
        kind=GoalKind(m.kind),
        view=View(m.view),
        force_setpoint_n=m.force_setpoint,
        preset=m.preset,
        timeout_s=m.timeout,
        speed_m_s=m.speed,
    )


def to_status(s: ControlStatus) -> ControlStatusMsg:
    """Controller's state to its message."""
    return ControlStatusMsg(
        header=to_header(s.stamp_ns, "base"),
        tick=s.tick,
        goal_id=s.goal_id,
        kind=int(s.kind),
        phase=int(s.phase),
        outcome=int(s.outcome),
        detail=s.detail,
        progress=float(s.progress),
        force_setpoint=float(s.force_setpoint_n),
        contact_force=float(s.contact_force_n),
        station=float(s.station_m),
        view_score=float(s.view_score),
        frame_sequence=s.frame_sequence,
        frame_age=float(s.frame_age_s),
    )


def from_status(m: ControlStatusMsg) -> ControlStatus:
    """Message to the controller's state; ValueError for an unknown enum."""
    return ControlStatus(
        stamp_ns=from_time(m.header.stamp),
        tick=m.tick,
        goal_id=m.goal_id,
        kind=GoalKind(m.kind),
        phase=ControlPhase(m.phase),
        outcome=Outcome(m.outcome),
        detail=m.detail,
        progress=m.progress,
        force_setpoint_n=m.force_setpoint,
        contact_force_n=m.contact_force,
        station_m=m.station,
        view_score=m.view_score,
        frame_sequence=m.frame_sequence,
        frame_age_s=m.frame_age,
    )
