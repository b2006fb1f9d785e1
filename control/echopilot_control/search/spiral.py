"""Coarse search: an expanding spiral over the skin, combined with a slow tilt fan."""

from math import pi, sin, sqrt

import numpy as np

from echopilot_core import Array

STEP_M = 0.012
_FAN_RAD = 0.17
_FAN_PERIODS_S = (3.1, 5.3)  # incommensurate: the fan covers a square of tilts


def spiral_point_m(travel_m: float, step_m: float = STEP_M) -> Array:
    """Point (2,) [m] after `travel_m` of path on an Archimedean spiral with turns `step_m` apart.

    r = step * phi / 2 pi and path ~ step * phi^2 / 4 pi, so every point within r is passed at most step / 2 away.
    """
    phi = sqrt(max(travel_m, 0.0) * 4.0 * pi / step_m)
    radius = step_m * phi / (2.0 * pi)
    return np.array([radius * np.cos(phi), radius * np.sin(phi)])


def fan_rad(time_s: float) -> Array:
    """Tilts (2,) [rad] about probe x and y at `time_s` of searching; starts at zero."""
    return _FAN_RAD * np.array([sin(2 * pi * time_s / _FAN_PERIODS_S[0]), sin(2 * pi * time_s / _FAN_PERIODS_S[1])])
