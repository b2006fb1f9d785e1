"""Clipping of a twist to what is admissible: speed in air and in contact, control barrier, zones."""

from math import hypot

import numpy as np

from echopilot_control.force.regulator import barrier_velocity_m_s
from echopilot_control.safety.limits import Limits, PresetLimits
from echopilot_control.safety.zones import Zone, keep_out, near_body
from echopilot_control.vectors import share_within
from echopilot_core import Array, BodyLandmarks, RobotState
from echopilot_core.robot import CONTACT_N

BARRIER_STIFFNESS_N_M = 5_000.0
_ABSURD = 10.0  # m/s or rad/s; larger numbers are cut before they can overflow a norm


def clip_twist(
    twist: Array,
    robot: RobotState,
    landmarks: BodyLandmarks | None,
    preset_limits: PresetLimits,
    limits: Limits,
    zones: tuple[Zone, ...] = (),
    receding_m_s: float = 0.0,
    touch_m_s: float | None = None,
) -> Array:
    """Admissible twist (6,) in `base` for a finite `twist` (6,); lowers speeds, never raises them.

    Only the barrier may reverse the normal velocity: above the soft cap the probe has to back out. It bounds the speed
    into the skin, which itself recedes at `receding_m_s`.

    Args:
        twist: linear [m/s] and angular [rad/s] velocity of the probe in `base`.
        robot: its pose and contact force decide between the limits in air and in contact.
        landmarks: without them the body counts as far and has no box.
        preset_limits: soft cap of the barrier.
        limits: limits of speed.
        zones: forbidden zones.
        receding_m_s: speed at which the skin recedes from the probe.
        touch_m_s: largest speed along probe z towards skin that is near and not felt.

    Returns:
        The twist (6,), its linear part at most `limits.free_m_s` long.
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
        normal = min(
            normal, receding_m_s + barrier_velocity_m_s(force_n, preset_limits.soft_cap_n, BARRIER_STIFFNESS_N_M)
        )
        normal = max(normal, -limits.normal_contact_m_s)
    elif near_body(robot.T_base_probe[:3, 3], landmarks):
        normal = min(normal, limits.approach_m_s)
    if touch_m_s is not None:
        normal = min(normal, touch_m_s)
    vx, vy, vz = vx + normal * zx, vy + normal * zy, vz + normal * zz
    share = share_within(hypot(vx, vy, vz), limits.free_m_s)
    turn = share_within(hypot(wx, wy, wz), limits.angular_rad_s)
    clipped = np.array([share * vx, share * vy, share * vz, turn * wx, turn * wy, turn * wz])
    clipped[:3] = keep_out(clipped[:3], robot.T_base_probe[:3, 3], landmarks, zones)
    return clipped
