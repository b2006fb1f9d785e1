"""Checks of the controller's command: present, finite, fresh at both ends, in sequence, from one commander."""

from dataclasses import dataclass, replace

import numpy as np

from echopilot_control.safety.limits import Limits
from echopilot_control.safety.reasons import Reason
from echopilot_control.safety.robot_checks import CONTACT_N
from echopilot_control.safety.state import SafetyInputs, SafetyMemory
from echopilot_core import ProbeCommand, to_ns

_SILENCE_NS = to_ns(1.0)
_RESTART_NS = to_ns(0.5)  # a lower sequence after this much silence is a restarted controller


@dataclass(frozen=True)
class CommandVerdict:
    """`command` is None when it may not be forwarded."""

    command: ProbeCommand | None
    reasons: tuple[Reason, ...]
    memory: SafetyMemory


def _fault(command: ProbeCommand | None, memory: SafetyMemory, now_ns: int, limits: Limits) -> Reason | None:
    if command is None:
        return Reason.COMMAND_MISSING
    if command.twist.shape != (6,) or not np.isfinite(command.twist).all():
        return Reason.COMMAND_NOT_FINITE
    if not np.isfinite(command.force_setpoint_n):
        return Reason.COMMAND_NOT_FINITE
    if command.stamp_ns - now_ns > to_ns(limits.future_s):
        return Reason.COMMAND_FUTURE
    if now_ns - command.stamp_ns >= min(command.valid_for_ns, to_ns(limits.command_valid_s)):
        return Reason.COMMAND_STALE
    restarted = now_ns - memory.last_accepted_ns > _RESTART_NS
    if command.sequence <= memory.last_sequence and not restarted:
        return Reason.COMMAND_REPEATED
    return None


def check_command(memory: SafetyMemory, inputs: SafetyInputs, limits: Limits) -> CommandVerdict:
    """Whether the command of this tick may be forwarded; remembers the last accepted one."""
    reasons: list[Reason] = []
    if inputs.commanders > 1:
        reasons.append(Reason.COMMANDERS)
    fault = _fault(inputs.command, memory, inputs.now_ns, limits)
    if fault is None and inputs.command is not None:
        memory = replace(memory, last_sequence=inputs.command.sequence, last_accepted_ns=inputs.now_ns)
        return CommandVerdict(None if reasons else inputs.command, tuple(reasons), memory)
    reasons.append(fault or Reason.COMMAND_MISSING)
    silent_ns = inputs.now_ns - memory.last_accepted_ns
    if memory.last_accepted_ns >= 0 and silent_ns > _SILENCE_NS and memory.last_force_n > CONTACT_N:
        reasons.append(Reason.HEARTBEAT_LOST)
    return CommandVerdict(None, tuple(reasons), memory)
