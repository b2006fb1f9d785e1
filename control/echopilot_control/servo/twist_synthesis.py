"""Synthesis of the commanded twist from a motion request: force loop, acceleration limits, tracking, speed limits."""

import numpy as np

from echopilot_control.force.regulator import ForceReading, ForceRegulator
from echopilot_control.observation import Observation
from echopilot_control.safety.limits import Limits
from echopilot_control.servo.motion import Motion
from echopilot_control.servo.velocity import AccelerationLimiter, VelocityTrackingIntegrator
from echopilot_control.vectors import all_finite, clamp_norm, project_orthogonal
from echopilot_core import Array, RobotMode
from echopilot_core.robot import CONTACT_N


class TwistSynthesis:
    """Twist (6,) [m/s, rad/s] in `base` for each motion request; its state is that of the force and velocity loops."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self.regulator = ForceRegulator(limits.ramp_n_s)
        self._integrator = VelocityTrackingIntegrator()
        self._limiter = AccelerationLimiter()
        self._regulating = False

    def reset_tracking(self) -> None:
        """Forget what the arm has not yet followed: it does not move by commands now."""
        self._integrator.reset()

    def twist(self, obs: Observation, motion: Motion) -> Array:
        """The twist to command in this tick; a request that is not finite is returned as it is and leaves no state."""
        robot, z, limits = obs.robot, obs.z, self._limits
        reading = ForceReading(
            force_n=obs.force_n,
            position_m=float(obs.position_m @ z),
            velocity_m_s=float(robot.twist[:3] @ z),
            dt_s=obs.dt_s,
        )
        if motion.rest:
            self._integrator.reset()
            self._regulating = False
            return np.zeros(6)
        self.regulator.observe(reading)
        if robot.mode is not RobotMode.SERVO:
            self._integrator.reset()
        if motion.setpoint_n is not None:
            if not self._regulating:
                self.regulator.reset(max(obs.force_n, 0.0))
                self._limiter.reset()
            setpoint_n = min(motion.setpoint_n, obs.preset_limits.setpoint_max_n)
            limit_m_s = limits.normal_contact_m_s if obs.force_n > CONTACT_N else limits.approach_m_s
            normal_m_s = self.regulator.velocity(reading, setpoint_n, obs.preset_limits.soft_cap_n, limit_m_s)
            wanted = blend(motion, z, normal_m_s, limits)
        else:
            wanted = np.concatenate([self._soft_landing(obs, motion.linear_m_s), motion.angular_rad_s])
        self._regulating = motion.setpoint_n is not None
        if not all_finite(wanted):
            return wanted
        if self._regulating:
            wanted = self._limiter.limit(wanted, z, obs.dt_s)
        sent = self._bounded(self._integrator.follow(wanted, robot.twist, obs.dt_s), wanted, z)
        self._integrator.apply_anti_windup(wanted, sent)
        return sent

    def _soft_landing(self, obs: Observation, linear_m_s: Array) -> Array:
        """Free motion (3,) that meets resistance: slowed from 1 N on, reversed above the touch force."""
        into_m_s = float(linear_m_s @ obs.z)
        if obs.force_n <= CONTACT_N or into_m_s <= 0.0:
            return linear_m_s
        most_m_s = self.regulator.landing_velocity_m_s(obs.force_n, self._limits.touch_force_n)
        return linear_m_s + min(most_m_s - into_m_s, 0.0) * obs.z

    def _bounded(self, twist: Array, wanted: Array, z: Array) -> Array:
        """Speed limits again, after velocity tracking, which may not speed up an approach towards the skin."""
        limits = self._limits
        normal = float(twist[:3] @ z)
        lateral = twist[:3] - normal * z
        if self._regulating:
            lateral = clamp_norm(lateral, limits.lateral_contact_m_s)
            normal = min(max(normal, -limits.normal_contact_m_s), limits.normal_contact_m_s)
        else:
            normal = min(normal, max(limits.approach_m_s, float(wanted[:3] @ z)))
        linear = clamp_norm(lateral + normal * z, limits.free_m_s)
        return np.concatenate([linear, clamp_norm(twist[3:], limits.angular_rad_s)])


def blend(motion: Motion, z: Array, normal_m_s: float, limits: Limits) -> Array:
    """Twist (6,) in contact: force first, along probe z; the rest is projected on the space across z and capped.

    Task priority after Siciliano & Slotine 1991: lateral tasks act in the null space (I - z z^T) of the force task.
    Rotations are about the face center and leave the force task alone to first order.

    Args:
        motion: request of the phase, in `base`.
        z: probe axis (3,) in `base`.
        normal_m_s: velocity along it that the force loop asks for.
        limits: limits of speed in contact.
    """
    lateral = clamp_norm(project_orthogonal(motion.linear_m_s, z), limits.lateral_contact_m_s)
    return np.concatenate([lateral + normal_m_s * z, clamp_norm(motion.angular_rad_s, limits.angular_rad_s)])
