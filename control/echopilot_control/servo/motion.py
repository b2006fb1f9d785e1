"""Motion that a phase requests, and the rates by which it is built."""

from dataclasses import dataclass, field
from math import radians

import numpy as np

from echopilot_control.vectors import clamp_norm
from echopilot_core import Array, ControlPhase, Outcome, se3

MAX_TILT_RAD = radians(60.0)  # from the skin normal
MOVE_M_S, TURN_RAD_S = 0.015, radians(15.0)
DITHER_RAD_S = radians(25.0)


@dataclass(frozen=True)
class Motion:
    """Request of one tick: velocities (3,) in `base` at the probe origin.

    With `setpoint_n` the force loop owns probe z and `linear_m_s` counts only across it (plus the skin's slope);
    without, `linear_m_s` is the whole free motion.
    """

    phase: ControlPhase
    linear_m_s: Array = field(default_factory=lambda: np.zeros(3))
    angular_rad_s: Array = field(default_factory=lambda: np.zeros(3))
    setpoint_n: float | None = None
    outcome: Outcome = Outcome.RUNNING
    detail: str = ""
    progress: float = 0.0
    rest: bool = False  # nothing to do and nothing touched: send no validity


def project_orthogonal(vector: Array, axis: Array) -> Array:
    """The part of a vector (3,) perpendicular to a unit `axis` (3,)."""
    return vector - float(vector @ axis) * axis


def rotation_rate(R_now: Array, R_wanted: Array, gain_1_s: float, limit_rad_s: float) -> Array:
    """Angular velocity (3,) in `base` from one rotation to another, proportional and capped.

    Args:
        R_now: present rotation (3, 3).
        R_wanted: wanted rotation (3, 3) in the same frame.
        gain_1_s: share of the angle per second.
        limit_rad_s: largest rate.
    """
    return clamp_norm(gain_1_s * (R_now @ se3.so3_log(R_now.T @ R_wanted)), limit_rad_s)
