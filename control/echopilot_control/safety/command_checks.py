"""Checks of the controller's command: present, finite, fresh at both ends, in sequence, from one commander."""

from dataclasses import dataclass
from math import isfinite

from echopilot_control.safety.force_checks import CONTACT_N
from echopilot_control.safety.limits import Limits
from echopilot_control.safety.reasons import Reason
from echopilot_control.safety.state import CommandMemory, SafetyInputs
from echopilot_control.vectors import all_finite
from echopilot_core import ProbeCommand, to_ns

CONTROLLER = "controller"

_SILENCE_NS = to_ns(1.0)
_RESTART_NS = to_ns(0.5)  # a lower sequence after this much silence is a restarted controller
_BROKEN = 5


@dataclass(frozen=True)
class CommandVerdict:
    """`command` is None when it may not be forwarded."""

    command: ProbeCommand | None
    reasons: list[Reason]
    memory: CommandMemory


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
    restarted = now_ns - memory.accepted_ns > _RESTART_NS
    if command.sequence <= memory.sequence and not restarted:
        return Reason.COMMAND_REPEATED if command.sequence == memory.sequence else Reason.COMMAND_SEQUENCE
    return None


def check_command(memory: CommandMemory, inputs: SafetyInputs, force_n: float, limits: Limits) -> CommandVerdict:
    """Whether the command of this tick may be forwarded; `force_n` is the last pressing force known."""
    now_ns, contact = inputs.now_ns, force_n > CONTACT_N
    reasons: list[Reason] = []
    if inputs.commanders > 1:
        reasons.append(Reason.COMMANDERS)
    node_lost_ns = (memory.node_lost_ns if memory.node_lost_ns >= 0 else now_ns) if inputs.lost_nodes else -1
    if inputs.lost_nodes:
        reasons.append(Reason.NODE_LOST)
        if contact and now_ns - node_lost_ns > _SILENCE_NS:
            reasons.append(Reason.NODE_GONE)
        if contact and CONTROLLER in inputs.lost_nodes:
            reasons.append(Reason.HEARTBEAT_LOST)
    fault = _fault(inputs.command, memory, now_ns, limits)
    if fault is None and inputs.command is not None:
        memory = CommandMemory(inputs.command.sequence, now_ns, 0, node_lost_ns)
        return CommandVerdict(None if reasons else inputs.command, reasons, memory)
    reasons.append(fault or Reason.COMMAND_MISSING)
    broken = memory.broken + 1 if fault is Reason.COMMAND_NOT_FINITE else 0
    if broken >= _BROKEN:
        reasons.append(Reason.COMMAND_BROKEN)
    if memory.accepted_ns >= 0 and now_ns - memory.accepted_ns > _SILENCE_NS and contact:
        reasons.append(Reason.HEARTBEAT_LOST)
    return CommandVerdict(None, reasons, CommandMemory(memory.sequence, memory.accepted_ns, broken, node_lost_ns))
