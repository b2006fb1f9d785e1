"""Lateral motion frozen: an image that is too old, or a contact that was lost."""

import numpy as np

from echopilot_control.context import Context, Memory
from echopilot_control.servo.motion import Motion
from echopilot_core import ControlPhase, GoalKind, Outcome

IMAGE_DRIVEN = (ControlPhase.SEARCH, ControlPhase.REFINE, ControlPhase.SWEEP, ControlPhase.HOLD)
IN_CONTACT = (ControlPhase.TOUCH, ControlPhase.COUPLE, *IMAGE_DRIVEN)

_LOST_N = 1.0
_LOST_NS = 200_000_000
_FOUND_N = 1.5
_ADVANCE_M = 0.005
_ADVANCE_M_S = 0.005
_ATTEMPTS = 3
_ROUNDING_S = 1e-9  # an age of exactly the limit is not over it


def image_is_stale(ctx: Context) -> bool:
    """Older than the limit, from the future, or never seen."""
    return not -ctx.limits.future_s <= ctx.image_age_s <= ctx.limits.image_age_s + _ROUNDING_S


def supervise(ctx: Context, mem: Memory) -> None:
    """Enter RECOVER when contact or image is lost in a phase that needs them."""
    waiting = mem.phase is ControlPhase.RECOVER and not mem.recover_contact
    if mem.phase in IN_CONTACT or waiting:
        if ctx.force_n >= _LOST_N:
            mem.low_force_since_ns = -1
        elif mem.low_force_since_ns < 0:
            mem.low_force_since_ns = ctx.now_ns
        elif ctx.now_ns - mem.low_force_since_ns > _LOST_NS:
            _begin(ctx, mem, contact=True)
            return
    by_hand = ctx.goal.kind is GoalKind.HOLD  # the hand moves the probe, not the picture
    if mem.phase in IMAGE_DRIVEN and not by_hand and image_is_stale(ctx):
        _begin(ctx, mem, contact=False)


def _begin(ctx: Context, mem: Memory, contact: bool) -> None:
    if mem.phase is not ControlPhase.RECOVER:
        mem.resume = mem.phase
        mem.resume_since_ns = (mem.phase_since_ns, mem.good_since_ns)
    mem.recover_contact = contact
    mem.recover_from_m = ctx.position_m.copy()
    mem.enter(ControlPhase.RECOVER, ctx.now_ns)


def recover(ctx: Context, mem: Memory) -> Motion:
    """Wait for a fresh image with the force kept, or feel for the skin; lift off when neither comes."""
    resume = mem.resume or ControlPhase.COUPLE
    if mem.recover_contact:
        if ctx.force_n > _FOUND_N:
            mem.enter(resume, ctx.now_ns)
            return Motion(resume, setpoint_n=mem.setpoint_n)
        from_m = mem.recover_from_m if mem.recover_from_m is not None else ctx.position_m
        gone_m = float((ctx.position_m - from_m) @ ctx.z)
        if gone_m < _ADVANCE_M and mem.in_phase_s(ctx.now_ns) < 2.5:
            return Motion(ControlPhase.RECOVER, linear_m_s=_ADVANCE_M_S * ctx.z, detail="contact lost, feeling for it")
        mem.attempts += 1
        mem.final = (Outcome.ABORTED, "contact lost") if mem.attempts >= _ATTEMPTS else None
        mem.start = None
        mem.descending = False
        mem.enter(ControlPhase.RETREAT, ctx.now_ns)
        return Motion(ControlPhase.RETREAT, detail="contact lost, backing off")
    if not image_is_stale(ctx):
        _go_on(mem, resume, ctx.now_ns)
        return Motion(resume, setpoint_n=mem.setpoint_n)
    if mem.in_phase_s(ctx.now_ns) > ctx.limits.image_lost_s:
        mem.final = (Outcome.ABORTED, "image stale")
        mem.enter(ControlPhase.RETREAT, ctx.now_ns)
    age = "never seen" if np.isnan(ctx.image_age_s) else f"{1e3 * ctx.image_age_s:.0f} ms old"
    return Motion(ControlPhase.RECOVER, setpoint_n=mem.setpoint_n, detail=f"image {age}")


def _go_on(mem: Memory, phase: ControlPhase, now_ns: int) -> None:
    """Go on as if the wait had not been: nothing moved in it, so what had been reached before it is reached still."""
    waited_ns = now_ns - mem.phase_since_ns
    phase_since_ns, good_since_ns = mem.resume_since_ns
    mem.enter(phase, now_ns)
    mem.phase_since_ns = phase_since_ns + waited_ns
    mem.good_since_ns = good_since_ns + waited_ns if good_since_ns >= 0 else -1
