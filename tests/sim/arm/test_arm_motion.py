"""The arm: Jacobian against finite differences, tracking of twists, limits, and torque from one model."""

import mujoco
import numpy as np
import pytest

from echopilot_core import EchoPilotError, se3
from echopilot_core.paths import share_file
from echopilot_core.robot_side.joint_velocity import jacobian
from echopilot_sim.arm.arm_models import FR3_LIKE, UR5E_LIKE, ArmModel, arm_model
from echopilot_sim.arm.mujoco_arm import ArmPhysics

DOWN = np.diag([1.0, -1.0, -1.0])
START = se3.transform(DOWN, np.array([0.5, 0.0, 0.35]))
FREE = np.zeros(6)
KINDS = pytest.mark.parametrize("kind", [FR3_LIKE, UR5E_LIKE], ids=lambda kind: kind.name)


def test_description_names_the_probe_and_a_missing_file_is_one_clear_line() -> None:
    assert 'link name="probe"' in share_file("echopilot_description", "urdf/echopilot_arm.urdf").read_text()
    with pytest.raises(EchoPilotError, match="looked in"):
        share_file("echopilot_description", "urdf/no_such_arm.urdf")


@KINDS
def test_speed_limits_of_the_loop_are_those_of_the_urdf(kind: ArmModel) -> None:
    text = share_file("echopilot_description", kind.urdf).read_text()
    speeds = [float(part.split('"')[1]) for part in text.split("velocity=")[1:]]
    assert speeds == kind.speed_max_rad_s.tolist()


def test_an_unknown_arm_lists_the_choices() -> None:
    with pytest.raises(EchoPilotError, match="fr3_like, ur5e_like"):
        arm_model("kr6")


@KINDS
def test_start_puts_the_probe_where_asked_and_far_targets_are_refused(kind: ArmModel) -> None:
    arm = ArmPhysics(START, kind=kind)
    assert np.abs(se3.log(se3.inverse(arm.pose()) @ START)).max() < 1e-6
    with pytest.raises(EchoPilotError, match="cannot reach"):
        ArmPhysics(se3.transform(DOWN, np.array([1.6, 0.0, 0.3])), kind=kind)


@KINDS
def test_jacobian_is_the_derivative_of_the_pose(kind: ArmModel) -> None:
    seed = 3
    print("seed", seed)
    rng = np.random.default_rng(seed)
    arm, h = ArmPhysics(START, kind=kind), 1e-6
    n = len(arm.names)
    J = np.zeros((6, n))
    for _ in range(5):
        q = kind.posture_rad + rng.uniform(-0.5, 0.5, n)
        for i in range(n):
            poses = []
            for sign in (-1.0, 1.0):
                arm.data.qpos[:] = q
                arm.data.qpos[i] += sign * h
                mujoco.mj_kinematics(arm.model, arm.data)
                poses.append(arm.pose())
            arm.data.qpos[:] = q
            mujoco.mj_kinematics(arm.model, arm.data)
            jacobian(arm.data.xanchor, arm.data.xaxis, arm.origin_m, J)
            moved = (poses[1][:3, 3] - poses[0][:3, 3]) / (2 * h)
            turned = se3.so3_log(poses[1][:3, :3] @ poses[0][:3, :3].T) / (2 * h)
            assert np.allclose(J[:, i], np.concatenate([moved, turned]), atol=1e-5)


@KINDS
@pytest.mark.parametrize("axis", range(6))
def test_probe_follows_a_twist_despite_friction(kind: ArmModel, axis: int) -> None:
    arm, twist = ArmPhysics(START, kind=kind), np.zeros(6)
    twist[axis] = 0.02 if axis < 3 else 0.2
    for _ in range(2500):  # the integral term first has to find the friction
        arm.step(twist, FREE)
    before = arm.pose()
    for _ in range(500):
        arm.step(twist, FREE)
    moved = np.concatenate([arm.origin_m - before[:3, 3], se3.so3_log(arm.rotation @ before[:3, :3].T)])
    assert np.allclose(moved / 0.5, twist, atol=0.03 * np.abs(twist).max() + 3e-4)


@KINDS
def test_velocity_loop_has_ten_hertz_of_bandwidth(kind: ArmModel) -> None:
    """Without friction, a 1 Hz twist passes whole, and at 25 Hz less than the -3 dB point comes through."""
    gains = []
    for rate_hz in (1.0, 25.0):
        arm, speeds, steps = ArmPhysics(START, friction_n_m=0.0, kind=kind), [], 2000
        for k in range(steps):
            arm.step(np.array([0, 0, 0.02 * np.sin(2 * np.pi * rate_hz * k * 1e-3), 0, 0, 0]), FREE)
            speeds.append(arm.twist[2])
        tail = np.array(speeds[steps // 2 :])
        gains.append((tail.max() - tail.min()) / 0.04)
    assert 0.9 < gains[0] < 1.15
    assert gains[1] < 0.71


@KINDS
@pytest.mark.parametrize(("torque_n_m", "moves"), [(0.9, False), (1.3, True)])
def test_joints_stick_below_one_newton_meter_and_break_away_above(
    kind: ArmModel, torque_n_m: float, moves: bool
) -> None:
    arm = ArmPhysics(START, kind=kind)
    for joint in range(len(arm.names)):
        arm.data.qvel[:] = 0.0
        start = arm.data.qpos.copy()
        for _ in range(500):
            arm.data.ctrl[:] = arm.data.qfrc_bias
            arm.data.ctrl[joint] += torque_n_m
            mujoco.mj_step2(arm.model, arm.data)
            mujoco.mj_step1(arm.model, arm.data)
        assert (abs(arm.data.qpos[joint] - start[joint]) > 0.01) == moves
        arm.data.qpos[:] = start
        mujoco.mj_step1(arm.model, arm.data)


@KINDS
def test_still_arm_holds_against_gravity_and_a_push(kind: ArmModel) -> None:
    arm = ArmPhysics(START, kind=kind)
    for _ in range(2000):
        arm.step(np.zeros(6), np.array([0.0, 0.0, -8.0, 0.0, 0.0, 0.0]))
    assert np.linalg.norm(arm.origin_m - START[:3, 3]) < 0.005
    assert np.abs(arm.twist[:3]).max() < 1e-3


@KINDS
def test_limits_of_joints_speed_and_torque_hold_under_absurd_twists(kind: ArmModel) -> None:
    seed = 5
    print("seed", seed)
    rng = np.random.default_rng(seed)
    for _ in range(3):
        arm, twist = ArmPhysics(START, kind=kind), rng.normal(0.0, 1.0, 6)
        for _ in range(2500):
            arm.step(twist, FREE)
            joints = arm.joint_state()
            assert np.all(np.abs(joints.torque_n_m) <= arm.torque_max_n_m + 1e-9)
            assert np.all(np.abs(joints.velocity_rad_s) <= kind.speed_max_rad_s)
            assert np.all(joints.position_rad > arm.lower_rad - 0.02)
            assert np.all(joints.position_rad < arm.upper_rad + 0.02)
