"""Inputs, outputs and results of the exam machine, and groups of its states."""

from dataclasses import dataclass
from enum import IntEnum

from echopilot_core import (
    ControlGoal,
    ControlStatus,
    ExamPhase,
    Finding,
    Measurement,
    MeasurementName,
    Outcome,
    PerceptionResult,
    RobotState,
    SafetyState,
    Suspicion,
    View,
)
from echopilot_exam.protocol.protocol import Protocol
from echopilot_exam.protocol.step import Step, StepKind

TERMINAL = frozenset({ExamPhase.DONE, ExamPhase.ABORTED})

WAITING_FOR_OPERATOR = frozenset({ExamPhase.SAFETY_STOPPED, ExamPhase.OPERATOR_STOPPED})
"""The exam waits for the operator."""

FORCE_BUILD_UP = frozenset({ExamPhase.APPROACH, ExamPhase.TOUCH, ExamPhase.COUPLE})
"""The force is below its set-point and rises."""

VIEW_PHASES = frozenset({ExamPhase.SEARCH, ExamPhase.REFINE, ExamPhase.HOLD, ExamPhase.RECORD})
"""A view is searched for, held or recorded."""

VIEW_CONTACT_PHASES = VIEW_PHASES | {ExamPhase.TOUCH, ExamPhase.COUPLE}
"""The probe of a still view is in contact."""

FORCE_HOLD_PHASES = VIEW_PHASES | {ExamPhase.GUIDED, ExamPhase.SWEEP}
"""The force is controlled to its set-point."""

FULL_RATE_PHASES = frozenset({ExamPhase.HOLD, ExamPhase.RECORD, ExamPhase.SWEEP})
"""Every frame is recorded."""

CLIP_PHASES = frozenset({ExamPhase.RECORD, ExamPhase.SWEEP})
"""Frames that measurements come from are recorded with their label maps."""


class OperatorRequest(IntEnum):
    """Request of the operator to a running exam; one per tick."""

    NONE = 0
    STOP = 1  # leave the skin and wait
    RESUME = 2  # after STOP or a reset safety trip: repeat the step; a view held by hand: record it
    SKIP = 3  # go on to the next step
    ABORT = 4  # leave the skin and end


@dataclass(frozen=True)
class StepResult:
    """Result of one step of the protocol. `accepted`: it passed the gate."""

    view: View
    kind: StepKind
    outcome: Outcome
    accepted: bool
    score: float  # 0..1, the fraction of frames that passed the gate
    quality: float  # 0..1, median
    seconds: float
    frame_sequence: int  # best frame; -1 when none
    detail: str
    frame_sequences: tuple[int, ...] = ()

    @property
    def left_out(self) -> bool:
        """True for a step that was never begun because no finding asked for it, or its time was used up."""
        return self.outcome is Outcome.PREEMPTED and self.seconds == 0.0


@dataclass(frozen=True)
class Series:
    """A quantity over time, such as the volume of the left ventricle (SI `unit`)."""

    name: MeasurementName
    unit: str
    times_s: tuple[float, ...]
    values: tuple[float, ...]
    frame_sequences: tuple[int, ...]


@dataclass(frozen=True)
class KeyFrame:
    """A frame to keep as an image, and the reason."""

    sequence: int
    view: View
    reason: str


@dataclass(frozen=True)
class ExamInputs:
    """Inputs of one exam tick; `results` are the perception results since the last tick, oldest first."""

    now_ns: int
    robot: RobotState
    status: ControlStatus | None
    safety: SafetyState | None
    results: tuple[PerceptionResult, ...] = ()
    request: OperatorRequest = OperatorRequest.NONE


@dataclass(frozen=True)
class ExamState:
    """State of the machine, stamped at the exam's own tick; `exam_status` converts it for publication."""

    stamp_ns: int
    tick: int
    active: bool
    phase: ExamPhase
    step_index: int
    steps_total: int
    attempt: int
    view: View
    waiting_for: str
    progress: float
    message: str
    imaging_preset: str
    goal: ControlGoal
    results: tuple[StepResult, ...]
    frame_sequence: int
    step: Step
    labels: tuple[str, ...]  # view and kind of every step of the plan
    protocol: Protocol | None = None
    suspicions: tuple[Suspicion, ...] = ()


@dataclass(frozen=True)
class ExamOutput:
    """Output of one exam tick."""

    goal: ControlGoal
    state: ExamState
    imaging: str
    new_measurements: tuple[Measurement, ...] = ()
    new_findings: tuple[Finding, ...] = ()
    new_series: tuple[Series, ...] = ()
    keep: tuple[KeyFrame, ...] = ()
    done: bool = False
