"""ControlGoal, ControlStatus, ProbeCommand, safe twists and SafetyState."""

import numpy as np

from echopilot_core import (
    ControlGoal,
    ControlPhase,
    ControlStatus,
    GoalKind,
    Outcome,
    ProbeCommand,
    SafeTwist,
    SafetyMode,
    SafetyState,
    View,
)
from echopilot_wire.basic import (
    from_duration,
    from_pose,
    from_twist,
    stamp_of,
    to_duration,
    to_header,
    to_pose,
    to_twist,
)
from echopilot_wire.store import Message, echopilot_msgs, geometry_msgs


def to_goal(g: ControlGoal) -> Message:
    """Goal to its message."""
    return echopilot_msgs.ControlGoal(
        goal_id=g.goal_id,
        kind=g.kind,
        view=g.view,
        force_setpoint=g.force_setpoint_n,
        preset=g.preset,
        timeout=g.timeout_s,
        speed=g.speed_m_s,
        has_start=g.T_base_start is not None,
        start=to_pose(np.eye(4) if g.T_base_start is None else g.T_base_start),
        sweep_length=g.sweep_m,
    )


def from_goal(m: Message) -> ControlGoal:
    """Message to goal; ValueError for an unknown kind or view, or a start whose quaternion is not a unit one."""
    return ControlGoal(
        goal_id=m.goal_id,
        kind=GoalKind(m.kind),
        view=View(m.view),
        force_setpoint_n=m.force_setpoint,
        preset=m.preset,
        timeout_s=m.timeout,
        speed_m_s=m.speed,
        T_base_start=from_pose(m.start) if m.has_start else None,
        sweep_m=m.sweep_length,
    )


def to_status(s: ControlStatus) -> Message:
    """The controller's state to its message."""
    return echopilot_msgs.ControlStatus(
        header=to_header(s.stamp_ns, "base"),
        tick=s.tick,
        goal_id=s.goal_id,
        kind=s.kind,
        phase=s.phase,
        outcome=s.outcome,
        detail=s.detail,
        progress=s.progress,
        force_setpoint=s.force_setpoint_n,
        contact_force=s.contact_force_n,
        station=s.station_m,
        view_score=s.view_score,
        frame_sequence=s.frame_sequence,
        frame_age=s.frame_age_s,
    )


def from_status(m: Message) -> ControlStatus:
    """Message to the controller's state; ValueError for an unknown enum."""
    return ControlStatus(
        stamp_ns=stamp_of(m),
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


def to_command(c: ProbeCommand) -> Message:
    """Command to its message."""
    return echopilot_msgs.ProbeCommand(
        header=to_header(c.stamp_ns, "base"),
        sequence=c.sequence,
        twist=to_twist(c.twist),
        force_setpoint=c.force_setpoint_n,
        frame_sequence=c.frame_sequence,
        valid_for=to_duration(c.valid_for_ns),
    )


def from_command(m: Message) -> ProbeCommand:
    """Message to command; finiteness is for safety to judge."""
    return ProbeCommand(
        stamp_ns=stamp_of(m),
        sequence=m.sequence,
        twist=from_twist(m.twist),
        force_setpoint_n=m.force_setpoint,
        frame_sequence=m.frame_sequence,
        valid_for_ns=from_duration(m.valid_for),
    )


def to_safe_twist(t: SafeTwist) -> Message:
    """Safe twist to the plain TwistStamped that the robot takes."""
    return geometry_msgs.TwistStamped(to_header(t.stamp_ns, "base"), to_twist(t.twist))


def from_safe_twist(m: Message) -> SafeTwist:
    """TwistStamped to safe twist."""
    return SafeTwist(stamp_of(m), from_twist(m.twist))


def to_safety_state(s: SafetyState) -> Message:
    """Safety state to its message."""
    return echopilot_msgs.SafetyState(
        header=to_header(s.stamp_ns, "base"),
        mode=s.mode,
        reasons=list(s.reasons),
        soft_cap=s.soft_cap_n,
        trip_force=s.trip_force_n,
        frame_sequence=s.frame_sequence,
    )


def from_safety_state(m: Message) -> SafetyState:
    """Message to safety state; ValueError for an unknown mode."""
    return SafetyState(
        stamp_ns=stamp_of(m),
        mode=SafetyMode(m.mode),
        reasons=tuple(m.reasons),
        soft_cap_n=m.soft_cap,
        trip_force_n=m.trip_force,
        frame_sequence=m.frame_sequence,
    )
