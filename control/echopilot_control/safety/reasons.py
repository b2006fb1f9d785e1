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
    FORCE_LATERAL = Rule(SafetyMode.RETRACT, 3, "lateral force above its limit")
    FORCE_SPIKE = Rule(SafetyMode.RETRACT, 3, "force rose too fast on two samples")
    FORCE_STUCK = Rule(SafetyMode.STOPPED, 4, "force sensor shows no noise in contact")
    ROBOT_STALE = Rule(SafetyMode.HOLD, 2, "robot state too old")
    ROBOT_FUTURE = Rule(SafetyMode.HOLD, 14, "robot state from the future")
    ROBOT_NOT_FINITE = Rule(SafetyMode.HOLD, 5, "robot state is not finite or not rigid")
    ROBOT_LOST = Rule(SafetyMode.STOPPED, 11, "no usable robot state for 100 ms")
    COMMAND_MISSING = Rule(SafetyMode.HOLD, 15, "no command")
    COMMAND_NOT_FINITE = Rule(SafetyMode.HOLD, 5, "command is not finite")
    COMMAND_STALE = Rule(SafetyMode.HOLD, 15, "command older than its validity")
    COMMAND_FUTURE = Rule(SafetyMode.HOLD, 14, "command from the future")
    COMMAND_REPEATED = Rule(SafetyMode.HOLD, 24, "sequence did not increase")
    HEARTBEAT_LOST = Rule(SafetyMode.STOPPED, 15, "controller silent for 1 s in contact")
    COMMANDERS = Rule(SafetyMode.STOPPED, 24, "not exactly one commander")
    FORBIDDEN_ZONE = Rule(SafetyMode.RETRACT, 13, "probe above the suprasternal notch")
    WORKSPACE = Rule(SafetyMode.HOLD, 13, "probe outside its workspace")
    JOINT_LIMIT = Rule(SafetyMode.HOLD, 12, "joint runs into its limit")
    OPERATOR_STOP = Rule(SafetyMode.STOPPED, 18, "operator pressed stop")
    CLOCK_JUMP = Rule(SafetyMode.HOLD, 14, "time went backwards")


def most_severe(reasons: list[Reason]) -> SafetyMode:
    """The reaction that holds when several causes meet: STOPPED over RETRACT over HOLD; OK when there is none.

    STOPPED wins because its causes (a dead sensor, a second commander, an operator) make a commanded retract unsafe.
    """
    return max((reason.value.reaction for reason in reasons), key=int, default=SafetyMode.OK)
