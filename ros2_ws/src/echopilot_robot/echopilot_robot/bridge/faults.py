"""Faults of an arm and its driver, by name, each with what was expected and what came."""

from dataclasses import dataclass
from enum import Enum


class ArmFaultKind(Enum):
    """Name of a fault; the value says what is wrong in words."""

    DRIVER_ERROR = "the arm's own controller reports an error"
    DRIVER_SILENT = "the driver says nothing"
    SAMPLE_UNUSABLE = "a sample is not finite, or not of this arm"
    STAMPS_ZERO = "samples carry no stamp"
    STAMPS_STAND = "stamps of the samples stand still"
    CLOCK_EPOCH = "the driver's clock counts from another time"
    CLOCK_OFFSET = "the driver's clock is not ours"
    CLOCK_STEP = "the driver's clock stepped"
    WALL_CLOCK_STEP = "the wall clock of this host stepped"
    TARE = "the force in free air is not that of the tool"
    JOINT_LIMIT = "a joint is past its limit"
    SELF_COLLISION = "the arm would touch itself"


STOPS = frozenset({ArmFaultKind.DRIVER_ERROR, ArmFaultKind.DRIVER_SILENT, ArmFaultKind.SAMPLE_UNUSABLE})
"""Faults in which the arm is told to stop: of its force or joints nothing is known."""

PASSES = frozenset(
    {ArmFaultKind.CLOCK_STEP, ArmFaultKind.WALL_CLOCK_STEP, ArmFaultKind.JOINT_LIMIT, ArmFaultKind.SELF_COLLISION}
)
"""Faults in which the robot holds and goes on once the cause is gone; in all others it reports a fault of the arm."""


@dataclass(frozen=True)
class ArmFault:
    """One fault as it was found: `text` says what was expected and what came."""

    kind: ArmFaultKind
    text: str

    def __str__(self) -> str:
        return f"{self.kind.name} ({self.kind.value}): {self.text}"
