"""Manipulability from the robot description is that of the simulated arm, whatever its pose."""

import numpy as np
import pytest

pytest.importorskip("rclpy", reason="needs rclpy")

from echopilot_nodes.chain import manipulability, read_chain
from echopilot_sim.anatomy import draw_patient
from echopilot_sim.description import description_file
from echopilot_sim.simulation import Simulation

URDF = description_file("urdf/echopilot_arm.urdf").read_text()


def test_manipulability_is_that_of_the_simulated_arm() -> None:
    simulation, chain = Simulation(draw_patient(1)), read_chain(URDF)
    robot = simulation.step(None).robot
    J = simulation._arm.J
    assert manipulability(chain, robot.joint_position_rad) == pytest.approx(np.sqrt(np.linalg.det(J @ J.T)), rel=1e-6)
    stretched = np.zeros(7)
    assert manipulability(chain, stretched) < 1e-6
    with pytest.raises(ValueError, match="do not fit"):
        manipulability(chain, stretched[:5])


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
        read_chain(text)
