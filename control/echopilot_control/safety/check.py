"""safety.check: state, inputs and limits to the twist that may leave, the next state and the reasons."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from echopilot_control.safety.clip import clip_twist
from echopilot_control.safety.evidence.declaration import GUARDS, JUDGES
from echopilot_control.safety.evidence.tick import SafetyTick
from echopilot_control.safety.limits import Limits, PresetLimits
from echopilot_control.safety.patient.motion import BodyMemory, felt_recession_m_s
from echopilot_control.safety.reasons import Reason, most_severe
from echopilot_control.safety.retreat import FORCE_DOUBTS, lift_off, retract
from echopilot_control.safety.state import ArmMemory, RetractMemory, SafetyDecision, SafetyInputs, SafetyMemory
from echopilot_control.safety.witness.force_witness import touch_speed_m_s
from echopilot_core import SafeTwist, SafetyMode, SafetyState
from echopilot_core.robot import CONTACT_N


def check(memory: SafetyMemory, inputs: SafetyInputs, limits: Limits) -> SafetyDecision:
    """Decide one tick. Pure: equal arguments give equal decisions; never raises on bad numbers.

    All judges of the declaration look at the evidence, then all guards at what they left usable. Latched causes stay
    until `inputs.reset` comes with no cause present and the probe off the patient (< 1 N); the patient's present place
    is then the new one. `inputs.lift_off` takes the probe off the patient while it is stopped.
    """
    if inputs.reset:  # whoever speaks now is the one to follow
        robot_memory, command_memory = replace(memory.robot, tick=-1), replace(memory.command, sequence=-1)
        memory = replace(memory, robot=robot_memory, command=command_memory, arm=ArmMemory())
    tick = SafetyTick(memory, inputs, limits)
    present = [reason for look in (*JUDGES, *GUARDS) for reason in look(tick)]
    memory, robot = tick.memory, tick.usable_robot

    latched, retreat, body = memory.latched, memory.retract, tick.body
    fresh_latches = [reason for reason in present if reason.value.latched]
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
        trusted = FORCE_DOUBTS.isdisjoint([*latched, *present])
        retreat, twist = retract(retreat, robot, inputs.now_ns, limits, trusted)
    elif mode is SafetyMode.OK and robot is not None and tick.usable_command is not None:
        receding_m_s = felt_recession_m_s(body.felt, robot.T_base_probe[:3, 2])
        landmarks = tick.usable_landmarks[0] if tick.usable_landmarks else None
        wanted = tick.usable_command.twist if tick.share == 1.0 else tick.share * tick.usable_command.twist
        touch_m_s = touch_speed_m_s(tick.witness, robot.contact_force_n)
        twist = clip_twist(wanted, robot, landmarks, tick.preset_limits, limits, tick.zones, receding_m_s, touch_m_s)
    moving = twist is not None
    if twist is None and memory.moving and robot is not None:
        twist = np.zeros(6)  # one brake; then silence, in which the arm becomes compliant
    return SafetyDecision(
        memory=SafetyMemory(
            latched=latched,
            clock=tick.clock,
            robot=tick.robot,
            force=tick.force,
            command=tick.command,
            body=body,
            retract=retreat,
            lift=lift,
            moving=moving,
            manipulability=inputs.manipulability,
            arm=tick.arm,
            skin=tick.skin,
            landmarks=tick.landmarks,
            witness=tick.witness,
            sent=() if twist is None else tuple(twist.tolist()),
        ),
        twist=None if twist is None else SafeTwist(inputs.now_ns, twist),
        state=_state(inputs, mode, [*latched, *present], tick.preset_limits, limits),
    )


def _state(
    inputs: SafetyInputs, mode: SafetyMode, reasons: list[Reason], preset_limits: PresetLimits, limits: Limits
) -> SafetyState:
    return SafetyState(
        stamp_ns=inputs.now_ns,
        mode=mode,
        reasons=tuple(dict.fromkeys(reason.name for reason in reasons)),
        soft_cap_n=preset_limits.soft_cap_n,
        trip_force_n=limits.trip_force_n,
        frame_sequence=inputs.command.frame_sequence if inputs.command is not None else -1,
    )
