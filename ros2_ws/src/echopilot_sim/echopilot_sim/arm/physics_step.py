"""The arm's share of a physics step of 1 ms: sensor, watchdog and joint loop before it, probe velocity after it."""

from typing import NamedTuple

from echopilot_core import Array
from echopilot_core.kernels.compiled import njit
from echopilot_core.robot_side.command_watchdog import watchdog_twist
from echopilot_core.robot_side.joint_velocity import jacobian, joint_velocity
from echopilot_sim.arm.sensor import MEASURED, read_sensor
from echopilot_sim.arm.servo import joint_torque

# Rows of the joint table (9, n): constants of the arm, then the state of its joint loop.
LOWER, UPPER, SPEED_MAX, TORQUE_MAX, INERTIA, POSTURE, PULL, REFERENCE, COMMAND = range(9)


class ArmState(NamedTuple):
    """Live arrays of an arm with n joints; those of the engine change when it steps.

    The kernels take them as a plain `tuple(state)`: numba finds the types of a NamedTuple's fields more slowly.
    """

    joints: Array  # joint table (9, n)
    J: Array  # Jacobian of the probe (6, n) in base
    q_rad: Array  # (n,)
    velocity_rad_s: Array  # (n,)
    bias_n_m: Array  # gravity and Coriolis torques (n,)
    rotation: Array  # of the probe in base (3, 3)
    origin_m: Array  # of the probe in base (3,)
    com_m: Array  # center of mass of the probe's body in base (3,)
    torque_n_m: Array  # motor torques (n,)
    applied: Array  # wrench (6,) at the center of mass in base, as MuJoCo takes it


@njit(cache=True, nogil=True)
def follow_velocity(wrench: Array, dt_s: float, arrays: tuple[Array, ...]) -> None:
    """Fill the motor torques that follow the joint velocities in row COMMAND, and the wrench at the center of mass.

    Args:
        wrench: (6,) of the skin on the probe, in probe at its origin.
        dt_s: length of the step.
        arrays: those of an ArmState.
    """
    arm = ArmState(*arrays)
    joints = arm.joints
    joint_torque(
        arm.q_rad,
        arm.velocity_rad_s,
        joints[REFERENCE],
        joints[COMMAND],
        arm.bias_n_m,
        joints[INERTIA],
        joints[TORQUE_MAX],
        dt_s,
        arm.torque_n_m,
    )
    rotation, applied = arm.rotation, arm.applied
    for j in range(3):
        applied[j] = rotation[j, 0] * wrench[0] + rotation[j, 1] * wrench[1] + rotation[j, 2] * wrench[2]
        applied[3 + j] = rotation[j, 0] * wrench[3] + rotation[j, 1] * wrench[4] + rotation[j, 2] * wrench[5]
    lx, ly, lz = arm.origin_m[0] - arm.com_m[0], arm.origin_m[1] - arm.com_m[1], arm.origin_m[2] - arm.com_m[2]
    applied[3] += ly * applied[2] - lz * applied[1]
    applied[4] += lz * applied[0] - lx * applied[2]
    applied[5] += lx * applied[1] - ly * applied[0]


@njit(cache=True, nogil=True)
def follow_twist(twist: Array, wrench: Array, dt_s: float, arrays: tuple[Array, ...]) -> None:
    """Fill the motor torques that follow a twist (6,) [m/s, rad/s] of the probe in base; the rest as there."""
    arm = ArmState(*arrays)
    joints = arm.joints
    joint_velocity(
        arm.J,
        twist,
        arm.q_rad,
        joints[POSTURE],
        joints[PULL],
        joints[LOWER],
        joints[UPPER],
        joints[SPEED_MAX],
        joints[COMMAND],
    )
    follow_velocity(wrench, dt_s, arrays)


@njit(cache=True, nogil=True)
def drive_arm(
    now_ns: int,
    dt_s: float,
    noise: Array,
    wrench: Array,
    sensor: Array,
    watchdog: Array,
    twist: Array,
    arrays: tuple[Array, ...],
) -> None:
    """Before the engine's step: read the force sensor, fill `twist` (6,) by the watchdog, and follow it."""
    arm = ArmState(*arrays)
    read_sensor(sensor, noise, wrench, arm.rotation)
    watchdog_twist(watchdog, now_ns, dt_s, -sensor[MEASURED, 2], arm.rotation[:, 2], twist)
    follow_twist(twist, wrench, dt_s, arrays)


@njit(cache=True, nogil=True)
def update_kinematics(
    anchor_m: Array, axis: Array, velocity_rad_s: Array, origin_m: Array, J: Array, twist: Array
) -> None:
    """After the engine's step: fill the Jacobian J (6, n) and the velocity `twist` (6,) of the probe, in base.

    Args:
        anchor_m: points on the joint axes in base (n, 3).
        axis: directions of the joint axes in base (n, 3).
        velocity_rad_s: joint velocities (n,).
        origin_m: origin of the probe in base (3,).
        J: Jacobian to fill.
        twist: velocity to fill.
    """
    jacobian(anchor_m, axis, origin_m, J)
    for i in range(6):
        s = 0.0
        for k in range(velocity_rad_s.shape[0]):
            s += J[i, k] * velocity_rad_s[k]
        twist[i] = s
