"""The lag of an arm's own velocity loop, for engines whose joints take any velocity within one step."""

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
