"""safety.check: state, inputs and limits to the twist that may leave, the next state and the reasons."""

import numpy as np
from numpy.typing import NDArray

from echopilot_control.safety.clip import clip_twist
from echopilot_control.safety.command_checks import check_command
from echopilot_control.safety.force_checks import CONTACT_N
from echopilot_control.safety.joints import joint_share, singular_share
from echopilot_control.safety.lift_off import lift_off
from echopilot_control.safety.limits import DESIGN_ROWS, LimitRow, Limits
from echopilot_control.safety.patient import BodyMemory, felt_recession_m_s, watch_patient
from echopilot_control.safety.reasons import Reason, most_severe
from echopilot_control.safety.retract import retract
from echopilot_control.safety.robot_checks import check_robot
from echopilot_control.safety.state import RetractMemory, SafetyDecision, SafetyInputs, SafetyMemory
from echopilot_control.safety.time_checks import check_time
from echopilot_control.safety.zones import deep_in_zone, outside_box
from echopilot_control.vectors import all_finite
from echopilot_core import BodyLandmarks, RobotState, SafeTwist, SafetyMode, SafetyState


def check(memory: SafetyMemory, inputs: SafetyInputs, limits: Limits) -> SafetyDecision:
    """Decide one tick. Pure: equal arguments give equal decisions; never raises on bad numbers.

    Order: finiteness, ages, range, rate. Latched causes stay until `inputs.reset` comes with no cause present and
    the probe off the patient (< 1 N); the patient's present place is then the new one. `inputs.lift_off` takes the
    probe off the patient while it is stopped.
    """
    row = limits.row(inputs.preset) if inputs.preset in DESIGN_ROWS else limits.strictest()
    landmarks = _usable(inputs.landmarks)
    memory, clock, present = check_time(memory, inputs)
    robot_verdict = check_robot(memory, inputs, limits)
    robot, force = robot_verdict.robot, robot_verdict.force
    command_verdict = check_command(memory.command, inputs, force.force_n, limits)
    body, moved = watch_patient(memory.body, robot, inputs.surface)
    present += robot_verdict.reasons + command_verdict.reasons + _rest(moved, inputs)
    share = 1.0
    if robot is not None:
        present += _place(robot, landmarks, inputs)
        share = joint_share(robot, inputs.joint_limits_rad)
        if share == 0.0:
            present.append(Reason.JOINT_LIMIT)
        share = min(share, singular := singular_share(inputs.manipulability, memory.manipulability))
        if singular == 0.0:
            present.append(Reason.SINGULAR)

    latched, retreat = memory.latched, memory.retract
    fresh_latches = [r for r in present if r.value.latched]
    off_patient = robot is not None and robot.contact_force_n < CONTACT_N
    if inputs.reset and off_patient and not fresh_latches:
        latched, retreat, body = (), RetractMemory(), BodyMemory()
    latched = tuple(dict.fromkeys([*latched, *fresh_latches]))

    mode = most_severe([*latched, *present])
    twist: NDArray[np.float64] | None = None
    lift: RetractMemory | None = None
    if mode is SafetyMode.STOPPED or (mode is SafetyMode.RETRACT and retreat.done):
        lift, twist = lift_off(memory.lift, inputs, robot, [*latched, *present], limits)
    if twist is not None:
        mode = SafetyMode.RETRACT
    elif mode is SafetyMode.RETRACT and robot is not None:
        retreat, twist = retract(retreat, robot, inputs.now_ns, limits)
    elif mode is SafetyMode.OK and robot is not None and command_verdict.command is not None:
        wanted = share * command_verdict.command.twist if share < 1.0 else command_verdict.command.twist
        receding_m_s = felt_recession_m_s(body.felt, robot.T_base_probe[:3, 2])
        twist = clip_twist(wanted, robot, landmarks, row, limits, inputs.zones, receding_m_s)
    moving = twist is not None
    if twist is None and memory.moving and robot is not None:
        twist = np.zeros(6)  # one brake; then silence, in which the arm becomes compliant
    return SafetyDecision(
        memory=SafetyMemory(
            latched,
            clock,
            robot_verdict.robot_ns,
            force,
            command_verdict.memory,
            body,
            retreat,
            lift,
            moving,
            inputs.manipulability,
        ),
        twist=None if twist is None else SafeTwist(inputs.now_ns, twist),
        state=_state(inputs, mode, [*latched, *present], row, limits),
    )


def _usable(landmarks: BodyLandmarks | None) -> BodyLandmarks | None:
    if landmarks is None:
        return None
    points = landmarks.notch_m, landmarks.xiphoid_m, landmarks.navel_m
    return landmarks if all(map(all_finite, points)) else None


def _rest(moved: bool, inputs: SafetyInputs) -> list[Reason]:
    reasons = [Reason.PATIENT_MOVED] if moved else []
    if inputs.operator_stop:
        reasons.append(Reason.OPERATOR_STOP)
    if inputs.enabled is False:
        reasons.append(Reason.ENABLE_RELEASED)
    return reasons


def _place(robot: RobotState, landmarks: BodyLandmarks | None, inputs: SafetyInputs) -> list[Reason]:
    position_m = robot.T_base_probe[:3, 3]
    reasons = [Reason.FORBIDDEN_ZONE] if deep_in_zone(position_m, landmarks, inputs.zones) else []
    if landmarks is not None and outside_box(position_m, landmarks):
        reasons.append(Reason.WORKSPACE)
    return reasons


def _state(inputs: SafetyInputs, mode: SafetyMode, reasons: list[Reason], row: LimitRow, limits: Limits) -> SafetyState:
    return SafetyState(
        stamp_ns=inputs.now_ns,
        mode=mode,
        reasons=tuple(dict.fromkeys(reason.name for reason in reasons)),
        soft_cap_n=row.soft_cap_n,
        trip_force_n=limits.trip_force_n,
        frame_sequence=inputs.command.frame_sequence if inputs.command is not None else -1,
    )
