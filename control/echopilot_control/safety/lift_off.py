"""The way off the patient after a latched stop, when an operator asks for it: safety's retreat, not the exam's."""

import numpy as np
from numpy.typing import NDArray

from echopilot_control.safety.limits import Limits
from echopilot_control.safety.reasons import Reason
from echopilot_control.safety.retract import retract
from echopilot_control.safety.state import RetractMemory, SafetyInputs
from echopilot_core import RobotState

BY_HAND_ONLY = frozenset(
    {
        Reason.FORCE_STUCK,
        Reason.FORCE_BIAS,
        Reason.ROBOT_STALE,
        Reason.ROBOT_FUTURE,
        Reason.ROBOT_NOT_FINITE,
        Reason.ROBOT_LOST,
        Reason.ROBOT_SPEED,
        Reason.ROBOT_FAULT,
        Reason.CLOCK_JUMP,
    }
)
"""With one of these, arm or force sensor may not be trusted to move: a person takes the probe off."""


def lift_off(
    memory: RetractMemory | None, inputs: SafetyInputs, robot: RobotState | None, reasons: list[Reason], limits: Limits
) -> tuple[RetractMemory | None, NDArray[np.float64] | None]:
    """Twist (6,) of this tick in base while an asked-for lift-off runs, else None; call it only while stopped.

    STOP pressed again, a released enabling device, resistance, the whole way or 3 s end it.
    """
    memory = RetractMemory() if inputs.lift_off else memory
    if memory is None or robot is None or inputs.operator_stop or inputs.enabled is False:
        return None, None
    if not BY_HAND_ONLY.isdisjoint(reasons):
        return None, None
    memory, twist = retract(memory, robot, inputs.now_ns, limits)
    return (None, None) if twist is None else (memory, twist)
