"""Generalized momentum observer: the joint torques that come from outside, and the force along probe z in them.

De Luca & Mattone 2005 (ICRA, "Sensorless robot collision detection"): r follows the torque from outside by a
first-order lag 1 / K, without joint accelerations. Sampled at 100 Hz, the change of momentum is M(q) times the change
of joint velocity; Coriolis torques are below 0.3 N m at the speeds that safety admits, and left out.
"""

from dataclasses import dataclass

import numpy as np

from echopilot_control.kinematics.chain import ArmKinematics
from echopilot_control.kinematics.dynamics import gravity_n_m, mass_matrix
from echopilot_core import Array, RobotState

GAIN_1_S = 100.0
DIRECTION_RAD_S = 0.001  # slower joints may stick: the sign of their friction is not known
_LONGEST_S = 0.050
_SINGULAR_M2 = 0.01  # of j . j; it is .4 to .7 over a patient
_MASS_TICKS = 10  # the mass matrix changes by less than 1 % in 0.1 s


@dataclass(frozen=True, eq=False)
class ObserverMemory:
    """Last stamp [ns], joint velocities (n,), residual torques (n,) [N m], mass matrix (n, n) with its age, and the
    force of inertia along probe z, without its sign and smoothed like the residual [N].
    """

    stamp_ns: int = -1
    velocity_rad_s: Array | None = None
    residual_n_m: Array | None = None
    mass: Array | None = None
    mass_ticks: int = 0
    inertial_n: float = 0.0


@dataclass(frozen=True)
class OutsideForce:
    """Pressing force along probe z that the joints feel, and what the sensor feels by the same weights [N].

    `unsure_n` is the half width that friction of unknown direction and a torque sampled before or after a change of
    acceleration add to `joints_n`.
    """

    joints_n: float
    sensor_n: float
    unsure_n: float


def observe(at: ArmKinematics, memory: ObserverMemory, robot: RobotState) -> tuple[ObserverMemory, OutsideForce | None]:
    """Take one robot state, finite and with torques; None where joints and model do not fit or the pose is singular.

    The sensor's wrench is turned into joint torques too, so that both forces are taken from torques with the weights
    j / (j . j), where j (n,) [m] is the row of the Jacobian along probe z.
    """
    arm = at.arm
    torque_n_m, velocity, n = robot.joint_effort_n_m, robot.joint_velocity_rad_s, len(arm.mass_kg)
    if (
        torque_n_m is None
        or torque_n_m.shape != (n,)
        or velocity.shape != (n,)
        or robot.joint_position_rad.shape != (n,)
    ):
        return ObserverMemory(), None
    mass, mass_ticks = memory.mass, memory.mass_ticks + 1
    if mass is None or mass_ticks >= _MASS_TICKS:
        mass, mass_ticks = mass_matrix(at), 0
    dt_s = (robot.stamp_ns - memory.stamp_ns) * 1e-9
    sign = np.minimum(np.maximum(velocity / DIRECTION_RAD_S, -1.0), 1.0)
    still_n_m = gravity_n_m(at) + arm.damping_n_m_s * velocity + arm.friction_n_m * sign - torque_n_m
    rotation = robot.T_base_probe[:3, :3]
    along = rotation[:, 2] @ at.J[:3]
    size = float(along @ along)
    if size < _SINGULAR_M2:
        return ObserverMemory(), None
    before, residual, inertial_n = memory.velocity_rad_s, memory.residual_n_m, memory.inertial_n
    if before is None or residual is None or not 0.0 < dt_s <= _LONGEST_S:
        residual, inertial_n = still_n_m, 0.0
    else:
        share = GAIN_1_S * dt_s / (1.0 + GAIN_1_S * dt_s)
        inertia_n_m = mass @ (velocity - before) / dt_s
        residual = residual + share * (inertia_n_m + still_n_m - residual)
        inertial_n += share * (abs(float(along @ inertia_n_m)) / size - inertial_n)
    memory = ObserverMemory(robot.stamp_ns, velocity, residual, mass, mass_ticks, inertial_n)
    by_wrench = ((at.J @ along).reshape(2, 3) @ rotation).ravel()  # (6,), dot the wrench in probe
    unsure_n_m = arm.friction_n_m * (1.0 - np.abs(sign))
    return memory, OutsideForce(
        joints_n=-float(along @ residual) / size,
        sensor_n=-float(by_wrench @ robot.wrench) / size,
        unsure_n=float(np.abs(along) @ unsure_n_m) / size + inertial_n,
    )
