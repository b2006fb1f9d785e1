"""Force regulator along probe z: a commanded velocity, robust to breathing, friction and unknown stiffness."""

from dataclasses import dataclass

from echopilot_control.force.breathing import BreathingEstimator
from echopilot_control.force.stiffness import StiffnessEstimator
from echopilot_core import EchoPilotError
from echopilot_core.robot import FREE_N

RATE_1_S = 10.0


def barrier_velocity_m_s(force_n: float, cap_n: float, stiffness_n_m: float, rate_1_s: float = RATE_1_S) -> float:
    """Largest velocity into the patient [m/s] that keeps h = cap - force >= 0 invariant.

    With force' <= stiffness * v, the condition h' >= -rate * h (Ames et al. 2019, "Control barrier functions",
    eq. 2) holds when v <= rate * h / stiffness; above the cap the bound is negative: the probe must back out.

    Args:
        force_n: contact force [N].
        cap_n: force that may not be passed [N].
        stiffness_n_m: largest stiffness of what is pressed [N/m].
        rate_1_s: how fast the distance to the cap may shrink, as a share of it per second.
    """
    return rate_1_s * (cap_n - force_n) / stiffness_n_m


CROSSOVER_RAD_S, LOWEST_CROSSOVER_RAD_S = 16.0, 2.0
_LATENCY_S = 0.03
_SKIN_MAX_M_S = 0.020
_FORGET_S = 1.0  # off the skin for longer, the stiffness is unknown again


@dataclass(frozen=True)
class ForceReading:
    """One tick seen along probe z: force [N], position [m] and velocity [m/s], both growing into the patient."""

    force_n: float
    position_m: float
    velocity_m_s: float
    dt_s: float


