"""Estimator of the breathing motion of the skin, and prediction of its velocity."""

from math import cos, exp, pi, sin

_LOWEST_RAD_S, _HIGHEST_RAD_S = 2.0 * pi * 0.10, 2.0 * pi * 0.70
_FIRST_RAD_S = 2.0 * pi * 0.25
_DAMPING = 0.35  # bandwidth of the oscillators over their frequency: they learn in about a breath
_ADAPTION = 0.35  # of the frequency
_OBSERVABLE_M_S = 0.0008  # amplitude below which the frequency is not observable
_DRIFT_S = 6.0  # time constant of the velocity that is no breathing (a slope, a slow roll)
_MEMORY_S = 3.0  # of the trust


class BreathingEstimator:
    """Two coupled oscillators (breath and its double) with a frequency that adapts, on the skin's velocity.

    Each oscillator is the observer s' = n w c + 2 d w e, c' = -n w s of a sine of frequency n w, driven by the error e
    of the sum; the frequency follows w' = 2 g d w^2 e c / (s^2 + c^2) of the first, after Hsu, Ortega & Damm 1999 (IEEE
    Trans. Autom. Control 44:698), normalized so that its speed does not depend on the amplitude. `trust` 0..1 falls
    with the share of the velocity's power that the oscillators leave unexplained, and is 0 from a quarter on: an
    irregular breath is not predicted.
    """

    def __init__(self) -> None:
        self.frequency_rad_s = _FIRST_RAD_S
        self.trust = 0.0
        self._s1 = self._c1 = self._s2 = self._c2 = self._drift = 0.0
        self._power = self._unexplained = 1e-9

    @property
    def amplitude_m_s(self) -> float:
        """Amplitude of the skin's velocity [m/s] at the breathing frequency."""
        return float((self._s1**2 + self._c1**2) ** 0.5)

    def ahead(self, lead_s: float) -> float:
        """How much faster [m/s] the skin will move in `lead_s` [s] than in the newest observation."""
        w = self.frequency_rad_s * lead_s
        s1, s2 = sin(w), sin(2.0 * w)
        return (cos(w) - 1.0) * self._s1 + s1 * self._c1 + (cos(2.0 * w) - 1.0) * self._s2 + s2 * self._c2

    def update(self, velocity_m_s: float, dt_s: float) -> None:
        """Take one observed velocity of the skin [m/s] in contact."""
        w = self.frequency_rad_s
        error = velocity_m_s - self._s1 - self._s2 - self._drift
        self._update_trust(velocity_m_s, error, dt_s)
        push = 2.0 * _DAMPING * w * error * dt_s
        size = self._s1**2 + self._c1**2
        if size > _OBSERVABLE_M_S**2:
            w += _ADAPTION * 2.0 * _DAMPING * w * w * error * self._c1 / size * dt_s
        self._turn(dt_s)
        self._s1 += push
        self._s2 += 0.5 * push
        self._drift += error * dt_s / _DRIFT_S
        self.frequency_rad_s = min(max(w, _LOWEST_RAD_S), _HIGHEST_RAD_S)

    def coast(self, dt_s: float) -> None:
        """Let the phase run on without an observation; what is not seen is trusted ever less."""
        self._turn(dt_s)
        self.trust *= exp(-dt_s / _MEMORY_S)

    def _turn(self, dt_s: float) -> None:
        a = self.frequency_rad_s * dt_s
        c, s = cos(a), sin(a)
        self._s1, self._c1 = c * self._s1 + s * self._c1, c * self._c1 - s * self._s1
        c, s = c * c - s * s, 2.0 * s * c
        self._s2, self._c2 = c * self._s2 + s * self._c2, c * self._c2 - s * self._s2

    def _update_trust(self, velocity_m_s: float, error: float, dt_s: float) -> None:
        keep = dt_s / _MEMORY_S
        self._power += keep * ((velocity_m_s - self._drift) ** 2 - self._power)
        self._unexplained += keep * (error**2 - self._unexplained)
        share = 1.0 - 4.0 * self._unexplained / max(self._power, 1e-9)
        self.trust += 3.0 * keep * (min(max(share, 0.0), 1.0) - self.trust)
