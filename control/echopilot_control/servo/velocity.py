"""Makes an arm with friction and a slow velocity loop do the velocity that was asked for."""

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

GAIN_1_S = 15.0
_DELAY_TICKS = 1
_LAG_S = 0.016
_LIMIT = np.array([0.015, 0.015, 0.015, 0.15, 0.15, 0.15])


class VelocityFollower:
    """Adds GAIN * integral(expected - measured) to a twist (6,), both in `base`.

    `expected` is the wanted twist after the nominal dead time and lag, so that nothing is added while the arm behaves.
    Stiction makes the arm ignore small twists; the integral then grows by 15 /s of the missing distance, up to 15 mm/s
    and 9 degrees/s. The loop has its crossover at 15 rad/s and 0.031 s of delay in it: 63 degrees of margin.
    """

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Forget the missing distance."""
        self._missing = np.zeros(6)
        self._expected = np.zeros(6)
        self._sent = [np.zeros(6)] * (_DELAY_TICKS + 1)

    def follow(self, wanted: Array, measured: Array, dt_s: float) -> Array:
        """Twist to command so that `wanted` happens; both (6,) [m/s, rad/s] in `base`."""
        self._expected = self._expected + dt_s / (_LAG_S + dt_s) * (self._sent[0] - self._expected)
        self._sent = [*self._sent[1:], wanted]
        self._missing = self._missing + GAIN_1_S * dt_s * (self._expected - measured)
        np.maximum(np.minimum(self._missing, _LIMIT, out=self._missing), -_LIMIT, out=self._missing)
        return wanted + self._missing

    def given(self, wanted: Array, sent: Array) -> None:
        """Hear the twist (6,) that was `sent` after the limits: what they took away is not made up for later."""
        least, most = np.minimum(sent - wanted, 0.0), np.maximum(sent - wanted, 0.0)
        np.maximum(np.minimum(self._missing, most, out=self._missing), least, out=self._missing)
