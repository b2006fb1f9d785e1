"""Joint velocity loop and joint efforts, which the arm has and Gazebo's joints lack."""

import numpy as np

from echopilot_core import Array
from echopilot_sim.arm.servo import INTEGRAL_GAIN_1_S2, VELOCITY_GAIN_1_S


class JointVelocityLoop:
    """Joint velocities as the proportional-integral loop of the simulated arm would follow a command: 10 Hz.

    Without it the arm answers within a millisecond, which no arm does: the damping of the skin then feeds each step of
    the command straight back as force, and the force swings by 2 N around its set-point.
    """

    def __init__(self, n: int) -> None:
        self.velocity_rad_s = np.zeros(n)
        self._lag_rad = np.zeros(n)

    def step(self, command_rad_s: Array, dt_s: float) -> Array:
        """Velocities (n,) [rad/s] after `dt_s`, a live array, under a command (n,) [rad/s]; implicit Euler."""
        v, lag = self.velocity_rad_s, self._lag_rad
        pull = VELOCITY_GAIN_1_S + INTEGRAL_GAIN_1_S2 * dt_s
        v += dt_s * (pull * (command_rad_s - v) + INTEGRAL_GAIN_1_S2 * lag) / (1.0 + dt_s * pull)
        lag += dt_s * (command_rad_s - v)
        return v


def joint_efforts(
    torque_n_m: Array, axis: Array, speed_rad_s: Array, damping_n_m_s: Array, friction_n_m: Array
) -> Array:
    """Torques (n,) [N m] of the motors, as safety compares them with the force sensor.

    A sensor at a joint feels what is left of the motor's torque after friction and damping.

    Args:
        torque_n_m: of each joint on its child (n, 3), in any axes.
        axis: directions of the joints (n, 3) in the same axes.
        speed_rad_s: joint speeds (n,); friction of a joint at rest is unknown, and taken as none.
        damping_n_m_s: damping (n,) of the robot's description.
        friction_n_m: Coulomb friction (n,) of the robot's description.
    """
    losses_n_m = damping_n_m_s * speed_rad_s + friction_n_m * np.sign(speed_rad_s)
    efforts_n_m: Array = (axis * torque_n_m).sum(axis=1) + losses_n_m
    return efforts_n_m
