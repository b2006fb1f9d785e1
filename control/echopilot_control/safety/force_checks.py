"""Checks of the measured wrench: range, rate, and whether there is anything to press on."""

import numpy as np

from echopilot_control.safety.evidence.tick import SafetyTick
from echopilot_control.safety.reasons import Reason
from echopilot_control.safety.state import ForceMemory, SkinNear
from echopilot_core import Array, RobotState, to_ns

LATERAL_TRIP_N = 20.0
TORQUE_TRIP_N_M = 3.0
DWELL_N = 15.0
BIAS_N = 2.0
_BIAS_NS = to_ns(0.2)
_DWELL_NS = to_ns(60.0)
_NO_SKIN_M = 0.060  # farther from every skin point than the camera's holes and the patient's small motions explain


def guard_force(tick: SafetyTick) -> list[Reason]:
    """Force, torque and rate within their limits, and a sensor that lives and has skin to press on."""
    memory, robot, limits = tick.memory.force, tick.usable_robot, tick.limits
    if robot is None:
        return []
    force_n, stamp_ns = robot.contact_force_n, robot.stamp_ns
    reasons: list[Reason] = []
    if force_n > limits.trip_force_n:
        reasons.append(Reason.FORCE_TRIP)
    fx, fy, fz, tx, ty, tz = robot.wrench.tolist()
    if fx * fx + fy * fy > LATERAL_TRIP_N**2:
        reasons.append(Reason.FORCE_LATERAL)
    if tx * tx + ty * ty + tz * tz > TORQUE_TRIP_N_M**2:
        reasons.append(Reason.FORCE_TORQUE)

    fast_rises = memory.fast_rises
    dt_ns = stamp_ns - memory.stamp_ns
    if memory.stamp_ns >= 0 and dt_ns > 0:
        rising = (force_n - memory.force_n) * 1e9 / dt_ns > limits.force_rate_n_s
        fast_rises = fast_rises + 1 if rising else 0
    pressed_since_ns = _since(memory.pressed_since_ns, force_n > DWELL_N, stamp_ns)
    pulled = fx * fx + fy * fy + fz * fz > BIAS_N**2
    skin = _skin_near(memory.skin, tick.memory.body.coarse_m, robot) if pulled else memory.skin
    biased = force_n < -BIAS_N or (pulled and skin is not None and skin.near_m is None)
    bias_since_ns = _since(memory.bias_since_ns, biased, stamp_ns)
    if fast_rises >= 2:
        reasons.append(Reason.FORCE_SPIKE)
    if _lasted(pressed_since_ns, stamp_ns, _DWELL_NS):
        reasons.append(Reason.FORCE_DWELL)
    if _lasted(bias_since_ns, stamp_ns, _BIAS_NS):
        reasons.append(Reason.FORCE_BIAS)
    newest_ns = max(stamp_ns, memory.stamp_ns)
    tick.force = ForceMemory(force_n, newest_ns, fast_rises, bias_since_ns, pressed_since_ns, skin)
    return reasons


def _since(since_ns: int, holds: bool, stamp_ns: int) -> int:
    """When a condition began to hold; -1 while it does not."""
    if not holds:
        return -1
    return since_ns if since_ns >= 0 else stamp_ns


def _lasted(since_ns: int, stamp_ns: int, long_ns: int) -> bool:
    return since_ns >= 0 and stamp_ns - since_ns >= long_ns


def _skin_near(before: SkinNear | None, points_m: Array | None, robot: RobotState) -> SkinNear | None:
    """A point of the seen skin (n, 3) that is near the probe, the one before where it still is; None without a skin."""
    if points_m is None or not len(points_m):
        return None
    position_m = robot.T_base_probe[:3, 3]
    if before is not None and before.points_m is points_m and before.near_m is not None:
        away_m = before.near_m - position_m
        if float(away_m @ away_m) <= _NO_SKIN_M**2:
            return before
    away = points_m - position_m
    squares_m2 = np.einsum("ij,ij->i", away, away)
    nearest = int(squares_m2.argmin())
    return SkinNear(points_m, points_m[nearest] if squares_m2[nearest] <= _NO_SKIN_M**2 else None)
