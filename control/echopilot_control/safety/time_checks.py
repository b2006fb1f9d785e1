"""Time that jumps: backwards, or the wall clock against the steady one."""

from echopilot_control.safety.reasons import Reason
from echopilot_control.safety.state import (
    ClockMemory,
    CommandMemory,
    ForceMemory,
    RetractMemory,
    SafetyInputs,
    SafetyMemory,
)
from echopilot_core import to_ns

_OFFSET_NS = to_ns(0.050)
_STABLE_NS = to_ns(1.0)


def check_time(memory: SafetyMemory, inputs: SafetyInputs) -> tuple[SafetyMemory, ClockMemory, list[Reason]]:
    """A jump is held for until time was stable for 1 s; intervals start anew, latches and sequence stay."""
    last, now_ns = memory.clock, inputs.now_ns
    back = now_ns < last.now_ns
    stepped = last.offset_ns is not None and abs(inputs.clock_offset_ns - last.offset_ns) > _OFFSET_NS
    jump_ns = now_ns if back or stepped else last.jump_ns
    if back:
        memory = _after_jump(memory, now_ns)
    recent = jump_ns >= 0 and now_ns - jump_ns < _STABLE_NS
    return memory, ClockMemory(now_ns, jump_ns, inputs.clock_offset_ns), [Reason.CLOCK_JUMP] if recent else []


def _after_jump(memory: SafetyMemory, now_ns: int) -> SafetyMemory:
    def anew(stamp_ns: int) -> int:
        return now_ns if stamp_ns >= 0 else -1

    command, retract = memory.command, memory.retract
    return SafetyMemory(
        latched=memory.latched,
        robot_ns=anew(memory.robot_ns),
        force=ForceMemory(memory.force.force_n),
        command=CommandMemory(command.sequence, anew(command.accepted_ns), command.broken, anew(command.node_lost_ns)),
        retract=RetractMemory(retract.from_m, anew(retract.since_ns), retract.start_n, retract.done),
        moving=memory.moving,
    )
