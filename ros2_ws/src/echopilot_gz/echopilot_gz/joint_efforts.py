"""Joint efforts out of the torques that Gazebo measures at the joints."""

import numpy as np

from echopilot_core import Array


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
    return (axis * torque_n_m).sum(axis=1) + damping_n_m_s * speed_rad_s + friction_n_m * np.sign(speed_rad_s)
