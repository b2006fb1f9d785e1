"""One tick of the safety check in hand: memory, inputs and limits, and what the judges found usable."""

from echopilot_control.safety.limits import DESIGN_LIMITS, Limits
from echopilot_control.safety.state import SafetyInputs, SafetyMemory
from echopilot_control.safety.zones import Zone
from echopilot_core import BodyLandmarks, BodySurface, ProbeCommand, RobotState


class SafetyTick:
    """Filled in by the judges of the declaration in their order; None and () mean that nothing may be used.

    `memory` is that of the tick before; the parts of the next one stand beside it under the names of its fields.
    """

    def __init__(self, memory: SafetyMemory, inputs: SafetyInputs, limits: Limits) -> None:
        self.inputs, self.limits = inputs, limits
        self.preset_limits = (
            limits.preset_limits(inputs.preset) if inputs.preset in DESIGN_LIMITS else limits.strictest_limits()
        )
        self.now_ns = inputs.now_ns
        self.usable_robot: RobotState | None = None
        self.usable_command: ProbeCommand | None = None
        self.usable_surface: BodySurface | None = None
        self.usable_landmarks: tuple[BodyLandmarks, ...] = ()  # those in use, and newer ones that contradict them
        self.zones: tuple[Zone, ...] = ()
        self.share = 1.0  # of the commanded speed that may leave
        self.remember(memory)

    def remember(self, memory: SafetyMemory) -> None:
        """Take another memory of the tick before: that of a reset, or of a clock that jumped."""
        self.memory = memory
        self.clock, self.robot, self.force, self.command = memory.clock, memory.robot, memory.force, memory.command
        self.witness = memory.witness
        self.arm, self.skin, self.landmarks, self.body = memory.arm, memory.skin, memory.landmarks, memory.body
