"""The simulated robot over its patient as a `Robot`, in the place of a real arm's driver."""

from echopilot_core import RobotInputs, RobotState
from echopilot_sim.simulation import Simulation


class SimulatedRobotDriver:
    """Steps a simulation; images are nobody's business here."""

    def __init__(self, simulation: Simulation) -> None:
        self.simulation = simulation

    def step(self, inputs: RobotInputs) -> RobotState:
        """Advance one control tick, as `echopilot_core.Robot` says."""
        return self.simulation.advance(inputs).robot
