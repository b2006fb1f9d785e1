"""Which phase a goal starts in, and which function runs it."""

from collections.abc import Callable

import numpy as np

from echopilot_control.context import Context, Memory, admissible_setpoint_n
from echopilot_control.phases.acquire import hold, refine, search
from echopilot_control.phases.approach import approach, couple, lift, touch, turned_for
from echopilot_control.phases.guided import begin_guided, guided
from echopilot_control.phases.recover import recover, supervise
from echopilot_control.phases.sweep import sweep
from echopilot_control.phases.watch import watch
from echopilot_control.search.priors import place
from echopilot_control.search.windows import scout_for
from echopilot_control.servo.motion import Motion
from echopilot_core import ControlPhase, GoalKind, Outcome

_CONTACT_N = 0.8
_SAME_PLACE_M = 0.030

_RUN: dict[ControlPhase, Callable[[Context, Memory], Motion]] = {
    ControlPhase.APPROACH: approach,
    ControlPhase.TOUCH: touch,
    ControlPhase.COUPLE: couple,
    ControlPhase.SEARCH: search,
    ControlPhase.REFINE: refine,
    ControlPhase.HOLD: hold,
    ControlPhase.SWEEP: sweep,
    ControlPhase.RECOVER: recover,
}


def begin(ctx: Context) -> Memory:
    """Memory of a new goal, started in the phase that continues the present motion without a bump."""
    touching = ctx.force_n > _CONTACT_N
    mem = Memory(
        phase=ControlPhase.IDLE,
        goal_since_ns=ctx.now_ns,
        phase_since_ns=ctx.now_ns,
        setpoint_n=admissible_setpoint_n(ctx.goal, ctx.row),
    )
    kind = ctx.goal.kind
    if kind is GoalKind.ACQUIRE_VIEW:
        mem.scout = scout_for(ctx.goal.view, ctx.found)
        if touching and ctx.skin is not None and ctx.axes is not None:
            start = place(ctx.goal.view, ctx.axes, ctx.skin, ctx.start_offset)
            mem.start = turned_for(mem.scout, ctx.goal.view, start)
            near = float(np.linalg.norm(mem.start.patch.point_m - ctx.position_m)) < _SAME_PLACE_M
            mem.phase = ControlPhase.COUPLE if near else ControlPhase.RETREAT
        else:
            mem.phase = ControlPhase.RETREAT if touching else ControlPhase.APPROACH
    elif kind is GoalKind.SWEEP:
        mem.phase = ControlPhase.COUPLE if touching else ControlPhase.APPROACH
    elif kind is GoalKind.HOLD:
        mem.phase = begin_guided(ctx, touching)
    elif kind is GoalKind.RETREAT:
        mem.phase = ControlPhase.RETREAT
    return mem


def run(ctx: Context, mem: Memory) -> Motion:
    """One tick of the goal: new images, supervision, then the phase; an ended goal keeps its outcome."""
    kind = ctx.goal.kind
    watch(ctx, mem)
    if kind is GoalKind.IDLE or mem.phase is ControlPhase.IDLE:
        return _idle(ctx)
    supervise(ctx, mem)
    _time_out(ctx, mem)
    if mem.phase is ControlPhase.RETREAT:
        return _retreat(ctx, mem)
    by_hand = kind is GoalKind.HOLD and mem.phase in (ControlPhase.SEARCH, ControlPhase.HOLD)
    motion = guided(ctx, mem) if by_hand else _RUN[mem.phase](ctx, mem)
    if motion.outcome is Outcome.ABORTED:
        mem.final = (Outcome.ABORTED, motion.detail)
        mem.enter(ControlPhase.RETREAT, ctx.now_ns)
    return motion


def _idle(ctx: Context) -> Motion:
    if ctx.force_n > _CONTACT_N:
        return Motion(ControlPhase.IDLE, setpoint_n=ctx.limits.touch_force_n, detail="idle in light contact")
    return Motion(ControlPhase.IDLE, detail="idle")


def _time_out(ctx: Context, mem: Memory) -> None:
    """A goal that has neither succeeded nor ended in time ends as NOT_FOUND, off the skin."""
    late = (ctx.now_ns - mem.goal_since_ns) * 1e-9 > ctx.goal.timeout_s
    open_goal = ctx.goal.kind in (GoalKind.ACQUIRE_VIEW, GoalKind.SWEEP) and mem.phase is not ControlPhase.HOLD
    if late and open_goal and mem.final is None:
        mem.final = (Outcome.NOT_FOUND, f"{ctx.goal.view.name} not reached within {ctx.goal.timeout_s:.0f} s")
        if ctx.goal.kind is GoalKind.SWEEP:
            mem.final = (Outcome.ABORTED, f"sweep not finished within {ctx.goal.timeout_s:.0f} s")
        mem.enter(ControlPhase.RETREAT, ctx.now_ns)


def _retreat(ctx: Context, mem: Memory) -> Motion:
    if mem.final is not None and mem.lifted:
        return Motion(ControlPhase.IDLE, outcome=mem.final[0], detail=mem.final[1], progress=1.0)
    motion, up = lift(ctx, mem)
    if not up:
        if mem.final is not None:
            return Motion(motion.phase, motion.linear_m_s, outcome=mem.final[0], detail=mem.final[1])
        return motion
    if ctx.goal.kind is GoalKind.RETREAT and mem.final is None:
        mem.final = (Outcome.SUCCEEDED, "off the skin")
    if mem.final is not None:
        mem.lifted = True
        return Motion(ControlPhase.RETREAT, outcome=mem.final[0], detail=mem.final[1], progress=1.0)
    mem.enter(ControlPhase.APPROACH, ctx.now_ns)
    return motion
