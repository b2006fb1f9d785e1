"""Starts and stops what moves across the probe axis without a jerk; the force loop's axis is left alone."""

import numpy as np
from numpy.typing import NDArray

from echopilot_control.servo.motion import across
from echopilot_control.vectors import shortened

Array = NDArray[np.float64]

LINEAR_M_S2, ANGULAR_RAD_S2 = 0.15, 1.5


class Smoother:
    """Limits the acceleration of a twist in contact: from 15 mm/s to rest within 0.1 s.

    A step of the commanded twist sets the arm swinging on its velocity loop, several times faster than the step.
    """

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Begin at rest."""
        self._last = np.zeros(6)

    def smooth(self, wanted: Array, z: Array, dt_s: float) -> Array:
        """Twist (6,) [m/s, rad/s] in `base`: as `wanted` along `z` (3,), elsewhere near the last one."""
        normal = float(wanted[:3] @ z) * z
        last = across(self._last[:3], z)
        linear = last + shortened(wanted[:3] - normal - last, LINEAR_M_S2 * dt_s)
        angular = self._last[3:] + shortened(wanted[3:] - self._last[3:], ANGULAR_RAD_S2 * dt_s)
        self._last = np.concatenate([linear, angular])
        return np.concatenate([linear + normal, angular])
