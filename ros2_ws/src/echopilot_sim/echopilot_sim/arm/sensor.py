"""Wrist force sensor: tool weight, bias with drift, noise and delay, and the compensated reading."""

import numpy as np

from echopilot_core import Array
from echopilot_core.kernels.compiled import njit

TOOL_MASS_KG = 0.45
TOOL_COM_M = (0.0, 0.0, -0.08)  # in probe
GRAVITY_M_S2 = 9.81
NOISE = np.array([0.1, 0.1, 0.1, 0.005, 0.005, 0.005])  # standard deviation per sample [N, N m]
OFFSET = np.array([2.0, 2.0, 2.0, 0.1, 0.1, 0.1])  # standard deviation of the bias at power-on
DRIFT = np.array([0.2, 0.2, 0.2, 0.01, 0.01, 0.01])  # standard deviation of the bias after taring
DRIFT_TIME_S = 60.0
DELAY_STEPS = 2
TARE_STEPS = 200  # in free air at start

MEASURED, RAW = 0, 1  # rows of the state (N, 6): what a caller reads
_BIAS, _CENTER, _KICK, _NOISE, _TARE, _TARE_SUM, _COUNTERS, _LINE = 2, 3, 4, 5, 6, 7, 8, 9
_KEEP, _TARE_LEFT, _DELAY, _NEXT = 0, 1, 2, 3  # columns of the counters


@njit(cache=True, nogil=True)
def read_sensor(state: Array, noise: Array, contact: Array, rotation: Array) -> None:
    """Take one sample of the true contact wrench (6,) into `state`; `noise` (2, 6) is standard normal."""
    counters = state[_COUNTERS]
    fx, fy, fz = (
        rotation[2, 0] * (-TOOL_MASS_KG * GRAVITY_M_S2),
        rotation[2, 1] * (-TOOL_MASS_KG * GRAVITY_M_S2),
        rotation[2, 2] * (-TOOL_MASS_KG * GRAVITY_M_S2),
    )
    tx = TOOL_COM_M[1] * fz - TOOL_COM_M[2] * fy
    ty = TOOL_COM_M[2] * fx - TOOL_COM_M[0] * fz
    tz = TOOL_COM_M[0] * fy - TOOL_COM_M[1] * fx
    delay, place = int(counters[_DELAY]), int(counters[_NEXT])
    taring = counters[_TARE_LEFT] > 0.0
    if delay > 0:
        counters[_NEXT] = (place + 1) % delay
    counters[_TARE_LEFT] = max(counters[_TARE_LEFT] - 1.0, 0.0)
    for j in range(6):
        state[_BIAS, j] = (
            state[_CENTER, j] + counters[_KEEP] * (state[_BIAS, j] - state[_CENTER, j]) + state[_KICK, j] * noise[0, j]
        )
        weight = fx if j == 0 else fy if j == 1 else fz if j == 2 else tx if j == 3 else ty if j == 4 else tz
        sample = contact[j] + weight + state[_BIAS, j] + state[_NOISE, j] * noise[1, j]
        state[RAW, j] = state[_LINE + place, j] if delay > 0 else sample
        if delay > 0:
            state[_LINE + place, j] = sample
        if not taring:
            state[MEASURED, j] = state[RAW, j] - weight - state[_TARE, j]
            continue
        if counters[_TARE_LEFT] < TARE_STEPS - DELAY_STEPS:
            state[_TARE_SUM, j] += state[RAW, j] - weight
        state[_TARE, j] = state[_TARE_SUM, j] / (TARE_STEPS - DELAY_STEPS)


class ForceSensor:
    """Reads every millisecond; `raw` and `measured` (6,) are in probe at its origin, `measured` is 0 until tared."""

    def __init__(self, seed: int, dt_s: float, disturbed: bool = True) -> None:
        self._rng = np.random.default_rng([seed, 0xF0])
        scale = 1.0 if disturbed else 0.0
        keep = np.exp(-dt_s / DRIFT_TIME_S)
        self.state = np.zeros((_LINE + DELAY_STEPS, 6))
        self.state[_BIAS] = self.state[_CENTER] = OFFSET * self._rng.standard_normal(6) * scale
        self.state[_KICK] = scale * (DRIFT * np.sqrt(1.0 - keep**2))
        self.state[_NOISE] = scale * NOISE
        self.state[_COUNTERS, :4] = keep, TARE_STEPS, DELAY_STEPS if disturbed else 0, 0

    @property
    def raw(self) -> Array:
        """The last sample (6,) with tool weight and bias."""
        return np.asarray(self.state[RAW])

    @property
    def measured(self) -> Array:
        """The last sample (6,) without them."""
        return np.asarray(self.state[MEASURED])

    def add_bias(self, wrench: Array) -> None:
        """Shift the bias by (6,) [N, N m] for good, as a knock or a warm amplifier does."""
        self.state[_BIAS] += wrench
        self.state[_CENTER] += wrench

    def noise(self, steps: int) -> Array:
        """The normal deviates (steps, 2, 6) that the next samples use up."""
        return self._rng.standard_normal((steps, 2, 6))

    def read(self, contact: Array, rotation: Array) -> None:
        """Take one sample of the true contact wrench (6,) with the probe turned by `rotation` (3, 3) in base."""
        read_sensor(self.state, self.noise(1)[0], contact, np.ascontiguousarray(rotation))
