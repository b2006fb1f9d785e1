"""Search a view, refine it, hold it."""

from math import radians

import numpy as np

from echopilot_control.context import Context, Memory
from echopilot_control.phases.home import LOOK_RAD_S, MAX_TILT_RAD, MOVE_M_S, TURN_RAD_S, home, where_to_search
from echopilot_control.phases.watch import believed, follows_aorta
from echopilot_control.search.homing import ROUNDS, SCOUT_ROUNDS, Homing
from echopilot_control.search.priors import PRIORS, nearest_tilt
from echopilot_control.search.spiral import fan_rad, spiral_point_m
from echopilot_control.servo.centring import centring_velocity_m_s
from echopilot_control.servo.coupling import balance_rate_rad_s
from echopilot_control.servo.motion import Motion, across, rotation_rate
from echopilot_control.tracking import caution
from echopilot_control.vectors import shortened
from echopilot_core import ControlPhase, Outcome, View, se3

_SEARCH_M_S = 0.012
_SEARCH_RADIUS_M = 0.045
_CENTRED_M = 0.005
_STABLE_NS = 700_000_000
_ACCEPT_NS = 4_000_000_000  # so long on the fused target, it is taken without the view gate (twice so for a low score)
_WEAK_SCORE = 0.2
_LOST_NS = 2_000_000_000
_SCOUTING_RAD = radians(25.0)  # so near its direction a scouting view is believed
_COAST_NS = 4_000_000_000  # at 15 mm/s this crosses a rib and its shadow


def search(ctx: Context, mem: Memory) -> Motion:
    """Tilt into the view's direction, then spiral over the skin with a tilt fan until the target is believed."""
    if mem.search_centre_m is None or mem.R_search is None:
        point_m = mem.start.patch.point_m if mem.start is not None else ctx.position_m
        T_search = where_to_search(ctx, mem, se3.transform(_direction(ctx, mem), point_m))
        mem.R_search, mem.search_centre_m = T_search[:3, :3], T_search[:3, 3]
    turned = mem.scout is None or se3.angle_between(ctx.rotation, mem.R_search) < _SCOUTING_RAD
    if believed(ctx, mem) and turned:
        mem.homing = Homing(SCOUT_ROUNDS if mem.scout is not None else ROUNDS)
        mem.enter(ControlPhase.REFINE, ctx.now_ns)
        return refine(ctx, mem)
    along = across(mem.R_search[:, 0], ctx.outward)
    along = along / max(float(np.linalg.norm(along)), 1e-9)
    beside = se3.hat(ctx.outward) @ along
    point = spiral_point_m(mem.search_travel_m)
    wanted_m = mem.search_centre_m + point[0] * along + point[1] * beside
    miss = across(wanted_m - ctx.position_m, ctx.outward)
    tilt = fan_rad(max(mem.search_travel_m, 0.0) / _SEARCH_M_S)
    R_wanted = mem.R_search @ se3.so3_exp(np.array([tilt[0], tilt[1], 0.0]))
    R_wanted = nearest_tilt(R_wanted, -ctx.outward, MAX_TILT_RAD)
    turn = rotation_rate(ctx.rotation, R_wanted, 1.5, TURN_RAD_S if turned else LOOK_RAD_S)
    if float(np.linalg.norm(miss)) < 0.008 and float(np.linalg.norm(turn)) < 1.5 * radians(8.0):
        mem.search_travel_m += _SEARCH_M_S * ctx.dt_s
    if float(np.linalg.norm(point)) > _SEARCH_RADIUS_M:
        mem.search_travel_m = 0.0
        if mem.T_best is not None and mem.best_score > _WEAK_SCORE:
            mem.search_centre_m, mem.R_search = mem.T_best[:3, 3], mem.T_best[:3, :3]
    return Motion(
        ControlPhase.SEARCH,
        linear_m_s=shortened(1.5 * miss, MOVE_M_S),
        angular_rad_s=turn,
        setpoint_n=mem.setpoint_n,
        detail=f"searching {ctx.goal.view.name}",
        progress=0.3,
    )


