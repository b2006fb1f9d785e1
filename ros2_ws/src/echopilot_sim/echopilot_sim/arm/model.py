"""The arm in MuJoCo: the URDF of echopilot_description with motors and joint friction, stepped at 1 kHz."""

from dataclasses import dataclass

import mujoco
import numpy as np
from numpy.typing import NDArray

from echopilot_core import EchoPilotError, se3
from echopilot_sim.arm import loop
from echopilot_sim.arm.kinds import FR3_LIKE, ArmKind
from echopilot_sim.arm.kinematics import joint_velocity
from echopilot_sim.arm.servo import FRICTION_N_M
from echopilot_sim.description import description_file

Array = NDArray[np.float64]

PROBE_BODY = "probe"
DT_S = 0.001
JOINT_DAMPING_N_M_S = 0.5
SOLVE_PULL = 0.4  # towards the nominal posture, while a pose is solved
_UNUSED = (
    mujoco.mjtDisableBit.mjDSBL_CONTACT | mujoco.mjtDisableBit.mjDSBL_SENSOR | mujoco.mjtDisableBit.mjDSBL_EQUALITY
)


def arm_spec(kind: ArmKind, friction_n_m: float = FRICTION_N_M) -> mujoco.MjSpec:
    """Specification made from the URDF: a torque motor per joint, rotor inertia, Coulomb friction with sticking."""
    spec = mujoco.MjSpec.from_file(str(description_file(kind.urdf)))
    spec.compiler.fusestatic = False
    spec.option.timestep = DT_S
    spec.option.integrator = mujoco.mjtIntegrator.mjINT_IMPLICITFAST
    spec.option.disableflags |= int(_UNUSED)
    for geom in spec.geoms:
        geom.contype = geom.conaffinity = 0  # the skin is met by our own law, applied as an external wrench
    for joint, rotor in zip(spec.joints, kind.rotor_inertia_kg_m2, strict=True):
        joint.armature = rotor
        joint.frictionloss = friction_n_m
        joint.damping = [JOINT_DAMPING_N_M_S, 0.0, 0.0]
        motor = spec.add_actuator(name=f"{joint.name}_motor", target=joint.name, trntype=mujoco.mjtTrn.mjTRN_JOINT)
        motor.ctrlrange = motor.forcerange = joint.actfrcrange
    return spec


@dataclass(frozen=True)
class JointState:
    """Names (n), positions (n,) [rad], velocities (n,) [rad/s] and motor torques (n,) [N m]."""

    names: tuple[str, ...]
    position_rad: Array
    velocity_rad_s: Array
    torque_n_m: Array


class Arm:
    """Dynamics and joint loop of the arm; the caller gives a twist and the contact wrench every millisecond.

    `rotation` (3, 3), `origin_m` (3,) and `twist` (6,) are the probe in base; the engine and `loop.move` refresh them.
    `axes` and `torques` are live arrays of the engine in the order in which `loop.move` and `loop.follow` take them.
    """

    def __init__(
        self,
        T_base_probe: Array,
        friction_n_m: float = FRICTION_N_M,
        kind: ArmKind = FR3_LIKE,
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
        self.joints[loop.LOWER], self.joints[loop.UPPER] = self.lower_rad, self.upper_rad
        self.joints[loop.SPEED_MAX], self.joints[loop.TORQUE_MAX] = kind.speed_max_rad_s, self.torque_max_n_m
        self.joints[loop.PULL] = kind.pull_1_s
        self.axes = data.xanchor, data.xaxis, data.qvel
        probe = self.rotation, self.origin_m, data.xipos[body]
        self.torques = data.qpos, data.qvel, data.qfrc_bias, *probe, data.ctrl, data.xfrc_applied[body]
        q = self.solve_pose(T_base_probe)
        self.joints[loop.REFERENCE] = data.qpos[:] = q
        self.joints[loop.POSTURE] = kind.rest_rad
        mujoco.mj_step1(model, data)
        inertia = np.zeros((n, n))
        mujoco.mj_fullM(model, data, inertia)
        self.joints[loop.INERTIA] = inertia.diagonal()
        loop.move(*self.axes, self.origin_m, self.J, self.twist)

    def step(self, twist: Array, wrench: Array) -> None:
        """One millisecond: `twist` (6,) asked for in base at the probe origin, `wrench` (6,) on the probe, in probe."""
        loop.follow(twist, wrench, DT_S, self.joints, self.J, *self.torques)
        self.advance()
        loop.move(*self.axes, self.origin_m, self.J, self.twist)

    def advance(self) -> None:
        """The engine's share of a millisecond, with the torques and the wrench that `loop.follow` filled in."""
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
            loop.move(data.xanchor, data.xaxis, np.zeros(len(q)), self.origin_m, self.J, self.twist)
            twist = np.concatenate([self.rotation @ error[:3], self.rotation @ error[3:]])
            joint_velocity(self.J, twist, q, nominal, pull_1_s, self.lower_rad, self.upper_rad, unlimited, step)
            q = np.clip(q + 0.5 * step, self.lower_rad, self.upper_rad)
        raise EchoPilotError(f"the arm cannot reach the probe position {np.round(T_base_probe[:3, 3], 3).tolist()} m")