class ForceRegulator:
    """Proportional-integral law on force, scheduled by stiffness, plus two observers of the skin's velocity.

    Plant: force' = K (v_probe - v_skin), behind the arm's velocity loop of 10 Hz and 12 ms of dead time (command,
    sampling, sensor). With the true K the gain crossover / K crosses over at 20 rad/s with 56 degrees of phase and a
    factor of 3 of gain margin; a K that is half or twice too large leaves 43 or 26 degrees; 2.5 times too small it
    rings, which teaches the stiffness estimator better. One observer low-passes v_probe - force' / K, which is the
    skin's velocity `lag` ago; the other learns the breath in it and says how much has changed since then, and will
    until a command takes effect, as far as it is to be trusted. The set-point moves by at most `ramp_n_s`, and that
    ramp is fed forward; the integral stops while a limit holds. A change of the crossover is taken up by the integral.
    """

    def __init__(self, ramp_n_s: float) -> None:
        self._ramp_n_s = ramp_n_s
        self.stiffness = StiffnessEstimator()
        self.breathing = BreathingEstimator()
        self.crossover_rad_s = CROSSOVER_RAD_S
        self._lag_s = 0.09
        self._free_s = 0.0
        self.reset(0.0)

    def reset(self, force_n: float) -> None:
        """Start anew from the present force [N], without a jump of the set-point."""
        self.reference_n = force_n
        self._integral_m_s = 0.0
        self._proportional_m_s = 0.0
        self._skin_m_s = 0.0
        self._probe_m_s = 0.0
        self._filtered_n = force_n
        self._rate_n_s = 0.0

    def landing_velocity_m_s(self, force_n: float, cap_n: float) -> float:
        """Velocity into the patient [m/s] that brings `force_n` to `cap_n` without passing it; negative above it."""
        return self.crossover_rad_s / self.stiffness.value_n_m * (cap_n - force_n)

    def retune(self, crossover_rad_s: float) -> None:
        """Change the crossover [rad/s] while running; the integral takes up the difference, so nothing jumps.

        Raises EchoPilotError outside 2 .. 16 rad/s, the largest for which the margins above hold.
        """
        if not LOWEST_CROSSOVER_RAD_S <= crossover_rad_s <= CROSSOVER_RAD_S:
            raise EchoPilotError(
                f"crossover {crossover_rad_s} rad/s is impossible; choose {LOWEST_CROSSOVER_RAD_S} to {CROSSOVER_RAD_S}"
            )
        self._integral_m_s += self._proportional_m_s * (1.0 - crossover_rad_s / self.crossover_rad_s)
        self.crossover_rad_s = crossover_rad_s

    def observe(self, reading: ForceReading) -> None:
        """Update the estimates; call it every tick, whoever owns the axis."""
        if reading.force_n < FREE_N:
            self._skin_m_s *= 0.95
            self.breathing.coast(reading.dt_s)
            self._free_s += reading.dt_s
            if self._free_s > _FORGET_S:
                self.stiffness.reset()
            self._filtered_n, self._rate_n_s = reading.force_n, 0.0
            return
        self._free_s = 0.0
        k = likely_stiffness_n_m(self.stiffness.update(reading.force_n, reading.position_m, reading.dt_s))
        tau = 0.05 if k > 1000.0 else 0.05 + 0.04 * (1000.0 - k) / 800.0
        # a first-order low pass whose own slope is the filtered force rate
        slope = (reading.force_n - self._filtered_n) / (tau + reading.dt_s)
        self._filtered_n += slope * reading.dt_s
        self._rate_n_s = slope
        blend = reading.dt_s / (tau + reading.dt_s)
        self._probe_m_s += blend * (reading.velocity_m_s - self._probe_m_s)
        skin = self._probe_m_s - slope / k
        self._skin_m_s = min(max(skin, -_SKIN_MAX_M_S), _SKIN_MAX_M_S)
        self._lag_s = tau
        self.breathing.update(self._skin_m_s, reading.dt_s)

    def velocity(self, reading: ForceReading, setpoint_n: float, cap_n: float, limit_m_s: float) -> float:
        """Velocity along probe z [m/s] towards `setpoint_n`, inside +-`limit_m_s` and the barrier of `cap_n`."""
        step = self._ramp_n_s * reading.dt_s
        move_n = min(max(setpoint_n - self.reference_n, -4.0 * step), step)
        self.reference_n += move_n
        k = likely_stiffness_n_m(self.stiffness.value_n_m)
        error = self.reference_n - reading.force_n
        ahead_m_s = self.breathing.trust * self.breathing.ahead(self._lag_s + _LATENCY_S)
        skin_m_s = min(max(self._skin_m_s + ahead_m_s, -_SKIN_MAX_M_S), _SKIN_MAX_M_S)
        self._proportional_m_s = self.crossover_rad_s / k * error
        wanted = self._proportional_m_s + move_n / reading.dt_s / k + skin_m_s + self._integral_m_s
        ahead = reading.force_n + max(self._rate_n_s, 0.0) * _LATENCY_S
        top = min(limit_m_s, barrier_velocity_m_s(ahead, cap_n, max(k, 1500.0)) + max(skin_m_s, 0.0))
        given = min(max(wanted, -limit_m_s), top)
        if given == wanted:
            self._integral_m_s += self.crossover_rad_s**2 / (10.0 * k) * error * reading.dt_s
            self._integral_m_s = min(max(self._integral_m_s, -0.006), 0.006)
        return given


def likely_stiffness_n_m(estimate_n_m: float) -> float:
    """Stiffness for the gains: the estimate divided by 1.8 from 2 to 3 kN/m, unchanged below 1 and above 6 kN/m.

    In between, estimates are mostly too high: they start at 3 kN/m, and soft skin excites little. Where one is right,
    the margins allow for it: 3 kN/m taken for 1.7 leaves a factor of 2.9 and 48 degrees.
    """
    rising, falling = (estimate_n_m - 1000.0) / 1000.0, (6000.0 - estimate_n_m) / 3000.0
    return estimate_n_m / (1.0 + 0.8 * min(max(min(rising, falling), 0.0), 1.0))
