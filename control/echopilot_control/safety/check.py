"""safety.check: state, inputs and limits to the twist that may leave, the next state and the reasons."""

from dataclasses import replace
from math import radians

import numpy as np
from numpy.typing import NDArray

from echopilot_control.safety.clip import clip_twist
from echopilot_control.safety.command_checks import check_command
from echopilot_control.safety.limits import DESIGN_ROWS, LimitRow, Limits
from echopilot_control.safety.reasons import Reason, most_severe
from echopilot_control.safety.robot_checks import CONTACT_N, check_robot
from echopilot_control.safety.state import SafetyDecision, SafetyInputs, SafetyMemory
from echopilot_control.safety.zones import deep_in_zone, outside_box
from echopilot_core import BodyLandmarks, RobotState, SafeTwist, SafetyMode, SafetyState, to_ns

_GUARD_N = 3.0  # a retract that presses harder than this above its start has met something
_RETRACT_TIMEOUT_NS = to_ns(3.0)
_JOINT_MARGIN_RAD = radians(2.0)


def check(memory: SafetyMemory, inputs: SafetyInputs, limits: Limits) -> SafetyDecision:
    """Decide one tick. Pure: equal arguments give equal decisions; never raises on bad numbers.

    Order: finiteness, ages, range, rate. Latched causes stay until `inputs.reset` comes with no cause present and
    the probe off the patient (< 1 N).
    """
    row = limits.row(inputs.preset) if inputs.preset in DESIGN_ROWS else limits.strictest()
    inputs = replace(inputs, landmarks=_usable(inputs.landmarks))
    present: list[Reason] = []
    if inputs.now_ns < memory.last_now_ns:
        present.append(Reason.CLOCK_JUMP)
        memory = _after_jump(memory, inputs.now_ns)
    robot_verdict = check_robot(memory, inputs, limits)
    robot = robot_verdict.robot
    present += robot_verdict.reasons
    command_verdict = check_command(robot_verdict.memory, inputs, limits)
    present += command_verdict.reasons
    if inputs.operator_stop:
        present.append(Reason.OPERATOR_STOP)
    if robot is not None:
        present += _place(robot, inputs)
    memory = replace(command_verdict.memory, last_now_ns=inputs.now_ns)

    fresh_latches = [r for r in present if r.value.latched]
    off_patient = robot is not None and robot.contact_force_n < CONTACT_N
    if inputs.reset and off_patient and not fresh_latches:
        memory = replace(memory, latched=(), retract_from_m=None, retract_done=False)
    memory = replace(memory, latched=tuple(dict.fromkeys([*memory.latched, *fresh_latches])))

    mode = most_severe([*memory.latched, *present])
    twist: NDArray[np.float64] | None = None
    if mode is SafetyMode.RETRACT and robot is not None:
        memory, twist = _retract(memory, robot, inputs.now_ns, limits)
    elif mode is SafetyMode.OK and robot is not None and command_verdict.command is not None:
        twist = clip_twist(command_verdict.command.twist, robot, inputs.landmarks, row, limits)
    return SafetyDecision(
        memory=memory,
        twist=None if twist is None else SafeTwist(inputs.now_ns, twist),
        state=_state(inputs, mode, [*memory.latched, *present], row, limits),
    )


def _after_jump(memory: SafetyMemory, now_ns: int) -> SafetyMemory:
    """Latches and sequence stay; every interval starts anew, so that one jump costs one tick and blinds no check."""
    return SafetyMemory(
        latched=memory.latched,
        last_now_ns=now_ns,
        last_sequence=memory.last_sequence,
        last_accepted_ns=now_ns if memory.last_accepted_ns >= 0 else -1,
        last_force_n=memory.last_force_n,
        retract_from_m=memory.retract_from_m,
        retract_since_ns=now_ns if memory.retract_since_ns >= 0 else -1,
        retract_start_n=memory.retract_start_n,
        retract_done=memory.retract_done,
    )


def _usable(landmarks: BodyLandmarks | None) -> BodyLandmarks | None:
    if landmarks is None:
        return None
    points = np.stack([landmarks.notch_m, landmarks.xiphoid_m, landmarks.navel_m])
    return landmarks if bool(np.isfinite(points).all()) else None


def _place(robot: RobotState, inputs: SafetyInputs) -> list[Reason]:
    reasons: list[Reason] = []
    position_m = robot.T_base_probe[:3, 3]
    if inputs.landmarks is not None:
        if deep_in_zone(position_m, inputs.landmarks):
            reasons.append(Reason.FORBIDDEN_ZONE)
        if outside_box(position_m, inputs.landmarks):
            reasons.append(Reason.WORKSPACE)
    if inputs.joint_limits_rad is not None:
        q, dq = robot.joint_position_rad, robot.joint_velocity_rad_s
        if inputs.joint_limits_rad.shape != (q.size, 2):  # limits of another arm: nothing is known of this one
            return [*reasons, Reason.JOINT_LIMIT]
        low, high = inputs.joint_limits_rad[:, 0], inputs.joint_limits_rad[:, 1]
        into_low = (q - low < _JOINT_MARGIN_RAD) & (dq < -1e-3)
        into_high = (high - q < _JOINT_MARGIN_RAD) & (dq > 1e-3)
        if bool((into_low | into_high).any()):
            reasons.append(Reason.JOINT_LIMIT)
    return reasons


def _retract(
    memory: SafetyMemory, robot: RobotState, now_ns: int, limits: Limits
) -> tuple[SafetyMemory, NDArray[np.float64] | None]:
    """Back out along probe z; None once the way is done, blocked or took too long."""
    position_m, z = robot.T_base_probe[:3, 3], robot.T_base_probe[:3, 2]
    if memory.retract_from_m is None:
        start = (float(position_m[0]), float(position_m[1]), float(position_m[2]))
        memory = replace(memory, retract_from_m=start, retract_since_ns=now_ns, retract_start_n=robot.contact_force_n)
    travelled_m = float(np.linalg.norm(position_m - np.array(memory.retract_from_m)))
    blocked = robot.contact_force_n > memory.retract_start_n + _GUARD_N and travelled_m > 0.005
    late = now_ns - memory.retract_since_ns > _RETRACT_TIMEOUT_NS
    if memory.retract_done or travelled_m >= limits.retract_m or blocked or late:
        return replace(memory, retract_done=True), None
    return memory, np.concatenate([-limits.retract_m_s * z, np.zeros(3)])


def _state(inputs: SafetyInputs, mode: SafetyMode, reasons: list[Reason], row: LimitRow, limits: Limits) -> SafetyState:
    return SafetyState(
        stamp_ns=inputs.now_ns,
        mode=mode,
        reasons=tuple(dict.fromkeys(reason.name for reason in reasons)),
        soft_cap_n=row.soft_cap_n,
        trip_force_n=limits.trip_force_n,
        frame_sequence=inputs.command.frame_sequence if inputs.command is not None else -1,
    )
