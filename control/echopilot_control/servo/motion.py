"""What a phase asks for, and how it is blended under the force task."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from echopilot_control.safety.limits import Limits
from echopilot_control.vectors import shortened
from echopilot_core import ControlPhase, Outcome, se3

Array = NDArray[np.float64]


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


def across(vector: Array, axis: Array) -> Array:
    """The part of a vector (3,) perpendicular to a unit `axis` (3,)."""
    return vector - float(vector @ axis) * axis


def rotation_rate(R_now: Array, R_wanted: Array, gain_1_s: float, limit_rad_s: float) -> Array:
    """Angular velocity (3,) in `base` from one rotation to another, proportional and capped."""
    return shortened(gain_1_s * (R_now @ se3.so3_log(R_now.T @ R_wanted)), limit_rad_s)


def blend(motion: Motion, z: Array, normal_m_s: float, limits: Limits) -> Array:
    """Twist (6,) in contact: force first, along probe z; the rest is projected on the space across z and capped.

    Task priority after Siciliano & Slotine 1991: lateral tasks act in the null space (I - z z^T) of the force task.
    Rotations are about the face centre and leave the force task alone to first order.
    """
    lateral = shortened(across(motion.linear_m_s, z), limits.lateral_contact_m_s)
    return np.concatenate([lateral + normal_m_s * z, shortened(motion.angular_rad_s, limits.angular_rad_s)])
