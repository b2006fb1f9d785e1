"""Velocity tracking of an arm with friction, and limits on lateral acceleration."""

import numpy as np

from echopilot_control.vectors import clamp_norm, project_orthogonal
from echopilot_core import Array

LINEAR_M_S2, ANGULAR_RAD_S2 = 0.15, 1.5


class AccelerationLimiter:
    """Limits the acceleration of a twist in contact: from 15 mm/s to rest within 0.1 s.

    A step of the commanded twist sets the arm swinging on its velocity loop, several times faster than the step.
    """

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Begin at rest."""
        self._last = np.zeros(6)

    def limit(self, wanted: Array, z: Array, dt_s: float) -> Array:
        """Twist (6,) [m/s, rad/s] in `base`: as `wanted` along `z` (3,), elsewhere near the last one."""
        normal = float(wanted[:3] @ z) * z
        last = project_orthogonal(self._last[:3], z)
        linear = last + clamp_norm(wanted[:3] - normal - last, LINEAR_M_S2 * dt_s)
        angular = self._last[3:] + clamp_norm(wanted[3:] - self._last[3:], ANGULAR_RAD_S2 * dt_s)
        self._last = np.concatenate([linear, angular])
        return np.concatenate([linear + normal, angular])


GAIN_1_S = 15.0
_DELAY_TICKS = 1
_LAG_S = 0.016
_LIMIT = np.array([0.015, 0.015, 0.015, 0.15, 0.15, 0.15])


class VelocityTrackingIntegrator:
    """Adds GAIN * integral(expected - measured) to a twist (6,), both in `base`.

    `expected` is the wanted twist after the nominal dead time and lag, so that nothing is added while the arm behaves.
    Stiction makes the arm ignore small twists; the integral then grows by 15 /s of the missing distance, up to 15 mm/s
    and 9 degrees/s. The loop has its crossover at 15 rad/s and 0.031 s of delay in it: 63 degrees of margin.
    """

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Reset the integral."""
        self._missing = np.zeros(6)
        self._expected = np.zeros(6)
        self._sent = [np.zeros(6)] * (_DELAY_TICKS + 1)

    def follow(self, wanted: Array, measured: Array, dt_s: float) -> Array:
        """Twist to command so that the arm moves by `wanted`; both (6,) [m/s, rad/s] in `base`."""
        self._expected = self._expected + dt_s / (_LAG_S + dt_s) * (self._sent[0] - self._expected)
        self._sent = [*self._sent[1:], wanted]
        self._missing = self._missing + GAIN_1_S * dt_s * (self._expected - measured)
        np.maximum(np.minimum(self._missing, _LIMIT, out=self._missing), -_LIMIT, out=self._missing)
        return wanted + self._missing

    def apply_anti_windup(self, wanted: Array, sent: Array) -> None:
        """Limit the integral by the twist (6,) that was `sent`: what the limits removed is not made up for later."""
        least, most = np.minimum(sent - wanted, 0.0), np.maximum(sent - wanted, 0.0)
        np.maximum(np.minimum(self._missing, most, out=self._missing), least, out=self._missing)
