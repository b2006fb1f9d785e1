"""The arm in MuJoCo: the URDF of echopilot_description with motors and joint friction, stepped at 1 kHz."""

from dataclasses import dataclass

import mujoco
import numpy as np

from echopilot_core import Array, EchoPilotError, se3
from echopilot_core.paths import share_file
from echopilot_core.robot import FRAME_KG
from echopilot_core.robot_side.joint_velocity import joint_velocity
from echopilot_sim.arm import physics_step
from echopilot_sim.arm.arm_models import FR3_LIKE, ArmModel
from echopilot_sim.arm.servo import FRICTION_N_M, SPEED_SHARE

PROBE_BODY = "probe"
DT_S = 0.001
JOINT_DAMPING_N_M_S = 0.5
SOLVE_PULL = 0.4  # towards the nominal posture, while a pose is solved
_UNUSED = (
    mujoco.mjtDisableBit.mjDSBL_CONTACT | mujoco.mjtDisableBit.mjDSBL_SENSOR | mujoco.mjtDisableBit.mjDSBL_EQUALITY
)


def arm_spec(kind: ArmModel, friction_n_m: float = FRICTION_N_M) -> mujoco.MjSpec:
    """Specification made from the URDF: a torque motor per joint, rotor inertia, Coulomb friction with sticking."""
    spec = mujoco.MjSpec.from_file(str(share_file("echopilot_description", kind.urdf)))
    spec.compiler.fusestatic = False
    spec.option.timestep = DT_S
    spec.option.integrator = mujoco.mjtIntegrator.mjINT_IMPLICITFAST
    spec.option.disableflags |= int(_UNUSED)
    for geom in spec.geoms:
        geom.contype = geom.conaffinity = 0  # the skin is met by our own law, applied as an external wrench
    free_frames_of_mass(spec)
    for joint, rotor in zip(spec.joints, kind.rotor_inertia_kg_m2, strict=True):
        joint.armature = rotor
        joint.frictionloss = friction_n_m
        joint.damping = [JOINT_DAMPING_N_M_S, 0.0, 0.0]
        motor = spec.add_actuator(name=f"{joint.name}_motor", target=joint.name, trntype=mujoco.mjtTrn.mjTRN_JOINT)
        motor.ctrlrange = motor.forcerange = joint.actfrcrange
    return spec


def free_frames_of_mass(spec: mujoco.MjSpec) -> None:
    """Take their mass from links that are frames (`FRAME_KG`): it is there for Gazebo, MuJoCo needs none."""
    for body in spec.bodies:
        if body.mass < FRAME_KG:
            body.mass, body.explicitinertial = 0.0, False
            body.fullinertia = [np.nan, 0.0, 0.0, 0.0, 0.0, 0.0]  # not given


@dataclass(frozen=True)
class JointState:
    """Names (n), positions (n,) [rad], velocities (n,) [rad/s] and motor torques (n,) [N m]."""

    names: tuple[str, ...]
    position_rad: Array
    velocity_rad_s: Array
    torque_n_m: Array


