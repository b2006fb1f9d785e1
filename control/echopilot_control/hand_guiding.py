"""Hand guiding: the twist that the operator asks for in guided mode, by a jog or by pushing against the probe."""

from dataclasses import dataclass
from math import hypot, radians

import numpy as np

from echopilot_control.vectors import all_finite, clamp_norm, length
from echopilot_core import Array, RobotState, to_ns

JOG_AGE_NS = to_ns(0.2)
"""Age up to which a jog is valid: the probe stops when the stick, the page or the network falls silent."""

PUSH_FREE_N = 4.0
"""Dead band of pushes, above gel friction at 8 N and noise."""
PUSH_GAIN_M_S_N = 0.004  # 4 N beyond the dead band: 16 mm/s
TWIST_FREE_N_M = 0.4
TWIST_GAIN_RAD_S_N_M = radians(25.0)
JOG_LINEAR_M_S, JOG_ANGULAR_RAD_S = 0.012, radians(12.0)
"""Below the limits in contact, to leave room for the overshoot of the arm."""
SLEW_M_S2, SLEW_RAD_S2 = 0.06, radians(30.0)
"""A turn that starts or stops at once swings the face of the simulated arm at 60 mm/s."""


@dataclass(frozen=True)
class Jog:
    """Wanted twist (6,) [m/s, rad/s] of the probe in `probe` at its origin; motion along z is left to the force."""

    stamp_ns: int
    twist: Array


def hand_guiding_twist(robot: RobotState, jog: Jog | None, now_ns: int) -> Array:
    """Twist (6,) in `base` that the operator asks for; zero without a fresh jog and without a push.

    A push is read from the wrench across the beam, beyond a dead band. Along z the force loop alone decides.
    """
    wanted = np.zeros(6)
    fx, fy, _, tx, ty, tz = robot.wrench.tolist()
    if jog is None and hypot(fx, fy) <= PUSH_FREE_N and hypot(tx, ty, tz) <= TWIST_FREE_N_M:
        return wanted
    if all_finite(robot.wrench):
        wanted[:2] = PUSH_GAIN_M_S_N * _beyond(robot.wrench[:2], PUSH_FREE_N)
        wanted[3:] = TWIST_GAIN_RAD_S_N_M * _beyond(robot.wrench[3:], TWIST_FREE_N_M)
    if jog is not None and abs(now_ns - jog.stamp_ns) <= JOG_AGE_NS and all_finite(jog.twist):
        wanted += jog.twist * np.array([1.0, 1.0, 0.0, 1.0, 1.0, 1.0])
    R = robot.T_base_probe[:3, :3]
    return np.concatenate([R @ clamp_norm(wanted[:3], JOG_LINEAR_M_S), R @ clamp_norm(wanted[3:], JOG_ANGULAR_RAD_S)])


def limit_slew(previous: Array, wanted: Array, dt_s: float) -> Array:
    """The twist (6,) after one tick on the way from `previous` to `wanted`, with limited acceleration."""
    step = wanted - previous
    linear, angular = clamp_norm(step[:3], SLEW_M_S2 * dt_s), clamp_norm(step[3:], SLEW_RAD_S2 * dt_s)
    return np.asarray(previous + np.concatenate([linear, angular]))


def _beyond(vector: Array, free: float) -> Array:
    """A vector shortened by the length `free`; zero when it is no longer."""
    norm = length(vector)
    return np.zeros_like(vector) if norm <= free else np.asarray(vector * ((norm - free) / norm))
