"""Pose of the patient in base as a function of time: fixed, moving after a cough or a roll, or swaying."""

import math

import numpy as np

from echopilot_core import Array, EchoPilotError, se3

SHIFT_S = 0.5
TRANSLATION_MAX_M, YAW_MAX_RAD = 0.10, 0.35
SWAY_MAX_M, SWAY_MAX_HZ = 0.05, 2.0


def share(t: float) -> float:
    """Share of a movement done at t (0 .. 1 of its time): minimum jerk (Flash & Hogan 1985, J Neurosci 5:1688)."""
    t = min(max(t, 0.0), 1.0)
    return t**3 * (10.0 - 15.0 * t + 6.0 * t**2)


class Placement:
    """`T_base_patient` at any time from the last shift or sway on."""

    def __init__(self, T_base_patient: Array) -> None:
        self._from = np.ascontiguousarray(T_base_patient, dtype=np.float64)
        self._motion = np.zeros(6)
        self._start_ns = 0
        self._swing_m = np.zeros(3)
        self._sway_hz = 0.0
        self._sway_ns = 0

    def at(self, now_ns: int) -> Array:
        """`T_base_patient` (4, 4) at a time [ns]."""
        T = self._resting(now_ns)
        if not self._swing_m.any():
            return T
        turns = self._sway_hz * (now_ns - self._sway_ns) * 1e-9
        swayed = T.copy()
        swayed[:3, 3] += (0.5 - 0.5 * math.cos(2.0 * math.pi * turns)) * self._swing_m
        return swayed

    def sway(self, swing_m: Array, rate_hz: float, now_ns: int) -> None:
        """Swing sinusoidally from now on, from the present place to `swing_m` (3,) [m] in base away and back.

        Zeros end it. Raises EchoPilotError, changing nothing, for impossible swings.
        """
        swing = np.asarray(swing_m, dtype=np.float64)
        if swing.shape != (3,) or not float(np.linalg.norm(swing)) <= SWAY_MAX_M:
            raise EchoPilotError(f"swing {swing.tolist()} m is impossible; choose up to {SWAY_MAX_M} m")
        if not 0.0 <= rate_hz <= SWAY_MAX_HZ:
            raise EchoPilotError(f"sway of {rate_hz} Hz is impossible; choose 0 to {SWAY_MAX_HZ} Hz")
        self._swing_m, self._sway_hz, self._sway_ns = swing, rate_hz, now_ns

    def _resting(self, now_ns: int) -> Array:
        if not self._motion.any():
            return self._from
        done = share((now_ns - self._start_ns) * 1e-9 / SHIFT_S)
        return np.ascontiguousarray(self._from @ se3.exp(done * self._motion))

    def shift(self, translation_m: Array, yaw_rad: float, now_ns: int) -> None:
        """Move over the next half second by translation (3,) [m] in base and a yaw [rad] about the vertical.

        The yaw turns about the patient's origin. Raises EchoPilotError, changing nothing, for impossible shifts.
        """
        move = np.asarray(translation_m, dtype=np.float64)
        if move.shape != (3,) or not float(np.linalg.norm(move)) <= TRANSLATION_MAX_M:
            raise EchoPilotError(f"translation {move.tolist()} m is impossible; choose up to {TRANSLATION_MAX_M} m")
        if not abs(yaw_rad) <= YAW_MAX_RAD:
            raise EchoPilotError(f"yaw {yaw_rad} rad is impossible; choose -{YAW_MAX_RAD} to {YAW_MAX_RAD} rad")
        start = self._resting(now_ns)
        turned = se3.so3_exp(np.array([0.0, 0.0, yaw_rad])) @ start[:3, :3]
        self._motion = se3.log(se3.inverse(start) @ se3.transform(turned, start[:3, 3] + move))
        self._from, self._start_ns = start, now_ns
