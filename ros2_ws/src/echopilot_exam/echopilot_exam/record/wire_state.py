"""States and commands as messages without ROS, like wire_write."""

import numpy as np
from numpy.typing import NDArray

from echopilot_core import ControlGoal, ControlStatus, ProbeCommand, RobotState, SafetyState, se3
from echopilot_exam.record.wire_write import NS_PER_S, Message, doubles_of, header
from echopilot_exam.states import ExamState, StepResult


def robot_message(s: RobotState) -> Message:
    """echopilot_msgs/RobotState."""
    q, p = se3.quaternion(s.T_base_probe[:3, :3]), s.T_base_probe[:3, 3]
    return {
        "header": header(s.stamp_ns, "base"),
        "tick": s.tick,
        "pose": {"position": _xyz(p), "orientation": dict(zip("xyzw", (float(x) for x in q), strict=True))},
        "twist": _twist(s.twist),
        "wrench": {"force": _xyz(s.wrench[:3]), "torque": _xyz(s.wrench[3:])},
        "joint_position": doubles_of(s.joint_position_rad),
        "joint_velocity": doubles_of(s.joint_velocity_rad_s),
        "mode": int(s.mode),
        "due_frame_sequence": s.due_frame_sequence,
    }


def command_message(c: ProbeCommand) -> Message:
    """echopilot_msgs/ProbeCommand."""
    sec, nanosec = divmod(c.valid_for_ns, NS_PER_S)
    return {
        "header": header(c.stamp_ns, "base"),
        "sequence": c.sequence,
        "twist": _twist(c.twist),
        "force_setpoint": float(c.force_setpoint_n),
        "frame_sequence": c.frame_sequence,
        "valid_for": {"sec": sec, "nanosec": nanosec},
    }


def status_message(s: ControlStatus) -> Message:
    """echopilot_msgs/ControlStatus."""
    return {
        "header": header(s.stamp_ns, "base"),
        "tick": s.tick,
        "goal_id": s.goal_id,
        "kind": int(s.kind),
        "phase": int(s.phase),
        "outcome": int(s.outcome),
        "detail": s.detail,
        "progress": float(s.progress),
        "force_setpoint": float(s.force_setpoint_n),
        "contact_force": float(s.contact_force_n),
        "station": float(s.station_m),
        "view_score": float(s.view_score),
        "frame_sequence": s.frame_sequence,
        "frame_age": float(s.frame_age_s),
    }


def safety_message(s: SafetyState) -> Message:
    """echopilot_msgs/SafetyState."""
    return {
        "header": header(s.stamp_ns, "base"),
        "mode": int(s.mode),
        "reasons": list(s.reasons),
        "soft_cap": float(s.soft_cap_n),
        "trip_force": float(s.trip_force_n),
        "frame_sequence": s.frame_sequence,
    }


def exam_message(state: ExamState, tick: int) -> Message:
    """echopilot_msgs/ExamState; `tick` is the robot's exam tick."""
    return {
        "header": header(state.stamp_ns, "base"),
        "tick": tick,
        "active": state.active,
        "state": state.state,
        "step_index": state.step_index,
        "steps_total": state.steps_total,
        "view": int(state.view),
        "waiting_for": state.waiting_for,
        "progress": float(state.progress),
        "message": state.message,
        "imaging_preset": state.imaging_preset,
        "goal": _goal(state.goal),
        "results": [_view_result(r) for r in state.results],
        "frame_sequence": state.frame_sequence,
    }


def _goal(g: ControlGoal) -> Message:
    return {
        "goal_id": g.goal_id,
        "kind": int(g.kind),
        "view": int(g.view),
        "force_setpoint": float(g.force_setpoint_n),
        "preset": g.preset,
        "timeout": float(g.timeout_s),
        "speed": float(g.speed_m_s),
    }


def _view_result(r: StepResult) -> Message:
    return {
        "view": int(r.view),
        "outcome": int(r.outcome),
        "score": float(r.score),
        "seconds": float(r.seconds),
        "frame_sequence": r.frame_sequence,
        "detail": r.detail,
    }


def _xyz(v: NDArray[np.float64]) -> Message:
    return {"x": float(v[0]), "y": float(v[1]), "z": float(v[2])}


def _twist(twist: NDArray[np.float64]) -> Message:
    return {"linear": _xyz(twist[:3]), "angular": _xyz(twist[3:])}
