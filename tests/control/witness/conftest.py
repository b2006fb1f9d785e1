"""Robot states of the simulated arm alone, under a wrench that the test applies."""

from collections.abc import Iterator

import numpy as np
import pytest

from echopilot_control.kinematics.arm_model import ArmDynamics, read_arm
from echopilot_core import Array, RobotInputs, RobotState, SafeTwist, SafetyMode, SafetyState
from echopilot_core.paths import share_file
from echopilot_core.timing import TICK_NS
from echopilot_sim.arm.arm_models import FR3_LIKE
from echopilot_sim.arm.robot import SimulatedRobot
from echopilot_sim.simulation import START_POSE, STEP_NS, STEPS_PER_TICK


@pytest.fixture(scope="session")
def arm() -> ArmDynamics:
    return read_arm(share_file("echopilot_description", FR3_LIKE.urdf).read_text())


class PushedArm:
    """The simulated arm in air; `twist` (6,) in base and the outside `push_n` along -z of the probe may change."""

    def __init__(self, seed: int) -> None:
        self.robot = SimulatedRobot(START_POSE, FR3_LIKE, seed)
        self.now_ns = 0
        self.twist: Array = np.zeros(6)
        self.push_n = 0.0

    def step(self) -> RobotState:
        """One control tick."""
        well = SafetyState(self.now_ns, SafetyMode.OK, (), 15.0, 18.0)
        self.robot.receive(RobotInputs(SafeTwist(self.now_ns, self.twist), well), self.now_ns)
        wrench = np.array([0.0, 0.0, -self.push_n, 0.0, 0.0, 0.0])
        for noise in self.robot.sensor.noise(STEPS_PER_TICK):
            self.robot.step(self.now_ns, noise, wrench)
            self.now_ns += STEP_NS
        return self.robot.state(self.now_ns, self.now_ns // TICK_NS, -1)

    def states(self, ticks: int) -> Iterator[RobotState]:
        """So many control ticks."""
        for _ in range(ticks):
            yield self.step()


@pytest.fixture
def pushed_arm() -> PushedArm:
    return PushedArm(600_017)
