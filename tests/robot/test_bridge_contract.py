"""The bridge keeps the robot-side contract over an arm that knows joint velocities alone, at its rate."""

import pytest
from made_arm import BridgedRig, urdf_of

from echopilot_control.robot_contract import check_robot
from echopilot_sim.arm.arm_models import ArmName


@pytest.mark.parametrize(("arm", "rate_hz"), [("fr3_like", 500), ("fr3_like", 100), ("ur5e_like", 125)])
def test_an_arm_behind_the_bridge_keeps_the_contract(arm: ArmName, rate_hz: int) -> None:
    found = check_robot(BridgedRig(arm, rate_hz), urdf_of(arm))
    assert found == (), "\n".join(map(str, found))
