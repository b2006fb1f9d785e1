"""Hooks of the closed loop for scenarios, fault campaigns and tests."""

from typing import Any

from echopilot_control.observation import ControlInputs
from echopilot_control.safety import SafetyInputs
from echopilot_core import (
    BodyLandmarks,
    BodySurface,
    ControlGoal,
    PerceptionResult,
    ProbeCommand,
    RobotState,
    SafeTwist,
)


class Disturbances:
    """Leaves everything as it is; subclasses override what they disturb.

    `tick` is the number of the control tick that is under way, from 1; methods are named after what passes through.
    """

    def begin(self, tick: int, now_ns: int) -> None:
        """Called first in every tick, at the time [ns] of the state before it."""

    def twist(self, tick: int, twist: SafeTwist | None) -> SafeTwist | None:
        """Safety's answer to the last tick on its way to the robot; None is lost."""
        return twist

    def robot(self, robot: RobotState) -> RobotState:
        """Robot state as everybody receives it."""
        return robot

    def loses_frame(self, acquisition: Any) -> bool:
        """Whether the result of a frame never arrives."""
        return False

    def extra_delay_ns(self, result: PerceptionResult) -> int:
        """How much later than the image latency a result arrives [ns]; results never overtake each other."""
        return 0

    def result(self, result: PerceptionResult, now_ns: int) -> PerceptionResult:
        """A result as it arrives."""
        return result

    def surface(self, surface: BodySurface) -> BodySurface:
        """Skin as the depth camera delivers it."""
        return surface

    def landmarks(self, landmarks: BodyLandmarks) -> BodyLandmarks:
        """Landmarks as the operator points at them."""
        return landmarks

    def gain_db(self) -> float:
        """Gain [dB] that the scanner is set to; asked for at each exam tick."""
        return 0.0

    def goal(self, tick: int, goal: ControlGoal) -> ControlGoal:
        """The goal in force at a tick."""
        return goal

    def control_inputs(self, tick: int, inputs: ControlInputs) -> ControlInputs:
        """What the controller takes."""
        return inputs

    def command(self, tick: int, command: ProbeCommand) -> ProbeCommand | None:
        """The controller's command on its way to safety; None is lost."""
        return command

    def safety_inputs(self, tick: int, inputs: SafetyInputs) -> SafetyInputs:
        """What safety takes."""
        return inputs
