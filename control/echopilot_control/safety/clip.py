"""Makes a twist admissible: speed in air and in contact, control barrier, zones."""

from math import hypot

import numpy as np
from numpy.typing import NDArray

from echopilot_control.force.barrier import allowed_velocity_m_s
from echopilot_control.safety.force_checks import CONTACT_N
from echopilot_control.safety.limits import LimitRow, Limits
from echopilot_control.safety.zones import Zone, keep_out, near_body
from echopilot_control.vectors import share_within
from echopilot_core import BodyLandmarks, RobotState

Array = NDArray[np.float64]

BARRIER_STIFFNESS_N_M = 5_000.0
_ABSURD = 10.0  # m/s or rad/s; larger numbers are cut before they can overflow a norm


def clip_twist(
    twist: Array,
    robot: RobotState,
    landmarks: BodyLandmarks | None,
    row: LimitRow,
    limits: Limits,
    zones: tuple[Zone, ...] = (),
    receding_m_s: float = 0.0,
) -> Array:
    """Admissible twist (6,) in `base` for a finite `twist` (6,); lowers speeds, never raises them.

    Only the barrier may reverse the normal velocity: above the soft cap the probe has to back out. It bounds the speed
    into the skin, which itself recedes at `receding_m_s`.
    """
    vx, vy, vz, wx, wy, wz = [min(max(v, -_ABSURD), _ABSURD) for v in twist.tolist()]
    zx, zy, zz = robot.T_base_probe[:3, 2].tolist()
    force_n = robot.contact_force_n
    normal = vx * zx + vy * zy + vz * zz
    vx, vy, vz = vx - normal * zx, vy - normal * zy, vz - normal * zz
    if force_n > CONTACT_N:
        share = share_within(hypot(vx, vy, vz), limits.lateral_contact_m_s)
        vx, vy, vz = share * vx, share * vy, share * vz
        normal = min(max(normal, -limits.normal_contact_m_s), limits.normal_contact_m_s)
        normal = min(normal, receding_m_s + allowed_velocity_m_s(force_n, row.soft_cap_n, BARRIER_STIFFNESS_N_M))
        normal = max(normal, -limits.normal_contact_m_s)
    elif near_body(robot.T_base_probe[:3, 3], landmarks):
        normal = min(normal, limits.approach_m_s)
    vx, vy, vz = vx + normal * zx, vy + normal * zy, vz + normal * zz
    share = share_within(hypot(vx, vy, vz), limits.free_m_s)
    turn = share_within(hypot(wx, wy, wz), limits.angular_rad_s)
    clipped = np.array([share * vx, share * vy, share * vz, turn * wx, turn * wy, turn * wz])
    clipped[:3] = keep_out(clipped[:3], robot.T_base_probe[:3, 3], landmarks, zones)
    return clipped
