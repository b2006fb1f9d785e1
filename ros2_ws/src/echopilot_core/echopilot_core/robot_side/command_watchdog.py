"""Command watchdog of the arm: which twists are followed, and the local compliant hold without any (core's `Robot`).

The hold reads its own force sensor. Along probe z it is an admittance that lets the arm give way with the body: the
wanted force falls by 300 N/m as the probe advances, and never rises above what it was told to hold. A stiff arm under a
breathing chest would pass 20 N.
"""

import math

import numpy as np

from echopilot_core import Array, RobotInputs, RobotMode, SafeTwist, SafetyMode, SafetyState
from echopilot_core.kernels.compiled import njit
from echopilot_core.robot_interface import FUTURE_NS, HOLD_STIFFNESS_N_M, SILENCE_NS

COAST_NS = 25_000_000  # a command older than this fades out until it is too old
ADMITTANCE_M_S_N = 0.005
SPEED_MAX_M_S = 0.03
FORCE_MAX_N = 5.0  # set-point of the hold: lowest row of the limits table
FORCE_CONTACT_N = 1.0  # below this the probe hangs free: nothing to hold, only to give way
DEADBAND_N = 0.3
FORCE_FILTER_S = 0.1

_SERVO, _HOLD, _FAULT = int(RobotMode.SERVO), int(RobotMode.COMPLIANT_HOLD), int(RobotMode.FAULT)
_MODE, _FORCE, _HOLD_FORCE, _ADVANCE, _STAMP, _COMMAND = 0, 1, 2, 3, 4, 5  # places in the state; the command is last


@njit(cache=True, nogil=True)
def watchdog_twist(state: Array, now_ns: int, dt_s: float, force_n: float, z_axis: Array, twist: Array) -> None:
    """Fill `twist` (6,) in base to follow now; `force_n` is the measured pressing force along `z_axis` (3,) in base."""
    for j in range(6):
        twist[j] = 0.0
    if not math.isfinite(force_n):
        state[_MODE] = _FAULT
        return
    state[_FORCE] += (force_n - state[_FORCE]) * dt_s / FORCE_FILTER_S
    age_ns = now_ns - state[_STAMP]  # float64 counts nanoseconds exactly for 100 days; without a command infinite
    if age_ns < SILENCE_NS:
        state[_MODE] = _SERVO
        fade = min(1.0, (SILENCE_NS - age_ns) / (SILENCE_NS - COAST_NS))
        for j in range(6):
            twist[j] = state[_COMMAND + j] * fade
        return
    if state[_MODE] != _HOLD:
        state[_MODE] = _HOLD
        state[_HOLD_FORCE] = min(state[_FORCE], FORCE_MAX_N) if state[_FORCE] > FORCE_CONTACT_N else 0.0
        state[_ADVANCE] = 0.0
    wanted_n = min(max(state[_HOLD_FORCE] - HOLD_STIFFNESS_N_M * state[_ADVANCE], 0.0), state[_HOLD_FORCE])
    error_n = wanted_n - force_n
    deadband_n = DEADBAND_N if state[_HOLD_FORCE] > 0.0 else FORCE_CONTACT_N  # hanging free: only give way
    error_n = math.copysign(max(0.0, abs(error_n) - deadband_n), error_n)
    speed = min(max(ADMITTANCE_M_S_N * error_n, -SPEED_MAX_M_S), SPEED_MAX_M_S)
    if wanted_n == 0.0:
        speed = min(speed, 0.0)
    state[_ADVANCE] += speed * dt_s
    for j in range(3):
        twist[j] = speed * z_axis[j]


class CommandWatchdog:
    """State of the contract; one object per arm, stepped every millisecond."""

    def __init__(self) -> None:
        self.state = np.zeros(_COMMAND + 6)
        self.state[_MODE], self.state[_STAMP] = _HOLD, -math.inf
        self._newest_ns = -math.inf  # stamp of the newest command ever taken

    @property
    def mode(self) -> RobotMode:
        """What the arm is doing."""
        return RobotMode(int(self.state[_MODE]))

    def take(self, inputs: RobotInputs, now_ns: int, z_axis: Array) -> bool:
        """Take the twist that arrived, or let go of the one that is followed; `z_axis` (3,) is probe z in base.

        It is let go of, so that the hold begins at once, when twists or states of safety come from several publishers,
        and when safety is silent or latched; a safety that retracts may lead away from the patient.
        """
        several = inputs.twist_publishers > 1 or inputs.safety_publishers > 1
        if several or not _is_well(inputs.safety, now_ns):
            self.state[_STAMP] = -math.inf
            return False
        retracting = inputs.safety is not None and inputs.safety.mode is SafetyMode.RETRACT
        twist = inputs.twist
        if twist is not None and (not retracting or _leads_away(twist.twist, z_axis)) and self.offer(twist, now_ns):
            return True
        if retracting and not _leads_away(self.state[_COMMAND:], z_axis):
            self.state[_STAMP] = -math.inf
        return False

    def offer(self, command: SafeTwist, now_ns: int) -> bool:
        """Take a command when it is finite, less than 50 ms old, not from the future and newer than any before."""
        twist = np.asarray(command.twist, dtype=np.float64)
        if twist.shape != (6,) or not np.isfinite(twist).all():
            return False
        if not -FUTURE_NS <= now_ns - command.stamp_ns < SILENCE_NS:
            return False
        if command.stamp_ns <= self._newest_ns:
            return False
        self.state[_STAMP] = self._newest_ns = command.stamp_ns
        self.state[_COMMAND:] = twist
        return True

    def twist(self, now_ns: int, dt_s: float, force_n: float, z_axis: Array) -> Array:
        """Twist (6,) in base to follow now; `force_n` is the measured pressing force, `z_axis` (3,) probe z in base."""
        out = np.zeros(6)
        watchdog_twist(self.state, now_ns, dt_s, force_n, z_axis, out)
        return out


def _is_well(safety: SafetyState | None, now_ns: int) -> bool:
    """Whether safety is heard now, and not latched in a stop."""
    if safety is None or safety.mode is SafetyMode.STOPPED:
        return False
    return -FUTURE_NS <= now_ns - safety.stamp_ns < SILENCE_NS


def _leads_away(twist: Array, z_axis: Array) -> bool:
    """Whether a twist (6,) in base takes the probe back along its z axis (3,)."""
    return np.shape(twist) == (6,) and bool(twist[:3] @ z_axis < 0.0)
