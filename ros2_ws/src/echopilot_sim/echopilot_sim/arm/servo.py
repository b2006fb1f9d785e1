"""Joint-velocity loop of the arm: proportional-integral with gravity compensation and torque limits."""

import numpy as np

from echopilot_core import Array
from echopilot_core.kernels.compiled import njit

BANDWIDTH_HZ = 10.0
# Closed loop (kv s + ki) / (s^2 + kv s + ki) with damping 0.7: its -3 dB point is 2.06 times the natural frequency.
NATURAL_RAD_S = 2.0 * np.pi * BANDWIDTH_HZ / 2.06
VELOCITY_GAIN_1_S = 1.4 * NATURAL_RAD_S
INTEGRAL_GAIN_1_S2 = NATURAL_RAD_S**2
SPEED_SHARE = 0.7  # of a joint's speed limit may be commanded: near singular poses the loop overshoots by 30 %
LAG_MAX_RAD = 0.05  # anti-windup: the reference waits for a joint that lags by more
FRICTION_N_M = 1.0  # Coulomb and breakaway torque of every joint; nothing but the integral term counters it


@njit(cache=True, nogil=True)
def joint_torque(
    q_rad: Array,
    velocity_rad_s: Array,
    reference_rad: Array,
    command_rad_s: Array,
    bias_n_m: Array,
    inertia_kg_m2: Array,
    torque_max_n_m: Array,
    dt_s: float,
    torque_n_m: Array,
) -> None:
    """Advance `reference_rad` (n,) by one period and fill `torque_n_m` (n,); `bias_n_m` is gravity and Coriolis."""
    for i in range(q_rad.shape[0]):
        lag = reference_rad[i] + command_rad_s[i] * dt_s - q_rad[i]
        lag = min(max(lag, -LAG_MAX_RAD), LAG_MAX_RAD)
        reference_rad[i] = q_rad[i] + lag
        speed_error = command_rad_s[i] - velocity_rad_s[i]
        torque = bias_n_m[i] + inertia_kg_m2[i] * (VELOCITY_GAIN_1_S * speed_error + INTEGRAL_GAIN_1_S2 * lag)
        torque_n_m[i] = min(max(torque, -torque_max_n_m[i]), torque_max_n_m[i])
