"""From free air to a settled contact: lift, transit, approach, touch, couple."""

from dataclasses import replace
from math import radians

import numpy as np

from echopilot_control.context import Context, Memory
from echopilot_control.search.priors import Start, nearest_tilt, place
from echopilot_control.search.windows import turned_to
from echopilot_control.servo.motion import Motion, rotation_rate
from echopilot_control.surface import height_m
from echopilot_control.vectors import shortened
from echopilot_core import ControlPhase, GoalKind, Outcome, View, se3

CLEAR_M = 0.050  # height of transit above the skin
_MIN_CLEAR_M = 0.040
_TRANSIT_M_S = 0.080
_LIFT_M_S = 0.050
_TOUCHED_N = 1.0
_FREE_N = 0.5
_TILT_BEFORE_TOUCH_RAD = radians(20.0)
_TURN_RAD_S = radians(25.0)
_TOO_DEEP_M = 0.040
_SETTLED_N = 1.0


def lift(ctx: Context, mem: Memory) -> tuple[Motion, bool]:
    """Back off along -z, then along the skin normal, to CLEAR_M above the skin; True once there."""
    if mem.lift_from_m is None:
        mem.lift_from_m = ctx.position_m.copy()
    travelled_m = float(np.linalg.norm(ctx.position_m - mem.lift_from_m))
    clear_m = height_m(ctx.position_m, ctx.under) if ctx.under is not None else travelled_m
    if clear_m >= CLEAR_M - 0.002 and ctx.force_n < _FREE_N:
        mem.lift_from_m = None
        return Motion(ControlPhase.RETREAT), True
    if ctx.force_n > _FREE_N or travelled_m < 0.010:
        velocity = -ctx.limits.retract_m_s * ctx.z
    else:
        velocity = _LIFT_M_S * ctx.outward
    return Motion(ControlPhase.RETREAT, linear_m_s=velocity, detail="lifting off"), False


def approach(ctx: Context, mem: Memory) -> Motion:
    """Fly above the skin to the start of the view, turn, go down along the normal until 1 N is felt twice."""
    if ctx.skin is None or ctx.axes is None:
        return Motion(ControlPhase.APPROACH, detail="waiting for body surface and landmarks", rest=True)
    if mem.start is None:
        view = View.AORTA_TRANS if ctx.goal.kind is GoalKind.SWEEP else ctx.goal.view
        mem.start = turned_for(mem.scout, view, place(view, ctx.axes, ctx.skin, ctx.start_offset))
    patch = mem.start.patch
    R_wanted = nearest_tilt(mem.start.T_base_probe[:3, :3], -patch.normal, _TILT_BEFORE_TOUCH_RAD)
    turn = rotation_rate(ctx.rotation, R_wanted, 1.5, _TURN_RAD_S)
    offset = ctx.position_m - patch.point_m
    height = float(offset @ patch.normal)
    lateral = offset - height * patch.normal
    lateral_m = float(np.linalg.norm(lateral))
    clear_m = height_m(ctx.position_m, ctx.under) if ctx.under is not None else height

    mem.touch_ticks = mem.touch_ticks + 1 if ctx.force_n > _TOUCHED_N else 0
    if mem.touch_ticks >= 2:
        mem.enter(ControlPhase.TOUCH, ctx.now_ns)
        return touch(ctx, mem)
    turned = float(np.linalg.norm(turn)) < 1.5 * radians(6.0)
    above = lateral_m < 0.010 and turned and height < CLEAR_M + 0.03
    if mem.descending or above:
        mem.descending = lateral_m < 0.025
        if height < -_TOO_DEEP_M:
            return Motion(ControlPhase.APPROACH, outcome=Outcome.ABORTED, detail="no contact where the skin should be")
        velocity = -ctx.limits.approach_m_s * patch.normal - shortened(1.0 * lateral, 0.010)
        return Motion(ControlPhase.APPROACH, linear_m_s=velocity, angular_rad_s=turn, detail="going down")
    sideways = shortened(-1.5 * lateral, _TRANSIT_M_S)
    vertical = min(max(1.5 * (CLEAR_M + 0.005 - height), -_LIFT_M_S), _LIFT_M_S)
    if clear_m < _MIN_CLEAR_M + 0.01:
        share = min(max((clear_m - 0.02) / 0.03, 0.0), 1.0)
        sideways = share * sideways
        vertical = max(vertical, 0.0)
        velocity = sideways + vertical * patch.normal + 2.5 * max(CLEAR_M - clear_m, 0.0) * ctx.outward
    else:
        velocity = sideways + vertical * patch.normal
    return Motion(
        ControlPhase.APPROACH,
        linear_m_s=shortened(velocity, _TRANSIT_M_S),
        angular_rad_s=turn,
        detail="flying to start",
    )


def turned_for(scout: View | None, view: View, start: Start) -> Start:
    """A start of `view`, turned to `scout` when that finds its place."""
    if scout is None:
        return start
    T = start.T_base_probe
    return replace(start, T_base_probe=se3.transform(turned_to(T[:3, :3], view, scout), T[:3, 3]))


def touch(ctx: Context, mem: Memory) -> Motion:
    """Hold 2 N until the contact has lasted."""
    if mem.in_phase_s(ctx.now_ns) > 0.3 and ctx.force_n > _TOUCHED_N:
        mem.enter(ControlPhase.COUPLE, ctx.now_ns)
        return couple(ctx, mem)
    return Motion(ControlPhase.TOUCH, setpoint_n=ctx.limits.touch_force_n)


def couple(ctx: Context, mem: Memory) -> Motion:
    """Raise the force to the set-point (the regulator ramps it) and let it settle."""
    settled = abs(ctx.force_n - mem.setpoint_n) < _SETTLED_N
    if not settled:
        mem.good_since_ns = -1
    elif mem.good_since_ns < 0:
        mem.good_since_ns = ctx.now_ns
    long_enough = mem.good_since_ns >= 0 and ctx.now_ns - mem.good_since_ns > 300_000_000
    if long_enough or mem.in_phase_s(ctx.now_ns) > 3.0:
        sweep = ctx.goal.kind is GoalKind.SWEEP
        mem.enter(ControlPhase.SWEEP if sweep else ControlPhase.SEARCH, ctx.now_ns)
    return Motion(ControlPhase.COUPLE, setpoint_n=mem.setpoint_n)
