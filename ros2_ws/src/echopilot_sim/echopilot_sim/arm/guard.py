"""Robot-side contract: valid commands are followed, and 50 ms without one lead to a local compliant hold.

The hold reads its own force sensor. Along probe z it is an admittance that lets the arm give way with the body: the
wanted force falls by 300 N/m as the probe advances, and never rises above what it was told to hold. A stiff arm under a
breathing chest would pass 20 N.
"""

import math

import numpy as np
from numpy.typing import NDArray

from echopilot_core import RobotMode, SafeTwist

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


class Guard:
    """State of the contract; one object per arm, stepped every millisecond."""

    def __init__(self) -> None:
        self.mode = RobotMode.COMPLIANT_HOLD
        self._command: SafeTwist | None = None
        self._force_n = 0.0
        self._hold_force_n = 0.0
        self._advance_m = 0.0

    def offer(self, command: SafeTwist, now_ns: int) -> bool:
        """Take a command when it is finite, at most 50 ms old, not from the future and newer than the last."""
        twist = np.asarray(command.twist, dtype=np.float64)
        if twist.shape != (6,) or not np.isfinite(twist).all():
            return False
        if not -FUTURE_NS <= now_ns - command.stamp_ns < TIMEOUT_NS:
            return False
        if self._command is not None and command.stamp_ns <= self._command.stamp_ns:
            return False
        self._command = SafeTwist(command.stamp_ns, twist)
        return True

    def twist(self, now_ns: int, dt_s: float, force_n: float, z_axis: Array) -> Array:
        """Twist (6,) in base to follow now; `force_n` is the measured pressing force, `z_axis` (3,) probe z in base."""
        if not np.isfinite(force_n):
            self.mode = RobotMode.FAULT
            return np.zeros(6)
        self._force_n += (force_n - self._force_n) * dt_s / FORCE_FILTER_S
        age_ns = now_ns - self._command.stamp_ns if self._command else TIMEOUT_NS
        if self._command and age_ns < TIMEOUT_NS:
            self.mode = RobotMode.SERVO
            fade = min(1.0, (TIMEOUT_NS - age_ns) / (TIMEOUT_NS - COAST_NS))
            return self._command.twist * fade
        if self.mode != RobotMode.COMPLIANT_HOLD:
            self.mode = RobotMode.COMPLIANT_HOLD
            touching = self._force_n > FORCE_CONTACT_N
            self._hold_force_n = min(self._force_n, FORCE_MAX_N) if touching else 0.0
            self._advance_m = 0.0
        wanted_n = min(max(self._hold_force_n - STIFFNESS_N_M * self._advance_m, 0.0), self._hold_force_n)
        error_n = wanted_n - force_n
        deadband_n = DEADBAND_N if self._hold_force_n > 0.0 else FORCE_CONTACT_N  # hanging free: only give way
        error_n = math.copysign(max(0.0, abs(error_n) - deadband_n), error_n)
        speed = min(max(ADMITTANCE_M_S_N * error_n, -SPEED_MAX_M_S), SPEED_MAX_M_S)
        if wanted_n == 0.0:
            speed = min(speed, 0.0)
        self._advance_m += speed * dt_s
        return np.concatenate([speed * z_axis, np.zeros(3)])
