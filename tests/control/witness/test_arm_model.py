"""Model of the arm from its URDF: gravity torques, mass matrix and Jacobian are those of MuJoCo."""

import mujoco
import numpy as np
import pytest

from echopilot_control.kinematics.arm_model import ArmDynamics, read_arm
from echopilot_control.kinematics.chain import arm_kinematics
from echopilot_control.kinematics.dynamics import gravity_n_m, mass_matrix
from echopilot_core.paths import share_file
from echopilot_sim.arm.arm_models import FR3_LIKE, UR5E_LIKE
from echopilot_sim.arm.mujoco_arm import JOINT_DAMPING_N_M_S, PROBE_BODY, arm_spec, free_frames_of_mass
from echopilot_sim.arm.servo import FRICTION_N_M

SEED = 17


def urdf_of(kind: ArmDynamics) -> str:
    return share_file("echopilot_description", kind.urdf).read_text()


def gantry() -> tuple[str, mujoco.MjModel]:
    """The arm with a third and fifth joint that slide."""
    text = urdf_of(FR3_LIKE)
    for name in ("joint3", "joint5"):
        text = text.replace(f'name="{name}" type="revolute"', f'name="{name}" type="prismatic"')
    spec = mujoco.MjSpec.from_string(text)
    spec.compiler.fusestatic = False
    free_frames_of_mass(spec)
    return text, spec.compile()


@pytest.mark.parametrize("name", ["fr3_like", "ur5e_like", "with sliding joints"])
def test_gravity_mass_matrix_and_jacobian_are_those_of_mujoco(name: str) -> None:
    kinds = {kind.name: (urdf_of(kind), arm_spec(kind).compile()) for kind in (FR3_LIKE, UR5E_LIKE)}
    urdf, model = kinds[name] if name in kinds else gantry()
    arm, rng = read_arm(urdf), np.random.default_rng(SEED)
    data, n = mujoco.MjData(model), model.nv
    for _ in range(20):
        data.qpos[:] = rng.uniform(-2.5, 2.5, n)
        data.qvel[:] = 0.0
        mujoco.mj_forward(model, data)
        at = arm_kinematics(arm, data.qpos.copy())
        inertia, linear, angular = np.zeros((n, n)), np.zeros((3, n)), np.zeros((3, n))
        mujoco.mj_fullM(model, data, inertia)
        mujoco.mj_jacBody(model, data, linear, angular, model.body(PROBE_BODY).id)
        np.testing.assert_allclose(gravity_n_m(at), data.qfrc_bias, atol=1e-9)
        np.testing.assert_allclose(mass_matrix(at) + np.diag(model.dof_armature), inertia, atol=1e-9)
        np.testing.assert_allclose(at.J, [*linear, *angular], atol=1e-9)
        body = model.body(PROBE_BODY).id
        np.testing.assert_allclose(at.T_base_probe[:3, :3], data.xmat[body].reshape(3, 3), atol=1e-9)
        np.testing.assert_allclose(at.T_base_probe[:3, 3], data.xpos[body], atol=1e-9)


@pytest.mark.parametrize("kind", [FR3_LIKE, UR5E_LIKE], ids=lambda kind: kind.name)
def test_friction_of_the_description_is_that_of_the_simulated_arm(kind: ArmDynamics) -> None:
    arm = read_arm(urdf_of(kind))
    assert set(arm.friction_n_m) == {FRICTION_N_M}
    assert set(arm.damping_n_m_s) == {JOINT_DAMPING_N_M_S}


def test_descriptions_without_masses_or_with_planar_joints_are_refused_in_words() -> None:
    text = urdf_of(FR3_LIKE)
    with pytest.raises(ValueError, match="no mass behind link 'link3'"):
        read_arm(text.replace('<mass value="2.6"/>', '<mass value="0"/>'))
    with pytest.raises(ValueError, match="planar"):
        read_arm(text.replace('name="joint3" type="revolute"', 'name="joint3" type="planar"'))
    with pytest.raises(ValueError, match="must be a number"):
        read_arm(text.replace('<mass value="2.6"/>', '<mass value="nan"/>'))
    with pytest.raises(ValueError, match="do not fit"):
        arm_kinematics(read_arm(text), np.zeros(6))
