"""Wrist force sensor: tool weight, bias with drift, noise and delay; and the reading without weight and bias."""

from collections import deque

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

TOOL_MASS_KG = 0.45
TOOL_COM_M = np.array([0.0, 0.0, -0.08])  # in probe
GRAVITY_M_S2 = 9.81
NOISE = np.array([0.1, 0.1, 0.1, 0.005, 0.005, 0.005])  # standard deviation per sample [N, N m]
OFFSET = np.array([2.0, 2.0, 2.0, 0.1, 0.1, 0.1])  # standard deviation of the bias at power-on
DRIFT = np.array([0.2, 0.2, 0.2, 0.01, 0.01, 0.01])  # standard deviation of the bias after taring
DRIFT_TIME_S = 60.0
DELAY_STEPS = 2
TARE_STEPS = 200  # in free air at start


def tool_weight(rotation: Array) -> Array:
    """Wrench (6,) of the tool's weight, in probe at its origin, for the rotation (3, 3) of probe in base."""
    force = rotation[2] * (-TOOL_MASS_KG * GRAVITY_M_S2)
    torque = np.array(
        [
            TOOL_COM_M[1] * force[2] - TOOL_COM_M[2] * force[1],
            TOOL_COM_M[2] * force[0] - TOOL_COM_M[0] * force[2],
            TOOL_COM_M[0] * force[1] - TOOL_COM_M[1] * force[0],
        ]
    )
    return np.concatenate([force, torque])


class ForceSensor:
    """Reads every millisecond; `raw` and `measured` (6,) are in probe at its origin, `measured` is 0 until tared."""

    def __init__(self, seed: int, dt_s: float, disturbed: bool = True) -> None:
        self._rng = np.random.default_rng([seed, 0xF0])
        self._scale = 1.0 if disturbed else 0.0
        self._bias = OFFSET * self._rng.standard_normal(6) * self._scale
        self._keep = np.exp(-dt_s / DRIFT_TIME_S)
        self._kick = DRIFT * np.sqrt(1.0 - self._keep**2)
        self._centre = self._bias.copy()
        self._line: deque[Array] = deque([np.zeros(6)] * (DELAY_STEPS if disturbed else 0))
        self._tare_sum, self._tare_left = np.zeros(6), TARE_STEPS
        self._tare = np.zeros(6)
        self.raw = np.zeros(6)
        self.measured = np.zeros(6)

    def read(self, contact: Array, rotation: Array) -> None:
        """Take one sample of the true contact wrench (6,) with the probe turned by `rotation` (3, 3) in base."""
        noise = self._rng.standard_normal((2, 6))
        self._bias = self._centre + self._keep * (self._bias - self._centre) + self._scale * self._kick * noise[0]
        weight = tool_weight(rotation)
        self._line.append(contact + weight + self._bias + self._scale * NOISE * noise[1])
        self.raw = self._line.popleft()
        if self._tare_left > 0:
            self._tare_left -= 1
            if self._tare_left < TARE_STEPS - DELAY_STEPS:
                self._tare_sum += self.raw - weight
            if self._tare_left == 0:
                self._tare = self._tare_sum / (TARE_STEPS - DELAY_STEPS)
            return
        self.measured = self.raw - weight - self._tare
