"""Slides along the abdominal aorta from xiphoid to navel, centred and perpendicular to it."""

from math import cos, pi, radians

import numpy as np
from numpy.typing import NDArray

from echopilot_control.body_axes import BodyAxes
from echopilot_control.context import Context, Memory
from echopilot_control.phases.watch import believed
from echopilot_control.search.priors import nearest_tilt
from echopilot_control.servo.centre_line import Section, direction
from echopilot_control.servo.centring import centring_velocity_m_s
from echopilot_control.servo.coupling import balance_rate_rad_s
from echopilot_control.servo.motion import Motion, across, rotation_rate
from echopilot_control.tracking import caution
from echopilot_core import ClassExtent, ControlPhase, Outcome, Seen, Tissue, se3

Array = NDArray[np.float64]

_BEYOND_NAVEL_M = 0.010
_LOST_END_M = 0.025
_LOST_AFTER_SHARE = 0.70
_MAX_SPEED_M_S = 0.015
_LATERAL_M_S = 0.012
_MIDLINE_M = 0.055
_LINE_MEMORY_M = 0.050
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
        _remember_section(ctx, mem, share)
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


def _remember_section(ctx: Context, mem: Memory, share: float) -> None:
    point = mem.target.point_m(ctx.now_ns)
    lumen = ctx.fresh.extent(Tissue.AO_LUMEN) if ctx.fresh is not None else None
    if point is None or lumen is None or ctx.fresh is None or ctx.axes is None or ctx.T_at_frame is None:
        return
    if ctx.now_ns - mem.seen_ns > 100_000_000:
        return
    line, onward, R = mem.sections, -ctx.axes.superior, ctx.T_at_frame[:3, :3]
    if not line or float(np.linalg.norm(point - line[-1].centre_m)) > 0.001:
        back = point + _to_back_m(ctx.fresh, lumen) * R[:, 2]
        section = Section(point, _along(R, onward), lumen.area_m2, back)
        if section.finite:
            line.append(section)
    while len(line) > 2 and float(np.linalg.norm(line[0].centre_m - line[-1].centre_m)) > _LINE_MEMORY_M:
        line.pop(0)
    mem.aorta_along = direction(line, onward, _along(_nominal(ctx.axes, share), onward), ctx.axes.posterior)


def _to_back_m(seen: Seen, lumen: ClassExtent) -> float:
    """From the centre of the lumen to the back wall behind it [m], thrombus included, as if both were round."""
    wall = seen.extent(Tissue.AO_WALL)
    if wall is None:
        return float(np.sqrt(lumen.area_m2 / np.pi))
    area_m2 = lumen.area_m2 + wall.area_m2
    return wall.area_m2 / area_m2 * (wall.centroid_y_m - lumen.centroid_y_m) + float(np.sqrt(area_m2 / np.pi))


def _along(R: Array, onward: Array) -> Array:
    """Normal (3,) of the image plane of a probe, turned onward."""
    return R[:, 1] if float(R[:, 1] @ onward) > 0.0 else -R[:, 1]


def _nominal(axes: BodyAxes, share: float) -> Array:
    """Rotation (3, 3) to expect at a share of the way from xiphoid to navel.

    The beam leans 9 degrees towards the feet at the xiphoid, where the aorta leaves the diaphragm, and becomes vertical
    at 60 % of the way.
    """
    return se3.look_along(axes.posterior - _LEAN * max(1.0 - share / 0.6, 0.0) * axes.superior, axes.left)


def _perpendicular(ctx: Context, mem: Memory, share: float) -> Array:
    """Wanted rotation: the image plane across the aorta, at most 15 degrees from nominal and 25 from the skin."""
    assert ctx.axes is not None
    nominal, along = _nominal(ctx.axes, share), mem.aorta_along
    wanted = nominal
    if along is not None:
        beam = nominal[:, 2]
        wanted = se3.look_along(beam - float(beam @ along) * along, se3.hat(along) @ beam)
        excess = se3.so3_log(nominal.T @ wanted)
        angle = float(np.linalg.norm(excess))
        if angle > _LINE_TILT_RAD:
            wanted = nominal @ se3.so3_exp(excess * (_LINE_TILT_RAD / angle))
    return nearest_tilt(wanted, -ctx.outward, _SKIN_TILT_RAD)


def _unit(vector: Array) -> Array:
    return vector / max(float(np.linalg.norm(vector)), 1e-9)
