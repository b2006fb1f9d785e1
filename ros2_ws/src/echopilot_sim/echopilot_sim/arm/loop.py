"""The work of one millisecond around the engine's step, fused: what the arm does before it, what it feels after it."""

import numpy as np
from numpy.typing import NDArray

from echopilot_sim.arm.guard import guard_twist
from echopilot_sim.arm.kinematics import jacobian, joint_velocity
from echopilot_sim.arm.sensor import MEASURED, read_sensor
from echopilot_sim.arm.servo import joint_torque
from echopilot_sim.compiled import njit
from echopilot_sim.contact import contact_wrench

Array = NDArray[np.float64]

# Rows of the joint table (9, n): constants of the arm, then what its loop remembers.
LOWER, UPPER, SPEED_MAX, TORQUE_MAX, INERTIA, POSTURE, PULL, REFERENCE, COMMAND = range(9)


@njit(cache=True, nogil=True)
def follow(
    twist: Array,
    wrench: Array,
    dt_s: float,
    joints: Array,
    J: Array,
    q_rad: Array,
    velocity_rad_s: Array,
    bias_n_m: Array,
    rotation: Array,
    origin_m: Array,
    com_m: Array,
    torque_n_m: Array,
    applied: Array,
) -> None:
    """Fill motor torques (n,) that follow `twist` (6,) in base, and `applied` (6,), the wrench at the centre of mass.

    `wrench` (6,) is what the skin does to the probe, in probe at its origin; `applied` is in base, as MuJoCo wants it.
    """
    joint_velocity(
        J,
        twist,
        q_rad,
        joints[POSTURE],
        joints[PULL],
        joints[LOWER],
        joints[UPPER],
        joints[SPEED_MAX],
        joints[COMMAND],
    )
    joint_torque(
        q_rad,
        velocity_rad_s,
        joints[REFERENCE],
        joints[COMMAND],
        bias_n_m,
        joints[INERTIA],
        joints[TORQUE_MAX],
        dt_s,
        torque_n_m,
    )
    for j in range(3):
        applied[j] = rotation[j, 0] * wrench[0] + rotation[j, 1] * wrench[1] + rotation[j, 2] * wrench[2]
        applied[3 + j] = rotation[j, 0] * wrench[3] + rotation[j, 1] * wrench[4] + rotation[j, 2] * wrench[5]
    lx, ly, lz = origin_m[0] - com_m[0], origin_m[1] - com_m[1], origin_m[2] - com_m[2]
    applied[3] += ly * applied[2] - lz * applied[1]
    applied[4] += lz * applied[0] - lx * applied[2]
    applied[5] += lx * applied[1] - ly * applied[0]


@njit(cache=True, nogil=True)
def drive(
    now_ns: int,
    dt_s: float,
    sensor: Array,
    noise: Array,
    guard: Array,
    twist: Array,
    wrench: Array,
    joints: Array,
    J: Array,
    q_rad: Array,
    velocity_rad_s: Array,
    bias_n_m: Array,
    rotation: Array,
    origin_m: Array,
    com_m: Array,
    torque_n_m: Array,
    applied: Array,
) -> None:
    """Before the engine's step: read the force sensor, ask the guard, `follow` its twist."""
    read_sensor(sensor, noise, wrench, rotation)
    guard_twist(guard, now_ns, dt_s, -sensor[MEASURED, 2], rotation[:, 2], twist)
    follow(
        twist, wrench, dt_s, joints, J, q_rad, velocity_rad_s, bias_n_m, rotation, origin_m, com_m, torque_n_m, applied
    )


@njit(cache=True, nogil=True)
def move(anchor_m: Array, axis: Array, velocity_rad_s: Array, origin_m: Array, J: Array, twist: Array) -> None:
    """After the engine's step: Jacobian J (6, n) and velocity of the probe `twist` (6,) in base."""
    jacobian(anchor_m, axis, origin_m, J)
    for i in range(6):
        s = 0.0
        for k in range(velocity_rad_s.shape[0]):
            s += J[i, k] * velocity_rad_s[k]
        twist[i] = s


@njit(cache=True, nogil=True)
def feel(
    anchor_m: Array,
    axis: Array,
    velocity_rad_s: Array,
    J: Array,
    rotation: Array,
    origin_m: Array,
    twist: Array,
    points_m: Array,
    planes: Array,
    age_s: float,
    friction: float,
    wrench: Array,
) -> None:
    """After the engine's step: `move`, then the contact wrench (6,) of the face with the skin."""
    move(anchor_m, axis, velocity_rad_s, origin_m, J, twist)
    contact_wrench(rotation, origin_m, twist, points_m, planes, age_s, friction, wrench)
