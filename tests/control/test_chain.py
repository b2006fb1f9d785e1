"""Pose, Jacobian and manipulability from the robot description are those of the simulated arm, whatever its pose."""

import numpy as np
import pytest

pytest.importorskip("rclpy", reason="needs rclpy")

from echopilot_control.kinematics.arm_model import read_arm
from echopilot_control.kinematics.chain import arm_kinematics, manipulability
from echopilot_core import SafeTwist
from echopilot_core.paths import share_file
from echopilot_sim.anatomy import sample_patient
from echopilot_sim.simulation import Simulation

URDF = share_file("echopilot_description", "urdf/echopilot_arm.urdf").read_text()


def test_pose_jacobian_and_manipulability_are_those_of_the_simulated_arm() -> None:
    simulation, arm = Simulation(sample_patient(1)), read_arm(URDF)
    for twist in (None, SafeTwist(0, np.full(6, 0.02))):
        robot = simulation.step(twist).robot
    J, at = simulation.robot.arm.J, arm_kinematics(arm, robot.joint_position_rad)
    assert np.allclose(at.T_base_probe, robot.T_base_probe, atol=1e-12) and np.allclose(at.J, J, atol=1e-12)
    assert np.allclose(at.J @ robot.joint_velocity_rad_s, robot.twist, atol=1e-12)
    assert manipulability(at.J) == pytest.approx(np.sqrt(np.linalg.det(J @ J.T)), rel=1e-6)
    stretched = np.zeros(7)
    assert manipulability(at.at(stretched).J) < 1e-6
    with pytest.raises(ValueError, match="do not fit"):
        at.at(stretched[:5])


@pytest.mark.parametrize(
    "text",
    [
        "", "<robot/>", '<robot><joint name="a" type="revolute"><parent link="a"/><child link="b"/>'
        '<axis xyz="1 nan 0"/></joint></robot>',
        '<robot><joint type="revolute"><parent link="a"/><child link="b"/></joint>'
        '<joint type="revolute"><parent link="a"/><child link="c"/></joint></robot>',
    ],
)  # fmt: skip
def test_a_description_without_one_chain_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="robot_description"):
        read_arm(text)
