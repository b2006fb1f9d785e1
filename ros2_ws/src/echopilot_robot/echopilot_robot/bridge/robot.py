"""Any arm as a `Robot`: samples to states, twists to joint velocities, and the compliant hold at the arm's rate."""

from dataclasses import dataclass

from echopilot_core import RobotInputs, RobotState
from echopilot_robot.arm import Arm


@dataclass(frozen=True)
class BridgeSettings:
    """Settings of a bridge."""

    sensor_link: str = "probe"  # link of the robot's description in whose frame the sensor reads


class BridgedRobot:
    """An `Arm` that keeps the contract of `echopilot_core.Robot`."""

    def __init__(self, arm: Arm, urdf: str, settings: BridgeSettings = BridgeSettings()) -> None:
        """`urdf` is the text of the robot's description; EchoPilotError where it does not fit the arm."""
        self._arm = arm

    def step(self, inputs: RobotInputs) -> RobotState:
        """Wait for the end of the next control tick of 10 ms, as `echopilot_core.Robot` says."""
        raise NotImplementedError
