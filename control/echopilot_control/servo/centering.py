"""Lateral alignment: a structure centered in the image, the whole array in contact."""

from math import isfinite

import numpy as np

from echopilot_core import Array

GAIN_RAD_S = 0.15  # at full imbalance


def coupling_balance(coupling: Array) -> float:
    """Right minus left half of the column coupling (16,), in -1..1; 0 when nothing touches, or nobody knows (NaN)."""
    half = len(coupling) // 2
    balance = float(np.mean(coupling[half:]) - np.mean(coupling[:half]))
    return balance if isfinite(balance) else 0.0


def balance_rate_rad_s(coupling: Array) -> float:
    """Rotation rate about probe y [rad/s] that presses the weaker side: +y lifts the +x (right) end of the array."""
    return GAIN_RAD_S * coupling_balance(coupling)


GAIN_1_S = 1.2


def centering_velocity_m_s(x_m: float, wanted_x_m: float, limit_m_s: float, target_m_s: float = 0.0) -> float:
    """Velocity along probe x [m/s] that brings the target from image column x to `wanted_x` [m].

    x' = target - v_x, so v_x = GAIN (x - wanted) + target decays with 1 / GAIN = 0.8 s, also on a target that moves by
    itself at `target_m_s` along image x. With 0.1 s of image age fully uncompensated and 0.035 s of arm the phase
    margin is 90 - 1.2 * 0.135 * 57 = 81 degrees; the gain may grow 9 times before it rings. The target's own speed is
    an estimate in `base`, free of the probe's motion, so feeding it forward closes no loop.
    """
    return min(max(GAIN_1_S * (x_m - wanted_x_m) + target_m_s, -limit_m_s), limit_m_s)
