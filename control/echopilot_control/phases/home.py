"""Homing on a view by guidance: follow it, look round it, go to the mean; first on the view that knows the place."""

from dataclasses import replace
from functools import partial
from math import radians

import numpy as np
from numpy.typing import NDArray

from echopilot_control.context import Context, Memory
from echopilot_control.phases.watch import gate_passes
from echopilot_control.search.beside import slid
from echopilot_control.search.homing import SCOUTED_ROUNDS, Homing
from echopilot_control.search.one_heart import coordinates, expected, posed
from echopilot_control.search.priors import PRIORS, nearest_tilt
from echopilot_control.search.windows import turned_to
from echopilot_control.servo.motion import Motion, across, rotation_rate
from echopilot_control.tracking import caution
from echopilot_control.vectors import shortened
from echopilot_core import ControlPhase, se3

Array = NDArray[np.float64]

MAX_TILT_RAD = radians(60.0)
MOVE_M_S, TURN_RAD_S = 0.015, radians(15.0)
LOOK_RAD_S = radians(25.0)
GAIN_1_S = 1.2  # a ramp is followed 1 / GAIN_1_S late, so that a look round is asked for as much ahead
_THERE_M, _THERE_RAD = 0.0025, radians(3.0)
_FOLLOW_S = (2.0, 5.0)  # at least and at most, before the first look round
_USABLE_M = 0.012
_FAR_RAD = radians(25.0)


def home(ctx: Context, mem: Memory) -> tuple[Motion, bool, bool]:
    """One tick of it: the motion, whether the probe rests where it should, and whether the view gate agrees."""
    homing = mem.homing
    T_target = homing.T_home if homing.T_home is not None else mem.fuser.T_base_target
    if homing.looking:
        T_target = homing.look(ctx.now_ns, 1.0 / GAIN_1_S, partial(_settle, ctx, mem))
        if homing.settled and mem.scout is not None:
            return _turn_from_scout(ctx, mem), False, False
    if T_target is None:
        return Motion(ControlPhase.REFINE, setpoint_n=mem.setpoint_n), False, False
    miss = across(T_target[:3, 3] - ctx.position_m, ctx.outward)
    R_wanted = nearest_tilt(T_target[:3, :3], -ctx.outward, MAX_TILT_RAD)
    angle = se3.angle_between(ctx.rotation, R_wanted)
    miss_m = float(np.linalg.norm(miss))
    speed = 1.0 if homing.looking else caution(float(mem.fuser.sigma[:3].max()), _USABLE_M)
    turn_rad_s = LOOK_RAD_S if homing.looking or angle > _FAR_RAD else TURN_RAD_S
    motion = Motion(
        ControlPhase.REFINE,
        linear_m_s=speed * shortened(GAIN_1_S * miss, MOVE_M_S),
        angular_rad_s=speed * rotation_rate(ctx.rotation, R_wanted, GAIN_1_S, turn_rad_s),
        setpoint_n=mem.setpoint_n,
        detail=_detail(mem, miss_m, angle),
        progress=0.6 + 0.3 * homing.rounds / homing.least_and_most[1],
    )
    slack = 2.0 if mem.good_since_ns >= 0 else 1.0  # what has been reached is not lost by a little noise
    there = miss_m < slack * _THERE_M and angle < slack * _THERE_RAD
    if homing.looking:
        return motion, False, False
    followed_s = mem.in_phase_s(ctx.now_ns)
    if homing.T_home is None and ((there and followed_s > _FOLLOW_S[0]) or followed_s > _FOLLOW_S[1]):
        homing.start_look(T_target, ctx.now_ns)
    elif homing.T_home is not None and there and not homing.settled:
        homing.start_look(homing.T_home, ctx.now_ns)
    return motion, there and homing.settled, gate_passes(ctx)


def where_to_search(ctx: Context, mem: Memory, T_guess: Array) -> Array:
    """A guessed pose (4, 4) of the view that is sought, amended by what the body and views found earlier tell."""
    return _amended(ctx, mem, T_guess, heard=False)


def _settle(ctx: Context, mem: Memory, T_base_view: Array) -> Array:
    """Where (4, 4) the view is, from what a look round says of it and what the views found earlier tell."""
    if ctx.axes is None or mem.sought(ctx.goal) not in PRIORS:
        return T_base_view
    mem.heard[mem.sought(ctx.goal)] = coordinates(mem.sought(ctx.goal), T_base_view, ctx.axes)
    return _amended(ctx, mem, T_base_view, heard=True)


def _amended(ctx: Context, mem: Memory, T_base_view: Array, heard: bool) -> Array:
    view = mem.sought(ctx.goal)
    if ctx.axes is None or view not in PRIORS:
        return T_base_view
    guess = None if heard else coordinates(view, T_base_view, ctx.axes)
    where = expected(view, {**ctx.found, **mem.heard}, ctx.axes, guess)
    if where is None:
        return T_base_view
    T = posed(view, where, T_base_view, ctx.axes, ctx.outward)
    return T if ctx.beside_m is None else slid(T, across(ctx.beside_m, ctx.outward))


def _turn_from_scout(ctx: Context, mem: Memory) -> Motion:
    """Turn from where the scouting view was found to the view of the goal."""
    scout, T_home = mem.scout, mem.homing.T_home
    assert scout is not None and T_home is not None
    T = se3.transform(turned_to(T_home[:3, :3], scout, ctx.goal.view), T_home[:3, 3])
    mem.scout = None
    T = _amended(ctx, mem, T, heard=True)
    if mem.start is not None:
        mem.start = replace(mem.start, T_base_probe=T)
    mem.fuser.reset()
    mem.homing = Homing(SCOUTED_ROUNDS, T_home=T)
    return Motion(ControlPhase.REFINE, setpoint_n=mem.setpoint_n, detail=f"turning from {scout.name}", progress=0.8)


def _detail(mem: Memory, miss_m: float, angle_rad: float) -> str:
    if mem.homing.looking:
        by_way = f" in {mem.scout.name}" if mem.scout is not None else ""
        return f"looking round{by_way}, {mem.homing.rounds + 1} of at most {mem.homing.least_and_most[1]} times"
    return f"refining: {1e3 * miss_m:.1f} mm, {np.degrees(angle_rad):.1f} deg to go"
