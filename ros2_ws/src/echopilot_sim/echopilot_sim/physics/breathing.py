"""Breathing phase as a function of time: quiet, slightly irregular breathing, for any time in any order.

Rate and depth wander by a few per cent over tens of seconds, as breath-by-breath records of quiet breathing do
(Tobin et al. 1988, J Appl Physiol 65:309, found coefficients of variation well above these: a calm patient).
"""

import math
from functools import lru_cache

import numpy as np

from echopilot_sim.anatomy.heart.rhythm import starts
from echopilot_sim.anatomy.parameters import Patient

_WANDER_HZ = (0.017, 0.041)  # of the rate
_WANDER_TURN = (0.08, 0.04)  # by how many breaths it runs ahead or behind
_DEPTH_HZ, _SHALLOW = 0.023, 0.12  # the shallowest breath lacks this share


def breathing_phase(patient: Patient, time_s: float) -> float:
    """0 at full expiration, 1 at the fullest inspiration, at a time [s] of the simulation."""
    turns = starts(patient.seed)[1] + time_s * patient.breathing_rate_hz
    fast, slow, depth = _phases(patient.seed)
    turns += _WANDER_TURN[0] * math.sin(2.0 * math.pi * _WANDER_HZ[0] * time_s + fast)
    turns += _WANDER_TURN[1] * math.sin(2.0 * math.pi * _WANDER_HZ[1] * time_s + slow)
    share = 1.0 - _SHALLOW * (0.5 + 0.5 * math.sin(2.0 * math.pi * _DEPTH_HZ * time_s + depth))
    return share * (0.5 - 0.5 * math.cos(2.0 * math.pi * turns))


@lru_cache(maxsize=256)
def _phases(seed: int) -> tuple[float, float, float]:
    a, b, c = 2.0 * np.pi * np.random.default_rng([seed, 0xB1E]).random(3)
    return float(a), float(b), float(c)
