"""Arms behind one interface, and the bridge that makes of any of them a robot that keeps the contract."""

from echopilot_robot.arm import Arm, ArmSample

__all__ = ["Arm", "ArmSample"]
