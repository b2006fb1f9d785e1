"""Why safety stepped in: every reason with its reaction and the hazard it answers."""

from dataclasses import dataclass
from enum import Enum

from echopilot_core import SafetyMode


@dataclass(frozen=True)
class Rule:
    """`row` is the line of the hazard table in docs/safety.md; a latched reaction stays until an operator resets."""

    reaction: SafetyMode
    row: int
    text: str

    @property
    def latched(self) -> bool:
        return self.reaction in (SafetyMode.RETRACT, SafetyMode.STOPPED)


class Reason(Enum):
    """Named causes; the name is what travels in SafetyState.reasons."""

    FORCE_TRIP = Rule(SafetyMode.RETRACT, 3, "normal force above the trip")
    FORCE_LATERAL = Rule(SafetyMode.RETRACT, 3, "lateral force above 20 N")
    FORCE_TORQUE = Rule(SafetyMode.RETRACT, 3, "torque above 3 N m")
    FORCE_SPIKE = Rule(SafetyMode.RETRACT, 3, "force rose faster than 200 N/s on two samples")
    FORCE_DWELL = Rule(SafetyMode.RETRACT, 3, "normal force above 15 N for 60 s")
    FORCE_STUCK = Rule(SafetyMode.STOPPED, 4, "force sensor shows no noise for 0.5 s in contact")
    FORCE_BIAS = Rule(SafetyMode.STOPPED, 4, "more than 2 N for 0.2 s where no skin is, or pulling")
    ROBOT_STALE = Rule(SafetyMode.HOLD, 2, "robot state older than 30 ms")
    ROBOT_FUTURE = Rule(SafetyMode.HOLD, 14, "robot state from the future")
    ROBOT_NOT_FINITE = Rule(SafetyMode.HOLD, 5, "robot state is not finite or not rigid")
    ROBOT_LOST = Rule(SafetyMode.STOPPED, 11, "no usable robot state for more than 40 ms")
    ROBOT_SPEED = Rule(SafetyMode.STOPPED, 11, "arm moves faster than any command")
    ROBOT_FAULT = Rule(SafetyMode.STOPPED, 19, "arm reports a fault or its emergency stop")
    COMMAND_MISSING = Rule(SafetyMode.HOLD, 15, "no command")
    COMMAND_NOT_FINITE = Rule(SafetyMode.HOLD, 5, "command is not finite")
    COMMAND_BROKEN = Rule(SafetyMode.STOPPED, 5, "five commands in a row are not finite")
    COMMAND_STALE = Rule(SafetyMode.HOLD, 15, "command older than its validity")
    COMMAND_FUTURE = Rule(SafetyMode.HOLD, 14, "command from the future")
    COMMAND_REPEATED = Rule(SafetyMode.HOLD, 24, "sequence did not increase")
    COMMAND_SEQUENCE = Rule(SafetyMode.STOPPED, 24, "sequence fell: a second commander or a replay")
    HEARTBEAT_LOST = Rule(SafetyMode.STOPPED, 15, "controller dead, or silent for 1 s, in contact")
    NODE_LOST = Rule(SafetyMode.HOLD, 15, "a process of the exam died")
    NODE_GONE = Rule(SafetyMode.RETRACT, 15, "a dead process did not come back for 1 s in contact")
    COMMANDERS = Rule(SafetyMode.STOPPED, 24, "more than one commander")
    PATIENT_MOVED = Rule(SafetyMode.RETRACT, 9, "patient moved more than 11 mm or faster than 30 mm/s")
    FORBIDDEN_ZONE = Rule(SafetyMode.RETRACT, 13, "probe inside a forbidden zone")
    WORKSPACE = Rule(SafetyMode.HOLD, 13, "probe outside its workspace")
    JOINT_LIMIT = Rule(SafetyMode.HOLD, 12, "joint runs into its limit")
    SINGULAR = Rule(SafetyMode.HOLD, 12, "arm runs into a singular pose")
    OPERATOR_STOP = Rule(SafetyMode.STOPPED, 18, "operator pressed stop")
    ENABLE_RELEASED = Rule(SafetyMode.STOPPED, 20, "enabling device released or silent for 0.1 s")
    CLOCK_JUMP = Rule(SafetyMode.HOLD, 14, "time jumped less than 1 s ago")


def most_severe(reasons: list[Reason]) -> SafetyMode:
    """The reaction that holds when several causes meet: STOPPED over RETRACT over HOLD; OK when there is none.

    STOPPED wins because its causes (a dead sensor, a second commander, an operator) make a commanded retract unsafe.
    """
    return max((reason.value.reaction for reason in reasons), key=int, default=SafetyMode.OK)
