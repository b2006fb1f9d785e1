"""Joint limits come from the robot description or are refused in one line."""

import pytest

from echopilot_control.kinematics.joint_limits import joint_limits_rad, joint_speed_limits_rad_s
from echopilot_core.paths import share_file
from echopilot_sim.anatomy import sample_patient
from echopilot_sim.arm.arm_models import FR3_LIKE, UR5E_LIKE, ArmModel
from echopilot_sim.simulation import Simulation


def test_joint_limits_are_those_of_the_arm() -> None:
    text = share_file("echopilot_description", "urdf/echopilot_arm.urdf").read_text()
    assert joint_limits_rad(text).tolist() == Simulation(sample_patient(1)).joint_limits_rad.tolist()


@pytest.mark.parametrize("kind", [FR3_LIKE, UR5E_LIKE], ids=lambda kind: kind.name)
def test_speed_limits_of_the_description_are_those_the_arm_keeps(kind: ArmModel) -> None:
    text = share_file("echopilot_description", kind.urdf).read_text()
    assert joint_speed_limits_rad_s(text).tolist() == kind.speed_max_rad_s.tolist()
    with pytest.raises(ValueError, match="velocity of joint joint1 is missing"):
        joint_speed_limits_rad_s(text.replace('velocity="', 'rate="'))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "not xml",
        "<robot/>",
        '<robot><joint name="a" type="revolute"/></robot>',
        '<robot><joint name="a" type="revolute"><limit lower="1" upper="-1"/></joint></robot>',
        '<robot><joint name="a" type="revolute"><limit lower="nan" upper="1"/></joint></robot>',
    ],
)
def test_a_description_without_usable_limits_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"robot_description|joint"):
        joint_limits_rad(text)
