"""The arm in MuJoCo: the URDF of echopilot_description with motors and joint friction, stepped at 1 kHz."""

from dataclasses import dataclass

import mujoco
import numpy as np
from numpy.typing import NDArray

from echopilot_core import EchoPilotError, se3
from echopilot_sim.arm.kinematics import jacobian, joint_velocity
from echopilot_sim.arm.servo import FRICTION_N_M, joint_torque
from echopilot_sim.description import description_file

Array = NDArray[np.float64]

URDF = "urdf/echopilot_arm.urdf"
PROBE_BODY = "probe"
DT_S = 0.001
N_JOINTS = 7
ROTOR_INERTIA_KG_M2 = np.array([0.30, 0.30, 0.30, 0.30, 0.12, 0.12, 0.12])  # reflected through the gears
JOINT_DAMPING_N_M_S = 0.5
POSTURE_RAD = np.array([0.0, 0.0, 0.0, 1.9, 0.0, np.pi - 1.9, 0.0])  # elbow up, probe pointing down
SPEED_MAX_RAD_S = np.array([2.6, 2.6, 2.6, 2.6, 3.0, 3.0, 3.0])


def arm_spec(friction_n_m: float = FRICTION_N_M) -> mujoco.MjSpec:
    """Specification made from the URDF: a torque motor per joint, rotor inertia, Coulomb friction with sticking."""
    spec = mujoco.MjSpec.from_file(str(description_file(URDF)))
    spec.compiler.fusestatic = False
    spec.option.timestep = DT_S
    spec.option.integrator = mujoco.mjtIntegrator.mjINT_IMPLICITFAST
    for geom in spec.geoms:
        geom.contype = geom.conaffinity = 0  # the skin is met by our own law, applied as an external wrench
    for joint, rotor in zip(spec.joints, ROTOR_INERTIA_KG_M2, strict=True):
        joint.armature = rotor
        joint.frictionloss = friction_n_m
        joint.damping = [JOINT_DAMPING_N_M_S, 0.0, 0.0]
        motor = spec.add_actuator(name=f"{joint.name}_motor", target=joint.name, trntype=mujoco.mjtTrn.mjTRN_JOINT)
        motor.ctrlrange = motor.forcerange = joint.actfrcrange
    return spec


@dataclass(frozen=True)
class JointState:
    """Names (7), positions (7,) [rad], velocities (7,) [rad/s] and motor torques (7,) [N m]."""

    names: tuple[str, ...]
    position_rad: Array
    velocity_rad_s: Array
    torque_n_m: Array


class Arm:
    """Dynamics and joint loop of the arm; the caller gives a twist and the contact wrench every millisecond.

    `rotation` (3, 3), `origin_m` (3,) and `twist` (6,) are the probe in base, live views or refreshed after every step.
    """

    def __init__(self, T_base_probe: Array, friction_n_m: float = FRICTION_N_M) -> None:
        """Start at rest with the probe at `T_base_probe`; raises EchoPilotError when the arm cannot reach it."""
        self.model = arm_spec(friction_n_m).compile()
        self.data = mujoco.MjData(self.model)
        self._body = self.model.body(PROBE_BODY).id
        self.names = tuple(self.model.joint(i).name for i in range(N_JOINTS))
        self.lower_rad, self.upper_rad = (np.ascontiguousarray(c) for c in self.model.jnt_range.T)
        self.torque_max_n_m = self.model.jnt_actfrcrange[:, 1].copy()
        self.rotation = self.data.xmat[self._body].reshape(3, 3)
        self.origin_m = self.data.xpos[self._body]
        self.twist = np.zeros(6)
        self._J = np.zeros((6, N_JOINTS))
        self._command_rad_s = np.zeros(N_JOINTS)
        self._posture_rad = self._solve_pose(T_base_probe)
        self._reference_rad = self._posture_rad.copy()
        self.data.qpos[:] = self._posture_rad
        mujoco.mj_step1(self.model, self.data)
        inertia = np.zeros((N_JOINTS, N_JOINTS))
        mujoco.mj_fullM(self.model, self.data, inertia)
        self._inertia_kg_m2 = inertia.diagonal().copy()
        self._refresh()

    def step(self, twist: Array, wrench: Array) -> None:
        """One millisecond: `twist` (6,) asked for in base at the probe origin, `wrench` (6,) on the probe, in probe."""
        data = self.data
        joint_velocity(
            self._J,
            twist,
            data.qpos,
            self._posture_rad,
            self.lower_rad,
            self.upper_rad,
            SPEED_MAX_RAD_S,
            self._command_rad_s,
        )
        joint_torque(
            data.qpos,
            data.qvel,
            self._reference_rad,
            self._command_rad_s,
            data.qfrc_bias,
            self._inertia_kg_m2,
            self.torque_max_n_m,
            DT_S,
            data.ctrl,
        )
        force = self.rotation @ wrench[:3]
        lever = self.origin_m - data.xipos[self._body]
        applied = data.xfrc_applied[self._body]
        applied[:3] = force
        applied[3:] = self.rotation @ wrench[3:]
        applied[3] += lever[1] * force[2] - lever[2] * force[1]
        applied[4] += lever[2] * force[0] - lever[0] * force[2]
        applied[5] += lever[0] * force[1] - lever[1] * force[0]
        mujoco.mj_step2(self.model, data)
        mujoco.mj_step1(self.model, data)
        self._refresh()

    def pose(self) -> Array:
        """Copy of `T_base_probe` (4, 4)."""
        return se3.transform(self.rotation, self.origin_m)

    def joint_state(self) -> JointState:
        """Copy of the joints as they are now."""
        return JointState(self.names, self.data.qpos.copy(), self.data.qvel.copy(), self.data.ctrl.copy())

    def _refresh(self) -> None:
        jacobian(self.data.xanchor, self.data.xaxis, self.origin_m, self._J)
        np.dot(self._J, self.data.qvel, out=self.twist)

    def _solve_pose(self, T_base_probe: Array) -> Array:
        """Joint angles (7,) [rad] that put the probe there, by damped Gauss-Newton from the nominal posture."""
        q = POSTURE_RAD.copy()
        q[0] = np.arctan2(T_base_probe[1, 3], T_base_probe[0, 3])
        nominal, unlimited, step = q.copy(), np.full(N_JOINTS, 2.0), np.zeros(N_JOINTS)
        for _ in range(300):
            self.data.qpos[:] = q
            mujoco.mj_kinematics(self.model, self.data)
            error = se3.log(se3.inverse(self.pose()) @ T_base_probe)
            if np.abs(error).max() < 1e-9:
                return q
            jacobian(self.data.xanchor, self.data.xaxis, self.origin_m, self._J)
            twist = np.concatenate([self.rotation @ error[:3], self.rotation @ error[3:]])
            joint_velocity(self._J, twist, q, nominal, self.lower_rad, self.upper_rad, unlimited, step)
            q = np.clip(q + 0.5 * step, self.lower_rad, self.upper_rad)
        raise EchoPilotError(f"the arm cannot reach the probe position {np.round(T_base_probe[:3, 3], 3).tolist()} m")
