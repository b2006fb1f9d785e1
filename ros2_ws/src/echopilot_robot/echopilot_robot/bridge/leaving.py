"""The end of a bridge: the probe is off the patient before the arm, which then stands stiff, is let go of."""

import math
from collections.abc import Iterator

from echopilot_control.safety.limits import Limits
from echopilot_control.safety.retreat import retract
from echopilot_control.safety.state import RetractMemory
from echopilot_core import RobotInputs, RobotState, SafeTwist, SafetyMode, SafetyState
from echopilot_core.robot import CONTACT_N
from echopilot_robot.bridge.robot import BridgedRobot

LONGEST_TICKS = 400  # who ends processes kills them after 5 to 10 s


def leave(robot: BridgedRobot, state: RobotState, is_stopped: bool) -> Iterator[RobotState]:
    """States of the ticks in which the probe of a robot in contact leaves the patient, after `state`, its last.

    It retracts by 30 mm at 20 mm/s, as safety has it retract. Where safety is stopped (`is_stopped`) the arm may not
    move by itself: the compliant hold goes on until a hand has taken the probe off, for 4 s at most. A fault of the arm
    ends both.
    """
    if state.contact_force_n < CONTACT_N:
        return
    memory, limits = RetractMemory(), Limits()
    for _ in range(LONGEST_TICKS):
        twist = None
        if not is_stopped:
            memory, away = retract(memory, state, state.stamp_ns, limits)
            if away is None:
                return
            twist = SafeTwist(state.stamp_ns, away)
        elif state.contact_force_n < CONTACT_N:
            return
        if robot.faults:
            return
        mode = SafetyMode.STOPPED if is_stopped else SafetyMode.RETRACT
        state = robot.step(RobotInputs(twist, SafetyState(state.stamp_ns, mode, (), math.inf, math.inf)))
        yield state