def _direction(ctx: Context, mem: Memory) -> np.ndarray:
    if mem.start is not None:
        return mem.start.T_base_probe[:3, :3]
    prior = PRIORS.get(mem.sought(ctx.goal))
    if ctx.axes is None or prior is None:
        return ctx.rotation.copy()
    return ctx.axes.R_base_patient @ prior.rotation


def refine(ctx: Context, mem: Memory) -> Motion:
    """Servo on the believed target until it has been reached for 0.7 s."""
    if not believed(ctx, mem) and mem.in_phase_s(ctx.now_ns) > 0.5:
        return _unsure(ctx, mem)
    motion, there, certain = _to_lumen(ctx, mem) if follows_aorta(ctx) else home(ctx, mem)
    if not there:
        mem.good_since_ns = -1
        return motion
    if mem.good_since_ns < 0:
        mem.good_since_ns = ctx.now_ns
    stable_ns = ctx.now_ns - mem.good_since_ns
    weak = stable_ns > (_ACCEPT_NS if mem.score > _WEAK_SCORE else 2 * _ACCEPT_NS)
    if (certain and stable_ns > _STABLE_NS) or weak:
        mem.enter(ControlPhase.HOLD, ctx.now_ns)
        mem.confirmed = certain
        doubt = "" if certain else ", not confirmed by the view gate"
        mem.detail = f"{ctx.goal.view.name} acquired{doubt}"
        return hold(ctx, mem)
    return motion


def _unsure(ctx: Context, mem: Memory) -> Motion:
    """Cross a shadow towards the last target; search around the present place when nothing comes back."""
    lost_ns = ctx.now_ns - mem.seen_ns
    aimed = mem.fuser.T_base_target is not None or mem.homing.T_home is not None
    if aimed and lost_ns < _COAST_NS:
        motion, there, _ = home(ctx, mem)
        if not there:
            return motion
    if lost_ns > _LOST_NS:
        mem.fuser.reset()
        mem.search_centre_m = ctx.position_m.copy()
        mem.R_search = _direction(ctx, mem)
        mem.search_travel_m = 0.0
        mem.enter(ControlPhase.SEARCH, ctx.now_ns)
    return Motion(ControlPhase.REFINE, setpoint_n=mem.setpoint_n, detail="target unsure", progress=0.6)


def _to_lumen(ctx: Context, mem: Memory) -> tuple[Motion, bool, bool]:
    estimate = mem.target.now(ctx.now_ns, ctx.T)
    if estimate is None:
        return Motion(ControlPhase.REFINE, setpoint_n=mem.setpoint_n), False, False
    speed = centring_velocity_m_s(estimate.x_m, 0.0, MOVE_M_S, estimate.speed_x_m_s) * caution(estimate.sigma_x_m, 0.01)
    R_wanted = nearest_tilt(_direction(ctx, mem), -ctx.outward, radians(25.0))
    turn = rotation_rate(ctx.rotation, R_wanted, 0.6, radians(8.0))
    if ctx.seen is not None:
        turn = turn + balance_rate_rad_s(ctx.seen.coupling) * ctx.rotation[:, 1]
    motion = Motion(
        ControlPhase.REFINE,
        linear_m_s=speed * across(ctx.rotation[:, 0], ctx.outward),
        angular_rad_s=turn,
        setpoint_n=mem.setpoint_n,
        detail=f"centring the aorta: {1e3 * estimate.x_m:.1f} mm",
        progress=0.7,
    )
    probability = float(ctx.seen.view_probability[int(View.AORTA_TRANS)]) if ctx.seen is not None else 0.0
    return motion, abs(estimate.x_m) < _CENTRED_M, probability >= 0.3


def hold(ctx: Context, mem: Memory) -> Motion:
    """Keep the force, freeze everything else."""
    return Motion(
        ControlPhase.HOLD,
        setpoint_n=mem.setpoint_n,
        outcome=Outcome.SUCCEEDED,
        detail=mem.detail or "holding",
        progress=1.0,
    )
