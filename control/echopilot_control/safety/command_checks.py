"""Checks of the controller's command and of time: finite, fresh, in sequence, one commander, monotonic clocks."""

from dataclasses import replace
from math import isfinite

from echopilot_control.safety.evidence.tick import SafetyTick
from echopilot_control.safety.limits import Limits
from echopilot_control.safety.patient.motion import after_jump
from echopilot_control.safety.reasons import Reason
from echopilot_control.safety.state import (
    ClockMemory,
    CommandMemory,
    ForceMemory,
    RetractMemory,
    RobotMemory,
    SafetyMemory,
)
from echopilot_control.vectors import all_finite
from echopilot_core import ProbeCommand, to_ns
from echopilot_core.robot import CONTACT_N

_OFFSET_NS = to_ns(0.050)
_STABLE_NS, _STEP_NS = to_ns(1.0), to_ns(0.050)  # a leap forward counts as one step of steady time


def judge_clock(tick: SafetyTick) -> list[Reason]:
    """A jump is held for until time was stable for 1 s; intervals start anew, latches and sequence stay."""
    inputs, last, now_ns = tick.inputs, tick.memory.clock, tick.now_ns
    back = last.now_ns is not None and now_ns < last.now_ns
    stepped = last.offset_ns is not None and abs(inputs.clock_offset_ns - last.offset_ns) > _OFFSET_NS
    stable_ns = 0 if back or stepped else last.stable_ns
    if stable_ns is not None and not (back or stepped) and last.now_ns is not None:
        stable_ns += min(now_ns - last.now_ns, _STEP_NS)
    if back:
        tick.remember(_after_jump(tick.memory, now_ns))
    tick.clock = ClockMemory(now_ns, inputs.clock_offset_ns, stable_ns)
    return [Reason.CLOCK_JUMP] if stable_ns is not None and stable_ns < _STABLE_NS else []


def _after_jump(memory: SafetyMemory, now_ns: int) -> SafetyMemory:
    def anew(stamp_ns: int) -> int:
        return now_ns if stamp_ns >= 0 else -1

    command, retract = memory.command, memory.retract
    return SafetyMemory(
        latched=memory.latched,
        robot=RobotMemory(anew(memory.robot.used_ns), memory.robot.tick),
        force=ForceMemory(memory.force.force_n),
        command=replace(command, accepted_ns=anew(command.accepted_ns), node_lost_ns=anew(command.node_lost_ns)),
        retract=RetractMemory(retract.from_m, anew(retract.since_ns), retract.start_n, retract.done),
        moving=memory.moving,
        landmarks=memory.landmarks,
        body=after_jump(memory.body),
    )


CONTROLLER = "controller"

_SILENCE_NS = to_ns(1.0)
_RESTART_NS = to_ns(0.5)  # after this much silence a controller may begin anew, with any sequence
_LEAP, _RATE_HZ = 100, 1000.0  # commands that may be lost at once, and no controller sends more in a second
_BROKEN = 5


def _fault(command: ProbeCommand | None, memory: CommandMemory, now_ns: int, limits: Limits) -> Reason | None:
    if command is None:
        return Reason.COMMAND_MISSING
    if command.twist.shape != (6,) or not all_finite(command.twist):
        return Reason.COMMAND_NOT_FINITE
    if not isfinite(command.force_setpoint_n):
        return Reason.COMMAND_NOT_FINITE
    if command.stamp_ns - now_ns > to_ns(limits.future_s):
        return Reason.COMMAND_FUTURE
    if now_ns - command.stamp_ns >= min(command.valid_for_ns, to_ns(limits.command_valid_s)):
        return Reason.COMMAND_STALE
    return _order(command.sequence, memory, now_ns)


def _order(sequence: int, memory: CommandMemory, now_ns: int) -> Reason | None:
    """What is wrong with a sequence; after a silence its successor confirms it, so that a stray one blocks nobody."""
    if memory.sequence < 0:
        return None
    silence_ns = now_ns - memory.accepted_ns
    restarted = silence_ns > _RESTART_NS
    if restarted and 0 < sequence - memory.refused <= _LEAP and memory.refused >= 0:
        return None
    if sequence == memory.sequence:
        return Reason.COMMAND_REPEATED
    if sequence < memory.sequence:
        return Reason.COMMAND_LEAP if restarted else Reason.COMMAND_SEQUENCE
    return Reason.COMMAND_LEAP if sequence - memory.sequence > _LEAP + silence_ns * 1e-9 * _RATE_HZ else None


_OF_ORDER = (Reason.COMMAND_LEAP, Reason.COMMAND_SEQUENCE)


def judge_command(tick: SafetyTick) -> list[Reason]:
    """Command of this tick: whole, finite, of now, in order."""
    memory, now_ns, command = tick.memory.command, tick.now_ns, tick.inputs.command
    fault = _fault(command, memory, now_ns, tick.limits)
    if fault is None and command is not None:
        tick.usable_command = command
        tick.command = replace(memory, sequence=command.sequence, accepted_ns=now_ns, broken=0, refused=-1)
        return []
    broken = memory.broken + 1 if fault is Reason.COMMAND_NOT_FINITE else 0
    refused = command.sequence if fault in _OF_ORDER and command is not None else memory.refused
    tick.command = replace(memory, broken=broken, refused=refused)
    reasons = [fault or Reason.COMMAND_MISSING]
    return [*reasons, Reason.COMMAND_BROKEN] if broken >= _BROKEN else reasons


def guard_commander(tick: SafetyTick) -> list[Reason]:
    """One commander, which is alive; no process of the exam died. `force` is the last pressing force known."""
    inputs, now_ns, contact = tick.inputs, tick.now_ns, tick.force.force_n > CONTACT_N
    reasons = [Reason.COMMANDERS] if inputs.commanders > 1 else []
    lost_ns = tick.memory.command.node_lost_ns
    lost_ns = (lost_ns if lost_ns >= 0 else now_ns) if inputs.lost_nodes else -1
    tick.command = replace(tick.command, node_lost_ns=lost_ns)
    if inputs.lost_nodes:
        reasons.append(Reason.NODE_LOST)
        if contact and now_ns - lost_ns > _SILENCE_NS:
            reasons.append(Reason.NODE_GONE)
        if contact and CONTROLLER in inputs.lost_nodes:
            reasons.append(Reason.HEARTBEAT_LOST)
    accepted_ns = tick.memory.command.accepted_ns
    if tick.usable_command is None and accepted_ns >= 0 and now_ns - accepted_ns > _SILENCE_NS and contact:
        reasons.append(Reason.HEARTBEAT_LOST)
    return reasons
