"""Slides along the abdominal aorta from xiphoid to navel, centred and perpendicular to it."""

from math import cos, pi, radians

import numpy as np
from numpy.typing import NDArray

from echopilot_control.context import Context, Memory
from echopilot_control.phases.watch import believed
from echopilot_control.search.priors import nearest_tilt
from echopilot_control.servo.centring import centring_velocity_m_s
from echopilot_control.servo.coupling import balance_rate_rad_s
from echopilot_control.servo.motion import Motion, across, rotation_rate
from echopilot_control.tracking import caution
from echopilot_core import ControlPhase, Outcome, se3

Array = NDArray[np.float64]

_BEYOND_NAVEL_M = 0.010
_LOST_END_M = 0.025
_LOST_AFTER_SHARE = 0.70
_MAX_SPEED_M_S = 0.015
_LATERAL_M_S = 0.012
_MIDLINE_M = 0.055
_LINE_MEMORY_M = 0.050
_LINE_ENOUGH_M = 0.020
_LINE_CURVED_M = 0.040
_TURN_GAIN_1_S, _TURN_RAD_S = 2.0, radians(12.0)  # at 7 mm/s the plane is turned 3 mm behind the curve
_LEAN = 0.16
_LINE_TILT_RAD = radians(15.0)
_SKIN_TILT_RAD = radians(25.0)


def sweep(ctx: Context, mem: Memory) -> Motion:
    """One tick along the skin; SUCCEEDED past the navel or where the aorta has ended behind 70 % of the way."""
    axes = ctx.axes
    if axes is None:
        return Motion(ControlPhase.SWEEP, setpoint_n=mem.setpoint_n, detail="waiting for landmarks")
    onward = _unit(across(-axes.superior, ctx.outward))
    known = believed(ctx, mem)
    last = mem.path_last_m if mem.path_last_m is not None else ctx.position_m
    advance_m = max(float((ctx.position_m - last) @ onward), 0.0)
    mem.path_last_m = ctx.position_m.copy()
    mem.station_m = advance_m + (0.0 if np.isnan(mem.station_m) else mem.station_m)
    mem.sweep_lost_m = 0.0 if known else mem.sweep_lost_m + advance_m

    share = float((axes.xiphoid_m - ctx.position_m) @ axes.superior) / axes.abdomen_m
    ended = share * axes.abdomen_m > axes.abdomen_m + _BEYOND_NAVEL_M
    forked = share > _LOST_AFTER_SHARE and mem.sweep_lost_m > _LOST_END_M
    if ended or forked:
        mem.enter(ControlPhase.HOLD, ctx.now_ns)
        mem.detail = "sweep ended past the navel" if ended else "sweep ended where the aorta was no longer seen"

    if ctx.fresh is not None:
        _remember_centre(ctx, mem)
    sideways = _unit(across(ctx.rotation[:, 0], ctx.outward))
    speed = min(ctx.goal.speed_m_s, _MAX_SPEED_M_S)
    lateral = 0.0
    estimate = mem.target.now(ctx.now_ns, ctx.T) if known else None
    if estimate is not None:
        lateral = centring_velocity_m_s(estimate.x_m, 0.0, _LATERAL_M_S, estimate.speed_x_m_s)
        lateral *= caution(estimate.sigma_x_m, 0.01)
    elif ctx.now_ns - mem.seen_ns > 1_000_000_000:
        lateral = 0.010 * cos(2.0 * pi * mem.in_phase_s(ctx.now_ns) / 3.0)  # +-5 mm to look for it
        speed *= 0.7
    from_midline = float((ctx.position_m - axes.xiphoid_m) @ axes.left)
    if abs(from_midline) > _MIDLINE_M and lateral * from_midline * float(sideways @ axes.left) > 0.0:
        lateral = 0.0
    turn = rotation_rate(ctx.rotation, _perpendicular(ctx, mem, share), _TURN_GAIN_1_S, _TURN_RAD_S)
    if ctx.seen is not None:
        turn = turn + 0.5 * balance_rate_rad_s(ctx.seen.coupling) * ctx.rotation[:, 1]
    return Motion(
        ControlPhase.SWEEP,
        linear_m_s=speed * onward + lateral * sideways,
        angular_rad_s=turn,
        setpoint_n=mem.setpoint_n,
        outcome=Outcome.SUCCEEDED if ended or forked else Outcome.RUNNING,
        detail=mem.detail or ("following the aorta" if known else "aorta not seen"),
        progress=min(max(share, 0.0), 1.0),
    )


def _remember_centre(ctx: Context, mem: Memory) -> None:
    point = mem.target.point_m(ctx.now_ns)
    if point is None or ctx.now_ns - mem.seen_ns > 100_000_000:
        return
    line = mem.centre_line
    if not line or float(np.linalg.norm(point - line[-1])) > 0.001:
        line.append(point)
    while len(line) > 2 and float(np.linalg.norm(line[0] - line[-1])) > _LINE_MEMORY_M:
        line.pop(0)
    if ctx.axes is not None:
        mem.aorta_along = line_direction(line, -ctx.axes.superior)


def line_direction(points_m: list[Array], hint: Array) -> Array | None:
    """Unit tangent (3,) at the newest end of a curve through points (3,), along `hint`; None for too short a curve.

    Each coordinate is a quadratic in the way along `hint` (least squares, linear below 40 mm of way).
    """
    if len(points_m) < 8:
        return None
    points = np.stack(points_m)
    way = (points - points[-1]) @ hint
    span = float(way.max() - way.min())
    if span < _LINE_ENOUGH_M:
        return None
    degree = 2 if span > _LINE_CURVED_M else 1
    powers = np.stack([way**k for k in range(degree + 1)], axis=1)
    coefficients = np.linalg.lstsq(powers, points, rcond=None)[0]
    return _unit(coefficients[1])


def _perpendicular(ctx: Context, mem: Memory, share: float) -> Array:
    """Wanted rotation: the image plane across the aorta, at most 15 degrees from nominal and 25 from the skin.

    Nominally the beam leans 9 degrees towards the feet at the xiphoid, where the aorta leaves the diaphragm, and
    becomes vertical at 60 % of the way.
    """
    axes = ctx.axes
    assert axes is not None
    beam = axes.posterior - _LEAN * max(1.0 - share / 0.6, 0.0) * axes.superior
    nominal = se3.look_along(beam, axes.left)
    along = mem.aorta_along
    wanted = nominal
    if along is not None:
        wanted = se3.look_along(beam - float(beam @ along) * along, se3.hat(along) @ beam)
        excess = se3.so3_log(nominal.T @ wanted)
        angle = float(np.linalg.norm(excess))
        if angle > _LINE_TILT_RAD:
            wanted = nominal @ se3.so3_exp(excess * (_LINE_TILT_RAD / angle))
    return nearest_tilt(wanted, -ctx.outward, _SKIN_TILT_RAD)


def _unit(vector: Array) -> Array:
    return vector / max(float(np.linalg.norm(vector)), 1e-9)
