"""Rules of the robot-side contract, and how a broken one is reported."""

from dataclasses import dataclass
from enum import Enum


class ContractRule(Enum):
    """What a robot side has to keep; the value is the sentence that a report prints."""

    FOLLOWS = "a valid twist is followed, in mode SERVO"
    STATE_FINITE = "every number of a state is finite"
    TICK = "every state has the tick after that of the one before"
    STAMP = "stamps of states are 10 ms apart, within half of that"
    JOINT_LIMIT = "joints stay within the limits of the URDF"
    JOINT_SPEED = "joints keep the speed limits of the URDF"
    FORCE_READING = "pressing reads as a positive contact force, close to a witness where there is one"
    NOT_FINITE = "a twist that is not finite is refused, and counts as silence"
    STALE = "a twist of 50 ms or older is refused, and counts as silence"
    FUTURE = "a twist from more than 20 ms ahead is refused, and counts as silence"
    REPEATED = "a twist whose stamp was taken already is refused"
    OLDER = "a twist that is older than one taken before is refused"
    ONE_PUBLISHER = "no twist is obeyed while several publishers send them, or several send states of safety"
    SAFETY_UNHEARD = "no twist is followed before a state of safety was received"
    SAFETY_SILENT = "no twist is obeyed while safety is silent for 50 ms, or its stamp lies ahead"
    SAFETY_STOPPED = "no twist is obeyed while safety is latched in a stop"
    SAFETY_RETRACTS = "while safety retracts, a twist towards the patient is refused"
    RETRACTION = "while safety retracts, its twist away from the patient is followed"
    SILENCE = "50 ms without a valid twist end in a hold, or a retraction, of the robot's own"
    HOLD_MOVES = "in free air the hold stays where it is"
    STANDS_STILL = "standing still is never the answer in contact"
    HOLD_STIFFNESS = "the hold has at most 300 N/m along probe z"
    HOLD_FORCE = "the hold never rises above the set-point"
    OWN_RETRACTION = "a robot that retracts instead of holding goes back 30 mm at 20 mm/s, and stays there"


@dataclass(frozen=True)
class Violation:
    """A rule that was broken, in which scenario, and by which figures."""

    rule: ContractRule
    scenario: str
    detail: str

    def __str__(self) -> str:
        return f"{self.rule.name} ({self.rule.value}), broken in {self.scenario}: {self.detail}"


class ScenarioEndedError(Exception):
    """A scenario cannot go on because of a violation."""

    def __init__(self, rule: ContractRule, detail: str) -> None:
        super().__init__(detail)
        self.rule, self.detail = rule, detail
