"""One step of an exam: a still view or a sweep, with force, preset, time limit and gate."""

from dataclasses import dataclass
from enum import Enum

from echopilot_control.safety.limits import DESIGN_LIMITS
from echopilot_core import FindingKind, View

SLOWEST_HEART_PERIOD_S = 1.2
"""50 beats/min: without a heart rate from the images, recording lasts this long per beat."""

FORCE_CEILING_N = {str(preset): limits.setpoint_max_n for preset, limits in DESIGN_LIMITS.items()}
"""Highest force set-point of an exam, by preset."""

FORCE_STEP_N = 1.0
"""Added to the force of a step at each attempt after the view was not found."""


class StepKind(Enum):
    """Kind of a step: a still view or a sweep from it; CLIP is a clip that was recorded elsewhere, in no protocol."""

    ACQUIRE = "acquire"
    SWEEP = "sweep"
    CLIP = "clip"


PROTOCOL_KINDS = (StepKind.ACQUIRE, StepKind.SWEEP)


class Breath(Enum):
    """Breath hold that the patient is asked for while a view is held and recorded."""

    FREE = "free"
    EXPIRATION = "expiration"
    INSPIRATION = "inspiration"


class StepStart(Enum):
    """Where a step begins."""

    USUAL = "usual"  # where the view usually is, a sweep where the step before ended
    PLACE = "place"  # of the suspicion, turned into the view of the step
    BEFORE = "before"  # half the length of the sweep before that place, along the vessel


@dataclass(frozen=True)
class Step:
    """One step of an exam. `guided`: the operator moves the probe, the robot keeps force and centering.

    `asked_by`: the step is left out unless one of these findings was raised and not withdrawn. `start` and `sweep_m`
    (0: to the end of the vessel) are other than the usual ones in second looks alone.
    """

    view: View
    kind: StepKind
    preset: str
    force_n: float
    timeout_s: float
    gate: str  # row of echopilot_exam.gate.acceptance_criteria.GATES
    hold_s: float = 1.0  # the gate must pass this long before recording
    beats: int = 3
    attempts: int = 1
    speed_m_s: float = 0.008  # sweeps only
    guided: bool = False
    breath: Breath = Breath.FREE
    title: str = ""
    note: str = ""
    asked_by: tuple[FindingKind, ...] = ()
    start: StepStart = StepStart.USUAL
    sweep_m: float = 0.0

    @property
    def record_s(self) -> float:
        """Longest recording [s]: `beats` beats of a slow heart."""
        return self.beats * SLOWEST_HEART_PERIOD_S

    @property
    def by_hand(self) -> bool:
        """True for a view that the network does not know: the arm stays away, the operator starts the recording."""
        return self.view is View.NONE

    @property
    def longest_s(self) -> float:
        """Longest duration of the step without faults [s], motions between attempts excluded."""
        return self.attempts * self.timeout_s + (self.record_s if self.kind is StepKind.ACQUIRE else 0.0)