class ArmPhysics:
    """Dynamics and joint loop of the arm; the caller gives a twist and the contact wrench every millisecond.

    `rotation` (3, 3), `origin_m` (3,) and `twist` (6,) are the probe in base: live arrays, which every step refreshes.
    `arrays` are those of a `physics_step.ArmState`, `kinematics` the arguments of `update_kinematics`.
    """

    def __init__(
        self,
        T_base_probe: Array,
        friction_n_m: float = FRICTION_N_M,
        kind: ArmModel = FR3_LIKE,
        spec: mujoco.MjSpec | None = None,
    ) -> None:
        """Start at rest with the probe at `T_base_probe`; raises EchoPilotError when the arm cannot reach it.

        `spec` is an `arm_spec` of the kind with something added to its world.
        """
        self.kind = kind
        self.model = model = (spec or arm_spec(kind, friction_n_m)).compile()
        self.data = data = mujoco.MjData(model)
        n, body = model.nv, model.body(PROBE_BODY).id
        self.names = tuple(model.joint(i).name for i in range(n))
        self.lower_rad, self.upper_rad = (np.ascontiguousarray(c) for c in model.jnt_range.T)
        self.torque_max_n_m = model.jnt_actfrcrange[:, 1].copy()
        self.rotation = data.xmat[body].reshape(3, 3)
        self.origin_m = data.xpos[body]
        self.twist = np.zeros(6)
        self.J = np.zeros((6, n))
        self.joints = np.zeros((9, n))
        self.joints[physics_step.LOWER], self.joints[physics_step.UPPER] = self.lower_rad, self.upper_rad
        self.joints[physics_step.SPEED_MAX] = SPEED_SHARE * kind.speed_max_rad_s
        self.joints[physics_step.TORQUE_MAX] = self.torque_max_n_m
        self.joints[physics_step.PULL] = kind.pull_1_s
        state = physics_step.ArmState(
            joints=self.joints,
            J=self.J,
            q_rad=data.qpos,
            velocity_rad_s=data.qvel,
            bias_n_m=data.qfrc_bias,
            rotation=self.rotation,
            origin_m=self.origin_m,
            com_m=data.xipos[body],
            torque_n_m=data.ctrl,
            applied=data.xfrc_applied[body],
        )
        self.arrays = tuple(state)
        self.kinematics = data.xanchor, data.xaxis, data.qvel, self.origin_m, self.J, self.twist
        q = self.solve_pose(T_base_probe)
        self.joints[physics_step.REFERENCE] = data.qpos[:] = q
        self.joints[physics_step.POSTURE] = kind.rest_rad
        mujoco.mj_step1(model, data)
        inertia = np.zeros((n, n))
        mujoco.mj_fullM(model, data, inertia)
        self.joints[physics_step.INERTIA] = inertia.diagonal()
        physics_step.update_kinematics(*self.kinematics)

    def step(self, twist: Array, wrench: Array) -> None:
        """One millisecond: `twist` (6,) asked for in base at the probe origin, `wrench` (6,) on the probe, in probe."""
        physics_step.follow_twist(twist, wrench, DT_S, self.arrays)
        self.advance()
        physics_step.update_kinematics(*self.kinematics)

    def advance(self) -> None:
        """The engine's share of a millisecond, with the torques and the wrench that `follow_twist` filled in."""
        mujoco.mj_step2(self.model, self.data)
        mujoco.mj_step1(self.model, self.data)

    def pose(self) -> Array:
        """Copy of `T_base_probe` (4, 4)."""
        return se3.transform(self.rotation, self.origin_m)

    def joint_state(self) -> JointState:
        """Copy of the joints as they are now."""
        return JointState(self.names, self.data.qpos.copy(), self.data.qvel.copy(), self.data.ctrl.copy())

    def solve_pose(self, T_base_probe: Array) -> Array:
        """Joint angles (n,) [rad] that put the probe there, by damped Gauss-Newton from the nominal posture.

        Raises EchoPilotError when the arm cannot reach it. Leaves the joints of `data` there, so ask before motion.
        """
        data = self.data
        q = self.kind.posture_rad.copy()
        q[0] += np.arctan2(T_base_probe[1, 3], T_base_probe[0, 3])
        nominal, unlimited, step = q.copy(), np.full(len(q), 2.0), np.zeros(len(q))
        pull_1_s = np.full(len(q), SOLVE_PULL)
        for _ in range(300):
            data.qpos[:] = q
            mujoco.mj_kinematics(self.model, data)
            error = se3.log(se3.inverse(self.pose()) @ T_base_probe)
            if np.abs(error).max() < 1e-9:
                return q
            physics_step.update_kinematics(
                data.xanchor, data.xaxis, np.zeros(len(q)), self.origin_m, self.J, self.twist
            )
            twist = np.concatenate([self.rotation @ error[:3], self.rotation @ error[3:]])
            joint_velocity(self.J, twist, q, nominal, pull_1_s, self.lower_rad, self.upper_rad, unlimited, step)
            q = np.clip(q + 0.5 * step, self.lower_rad, self.upper_rad)
        raise EchoPilotError(f"the arm cannot reach the probe position {np.round(T_base_probe[:3, 3], 3).tolist()} m")
