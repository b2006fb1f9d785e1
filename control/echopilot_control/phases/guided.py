"""Guided mode: the operator moves the probe, the robot keeps the force, the contact of the whole face, and centring."""

from math import radians

import numpy as np
from numpy.typing import NDArray

from echopilot_control.context import Context, Memory
from echopilot_control.hand import slewed
from echopilot_control.phases.watch import believed, follows_aorta
from echopilot_control.search.priors import PRIORS
from echopilot_control.servo.centring import centring_velocity_m_s
from echopilot_control.servo.coupling import balance_rate_rad_s
from echopilot_control.servo.motion import Motion
from echopilot_control.tracking import caution
from echopilot_core import ControlPhase, View

Array = NDArray[np.float64]

MAX_TILT_RAD = radians(60.0)
_BRAKE_RAD = radians(13.0)  # before it, so that the arm's lag does not carry the probe past it
_STILL_NS = 1_000_000_000  # the robot helps only after the hand has rested this long
_CENTRING_M_S = 0.006


def begin_guided(ctx: Context, touching: bool) -> ControlPhase:
    """Set the probe down where the view usually is; a view without a place waits for the operator to bring it."""
    if touching:
        return ControlPhase.HOLD
    view = ctx.goal.view
    return ControlPhase.APPROACH if view is not View.NONE and view in PRIORS else ControlPhase.IDLE


def guided(ctx: Context, mem: Memory) -> Motion:
    """One tick of hand-guided contact: what the hand asks across the skin; once it rests, help from the picture."""
    mem.enter(ControlPhase.HOLD, ctx.now_ns)
    if ctx.hand.any() or mem.hand.any():
        mem.hand = slewed(mem.hand, ctx.hand, ctx.dt_s)
        mem.good_since_ns = ctx.now_ns
        return _motion(mem, mem.hand[:3], _within_tilt(ctx, mem.hand[3:]), "the operator moves the probe")
    still = mem.good_since_ns < 0 or ctx.now_ns - mem.good_since_ns > _STILL_NS
    if not still or ctx.seen is None:
        return _motion(mem, np.zeros(3), np.zeros(3), "waits for the operator")
    linear = np.zeros(3)
    if follows_aorta(ctx) and believed(ctx, mem):
        estimate = mem.target.now(ctx.now_ns, ctx.T)
        if estimate is not None:
            speed = centring_velocity_m_s(estimate.x_m, 0.0, _CENTRING_M_S) * caution(estimate.sigma_x_m, 0.01)
            linear = speed * ctx.rotation[:, 0]
    turn = balance_rate_rad_s(ctx.seen.coupling) * ctx.rotation[:, 1]
    return _motion(mem, linear, _within_tilt(ctx, turn), "waits for the operator, keeps force and centring")


def _motion(mem: Memory, linear_m_s: Array, angular_rad_s: Array, detail: str) -> Motion:
    return Motion(
        ControlPhase.HOLD,
        linear_m_s=linear_m_s,
        angular_rad_s=angular_rad_s,
        setpoint_n=mem.setpoint_n,
        detail=detail,
        progress=0.5,
    )


def _within_tilt(ctx: Context, angular_rad_s: Array) -> Array:
    """The turn without what would lean the probe more than 60 degrees from the skin's normal."""
    inward = -ctx.outward
    leaning = float(np.arccos(np.clip(ctx.z @ inward, -1.0, 1.0)))
    closing = float(np.cross(angular_rad_s, ctx.z) @ inward)
    if closing >= 0.0:
        return angular_rad_s
    share = min(max((MAX_TILT_RAD - leaning) / _BRAKE_RAD, 0.0), 1.0)
    spin = float(angular_rad_s @ ctx.z) * ctx.z
    return np.asarray(spin + share * (angular_rad_s - spin))
