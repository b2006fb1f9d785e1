"""Robot-side contract: valid commands are followed, and 50 ms without one lead to a local compliant hold.

The hold reads its own force sensor. Along probe z it is an admittance that lets the arm give way with the body: the
wanted force falls by 300 N/m as the probe advances, and never rises above what it was told to hold. A stiff arm under a
breathing chest would pass 20 N.
"""

import math

import numpy as np
from numpy.typing import NDArray

from echopilot_core import RobotMode, SafeTwist
from echopilot_sim.compiled import njit

Array = NDArray[np.float64]

TIMEOUT_NS = 50_000_000
FUTURE_NS = 20_000_000
COAST_NS = 25_000_000  # a command older than this fades out until the time-out
STIFFNESS_N_M = 300.0
ADMITTANCE_M_S_N = 0.005
SPEED_MAX_M_S = 0.03
FORCE_MAX_N = 5.0  # set-point of the hold: lowest row of the limits table
FORCE_CONTACT_N = 1.0  # below this the probe hangs free: nothing to hold, only to give way
DEADBAND_N = 0.3
FORCE_FILTER_S = 0.1

_SERVO, _HOLD, _FAULT = int(RobotMode.SERVO), int(RobotMode.COMPLIANT_HOLD), int(RobotMode.FAULT)
_MODE, _FORCE, _HOLD_FORCE, _ADVANCE, _STAMP, _COMMAND = 0, 1, 2, 3, 4, 5  # places in the state; the command is last


@njit(cache=True, nogil=True)
def guard_twist(state: Array, now_ns: int, dt_s: float, force_n: float, z_axis: Array, twist: Array) -> None:
    """Fill `twist` (6,) in base to follow now; `force_n` is the measured pressing force along `z_axis` (3,) in base."""
    for j in range(6):
        twist[j] = 0.0
    if not math.isfinite(force_n):
        state[_MODE] = _FAULT
        return
    state[_FORCE] += (force_n - state[_FORCE]) * dt_s / FORCE_FILTER_S
    age_ns = now_ns - state[_STAMP]  # float64 counts nanoseconds exactly for 100 days; without a command infinite
    if age_ns < TIMEOUT_NS:
        state[_MODE] = _SERVO
        fade = min(1.0, (TIMEOUT_NS - age_ns) / (TIMEOUT_NS - COAST_NS))
        for j in range(6):
            twist[j] = state[_COMMAND + j] * fade
        return
    if state[_MODE] != _HOLD:
        state[_MODE] = _HOLD
        state[_HOLD_FORCE] = min(state[_FORCE], FORCE_MAX_N) if state[_FORCE] > FORCE_CONTACT_N else 0.0
        state[_ADVANCE] = 0.0
    wanted_n = min(max(state[_HOLD_FORCE] - STIFFNESS_N_M * state[_ADVANCE], 0.0), state[_HOLD_FORCE])
    error_n = wanted_n - force_n
    deadband_n = DEADBAND_N if state[_HOLD_FORCE] > 0.0 else FORCE_CONTACT_N  # hanging free: only give way
    error_n = math.copysign(max(0.0, abs(error_n) - deadband_n), error_n)
    speed = min(max(ADMITTANCE_M_S_N * error_n, -SPEED_MAX_M_S), SPEED_MAX_M_S)
    if wanted_n == 0.0:
        speed = min(speed, 0.0)
    state[_ADVANCE] += speed * dt_s
    for j in range(3):
        twist[j] = speed * z_axis[j]


class Guard:
    """State of the contract; one object per arm, stepped every millisecond."""

    def __init__(self) -> None:
        self.state = np.zeros(_COMMAND + 6)
        self.state[_MODE], self.state[_STAMP] = _HOLD, -math.inf

    @property
    def mode(self) -> RobotMode:
        """What the arm is doing."""
        return RobotMode(int(self.state[_MODE]))

    def offer(self, command: SafeTwist, now_ns: int) -> bool:
        """Take a command when it is finite, at most 50 ms old, not from the future and newer than the last."""
        twist = np.asarray(command.twist, dtype=np.float64)
        if twist.shape != (6,) or not np.isfinite(twist).all():
            return False
        if not -FUTURE_NS <= now_ns - command.stamp_ns < TIMEOUT_NS:
            return False
        if command.stamp_ns <= self.state[_STAMP]:
            return False
        self.state[_STAMP] = command.stamp_ns
        self.state[_COMMAND:] = twist
        return True

    def twist(self, now_ns: int, dt_s: float, force_n: float, z_axis: Array) -> Array:
        """Twist (6,) in base to follow now; `force_n` is the measured pressing force, `z_axis` (3,) probe z in base."""
        out = np.zeros(6)
        guard_twist(self.state, now_ns, dt_s, force_n, z_axis, out)
        return out
