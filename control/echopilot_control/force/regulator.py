"""Holds a force along probe z against breathing, friction and unknown stiffness, by commanding a velocity."""

from dataclasses import dataclass

from echopilot_control.force.barrier import allowed_velocity_m_s
from echopilot_control.force.stiffness import StiffnessEstimator

CROSSOVER_RAD_S = 16.0
_CONTACT_N = 0.5
_LATENCY_S = 0.03
_FORGET_S = 1.0  # off the skin for so long, its stiffness is unknown again


@dataclass(frozen=True)
class ForceReading:
    """One tick seen along probe z: force [N], position [m] and velocity [m/s], both growing into the patient."""

    force_n: float
    position_m: float
    velocity_m_s: float
    dt_s: float


class ForceRegulator:
    """Proportional law on force, scheduled by stiffness, plus a disturbance observer for the skin's velocity.

    Plant: force' = K (v_probe - v_skin), with about 20 ms of dead time and a 10 Hz velocity loop in the arm. The gain
    CROSSOVER / K puts the crossover at 16 rad/s, where the dead time costs 18 and the lag 14 degrees: more than 55
    degrees of margin are left, and an estimate of K that is 2.5 times too low stays stable. The observer low-passes
    v_probe - force' / K, which is the velocity of the breathing skin, and feeds it forward; a slow integral removes the
    rest. The set-point moves by at most `ramp_n_s`.
    """

    def __init__(self, ramp_n_s: float) -> None:
        self._ramp_n_s = ramp_n_s
        self.stiffness = StiffnessEstimator()
        self._free_s = 0.0
        self.reset(0.0)

    def reset(self, force_n: float) -> None:
        """Start anew from the present force [N], without a jump of the set-point."""
        self.reference_n = force_n
        self._integral_m_s = 0.0
        self._skin_m_s = 0.0
        self._probe_m_s = 0.0
        self._filtered_n = force_n
        self._rate_n_s = 0.0

    @property
    def skin_velocity_m_s(self) -> float:
        """Estimated velocity of the skin along probe z [m/s], growing into the patient."""
        return self._skin_m_s

    def observe(self, reading: ForceReading) -> None:
        """Update the estimates; call it every tick, whoever owns the axis."""
        if reading.force_n < _CONTACT_N:
            self._skin_m_s *= 0.95
            self._free_s += reading.dt_s
            if self._free_s > _FORGET_S:
                self.stiffness.reset()
            self._filtered_n, self._rate_n_s = reading.force_n, 0.0
            return
        self._free_s = 0.0
        k = self.stiffness.update(reading.force_n, reading.position_m, reading.dt_s)
        tau = 0.05 if k > 2000.0 else 0.05 + 0.07 * (2000.0 - k) / 1800.0
        # a first-order low pass whose own slope is the filtered force rate
        slope = (reading.force_n - self._filtered_n) / (tau + reading.dt_s)
        self._filtered_n += slope * reading.dt_s
        self._rate_n_s = slope
        blend = reading.dt_s / (tau + reading.dt_s)
        self._probe_m_s += blend * (reading.velocity_m_s - self._probe_m_s)
        skin = self._probe_m_s - slope / k
        self._skin_m_s = min(max(skin, -0.015), 0.015)

    def velocity(self, reading: ForceReading, setpoint_n: float, cap_n: float, limit_m_s: float) -> float:
        """Velocity along probe z [m/s] towards `setpoint_n`, inside +-`limit_m_s` and the barrier of `cap_n`."""
        step = self._ramp_n_s * reading.dt_s
        self.reference_n += min(max(setpoint_n - self.reference_n, -4.0 * step), step)
        k = self.stiffness.value_n_m
        error = self.reference_n - reading.force_n
        wanted = CROSSOVER_RAD_S / k * error + self._skin_m_s + self._integral_m_s
        ahead = reading.force_n + max(self._rate_n_s, 0.0) * _LATENCY_S
        top = min(limit_m_s, allowed_velocity_m_s(ahead, cap_n, max(k, 1500.0)) + max(self._skin_m_s, 0.0))
        given = min(max(wanted, -limit_m_s), top)
        if given == wanted:
            self._integral_m_s += CROSSOVER_RAD_S**2 / (10.0 * k) * error * reading.dt_s
            self._integral_m_s = min(max(self._integral_m_s, -0.006), 0.006)
        return given
