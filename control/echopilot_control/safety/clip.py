"""Makes a twist admissible: speed in air and in contact, control barrier, zones."""

import numpy as np
from numpy.typing import NDArray

from echopilot_control.force.barrier import allowed_velocity_m_s
from echopilot_control.safety.force_checks import CONTACT_N
from echopilot_control.safety.limits import LimitRow, Limits
from echopilot_control.safety.zones import Zone, keep_out, near_body
from echopilot_core import BodyLandmarks, RobotState

Array = NDArray[np.float64]

BARRIER_STIFFNESS_N_M = 5_000.0
_ABSURD = 10.0  # m/s or rad/s; larger numbers are cut before they can overflow a norm


def limit_norm(vector: Array, limit: float) -> Array:
    """Shorten a vector (n,) to `limit`, keeping its direction."""
    norm = float(np.sqrt(vector @ vector))
    return vector if norm <= limit else vector * (limit / norm)


def clip_twist(
    twist: Array,
    robot: RobotState,
    landmarks: BodyLandmarks | None,
    row: LimitRow,
    limits: Limits,
    zones: tuple[Zone, ...] = (),
) -> Array:
    """Admissible twist (6,) in `base` for a finite `twist` (6,); lowers speeds, never raises them.

    Only the barrier may reverse the normal velocity: above the soft cap the probe has to back out.
    """
    twist = np.clip(twist, -_ABSURD, _ABSURD)
    z = robot.T_base_probe[:3, 2]
    force_n = robot.contact_force_n
    normal = float(twist[:3] @ z)
    lateral = twist[:3] - normal * z
    if force_n > CONTACT_N:
        normal = min(max(normal, -limits.normal_contact_m_s), limits.normal_contact_m_s)
        lateral = limit_norm(lateral, limits.lateral_contact_m_s)
        normal = min(normal, allowed_velocity_m_s(force_n, row.soft_cap_n, BARRIER_STIFFNESS_N_M))
        normal = max(normal, -limits.normal_contact_m_s)
    elif near_body(robot.T_base_probe[:3, 3], landmarks):
        normal = min(normal, limits.approach_m_s)
    linear = limit_norm(lateral + normal * z, limits.free_m_s)
    linear = keep_out(linear, robot.T_base_probe[:3, 3], landmarks, zones)
    return np.concatenate([linear, limit_norm(twist[3:], limits.angular_rad_s)])
