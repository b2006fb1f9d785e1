"""The contract of `echopilot_core.Robot` as a check that every robot side has to pass, simulated or real.

Example:
    A driver's own test, on the real arm over a phantom on a linear stage::

        assert check_robot(MyRig(), Path("my_arm.urdf").read_text()) == ()
"""

from echopilot_control.robot_contract.check import SCENARIOS, check_robot
from echopilot_control.robot_contract.rig import Rig
from echopilot_control.robot_contract.rules import ContractRule, Violation

__all__ = ["SCENARIOS", "ContractRule", "Rig", "Violation", "check_robot"]
