"""Estimator of tissue stiffness under the probe, from forces and motions during contact."""

from collections import deque
from math import sqrt

LOWEST_N_M = 200.0
HIGHEST_N_M = 20_000.0
FIRST_GUESS_N_M = 3_000.0

_SPAN = 4  # ticks between the three points of the second difference
_FORCE_NOISE_N = 0.12
_SKIN_ACCELERATION_M_S2 = 0.02  # breathing of 10 mm at 0.25 Hz
_INFORMATIVE_N = 0.25  # a motion that explains less is not used: it may be the response to noise
_LARGE_N = 1.0  # unless the force change is this large; the noise of `ddf` is 0.3
_GROWTH = 0.004  # relative random walk per tick


class StiffnessEstimator:
    """Scalar Kalman filter on dd(force) = K dd(position), where dd is the second difference over 40 ms.

    The second difference removes a constant skin velocity, which would otherwise look like zero stiffness while
    the probe follows breathing. A loop that starts to ring excites exactly this band, so a wrong value heals itself.
    """

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Forget everything: the probe left the skin."""
        self.value_n_m = FIRST_GUESS_N_M
        self._variance = (0.8 * FIRST_GUESS_N_M) ** 2
        self._force: deque[float] = deque(maxlen=2 * _SPAN + 1)
        self._position: deque[float] = deque(maxlen=2 * _SPAN + 1)

    def update(self, force_n: float, position_m: float, dt_s: float) -> float:
        """Use one tick in contact (position along probe z, growing into the patient); returns K [N/m]."""
        self._force.append(force_n)
        self._position.append(position_m)
        self._variance += (_GROWTH * self.value_n_m) ** 2
        if len(self._force) < 2 * _SPAN + 1:
            return self.value_n_m
        ddf = self._force[0] - 2.0 * self._force[_SPAN] + self._force[-1]
        ddz = self._position[0] - 2.0 * self._position[_SPAN] + self._position[-1]
        if self.value_n_m * abs(ddz) < _INFORMATIVE_N and abs(ddf) < _LARGE_N:
            return self.value_n_m
        skin = _SKIN_ACCELERATION_M_S2 * (_SPAN * dt_s) ** 2 * self.value_n_m
        noise = 2.0 * _SPAN * (6.0 * _FORCE_NOISE_N**2 + skin**2)  # overlapping windows are correlated
        innovation = ddf - self.value_n_m * ddz
        spread = self._variance * ddz * ddz + noise
        gain = self._variance * ddz / spread
        step = gain * innovation
        limit = 4.0 * sqrt(self._variance)
        step = min(max(step, -limit), limit)
        self.value_n_m += step
        self._variance = max((1.0 - gain * ddz) * self._variance, (0.05 * self.value_n_m) ** 2)
        self.value_n_m = min(max(self.value_n_m, LOWEST_N_M), HIGHEST_N_M)
        self._variance = min(self._variance, self.value_n_m**2)
        return self.value_n_m
