"""Tilts in the image plane so that the whole array touches."""

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

GAIN_RAD_S = 0.15  # at full imbalance


def coupling_balance(coupling: Array) -> float:
    """Right minus left half of the column coupling (16,), in -1..1; 0 when nothing touches."""
    half = len(coupling) // 2
    return float(np.mean(coupling[half:]) - np.mean(coupling[:half]))


def balance_rate_rad_s(coupling: Array) -> float:
    """Rotation rate about probe y [rad/s] that presses the weaker side: +y lifts the +x (right) end of the array."""
    return GAIN_RAD_S * coupling_balance(coupling)
