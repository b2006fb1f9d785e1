"""What goes into and comes out of the exam machine: named states, operator requests, results."""

from dataclasses import dataclass
from enum import Enum, IntEnum

from echopilot_core import (
    ControlGoal,
    ControlStatus,
    Finding,
    Measurement,
    Outcome,
    RobotState,
    SafetyState,
    Seen,
    View,
)
from echopilot_exam.protocol import StepKind


class ExamPhase(Enum):
    """Every named state of an exam; the value says what a person would say."""

    IDLE = "not started"
    PREPARE = "waits for fresh images, robot and safety"
    APPROACH = "moves to the skin"
    TOUCH = "makes contact"
    COUPLE = "builds up force and coupling"
    SEARCH = "searches for the view"
    REFINE = "refines the view"
    HOLD = "holds until the gate passes"
    GUIDED = "the operator moves the probe until the gate passes"
    RECORD = "records heart beats"
    MEASURE = "measures"
    SWEEP = "sweeps along the aorta"
    RETREAT = "leaves the skin"
    VIEW_NOT_FOUND = "did not find the view"
    IMAGE_STALE = "waits for fresh images"
    CONTACT_LOST = "regains contact"
    SAFETY_HOLD = "held by safety, or hears nothing from it"
    SAFETY_STOPPED = "stopped by safety until an operator resets and resumes"
    OPERATOR_STOPPED = "stopped by the operator"
    CONTROLLER_SILENT = "hears nothing from the controller"
    DONE = "finished"
    ABORTED = "given up"


TERMINAL = frozenset({ExamPhase.DONE, ExamPhase.ABORTED})


class OperatorRequest(IntEnum):
    """What a person asks of a running exam; one per tick."""

    NONE = 0
    STOP = 1  # leave the skin and wait
    RESUME = 2  # after STOP or a reset safety trip: repeat the step; a view held by hand: record it
    SKIP = 3  # go on to the next step
    ABORT = 4  # leave the skin and end


@dataclass(frozen=True)
class StepResult:
    """How one step of the protocol ended. `accepted`: the gate let it through."""

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


@dataclass(frozen=True)
class Series:
    """A quantity over time, such as the volume of the left ventricle (SI `unit`)."""

    name: str
    unit: str
    times_s: tuple[float, ...]
    values: tuple[float, ...]
    frame_sequences: tuple[int, ...]


@dataclass(frozen=True)
class KeyFrame:
    """A frame worth keeping as a picture, and why."""

    sequence: int
    view: View
    reason: str


@dataclass(frozen=True)
class ExamInputs:
    """What the exam knows at one of its ticks; `seen` are the results since the last tick, oldest first."""

    now_ns: int
    robot: RobotState
    status: ControlStatus | None
    safety: SafetyState | None
    seen: tuple[Seen, ...] = ()
    request: OperatorRequest = OperatorRequest.NONE


@dataclass(frozen=True)
class ExamState:
    """Mirror of echopilot_msgs/ExamState, stamped at the exam's own tick."""

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

    @property
    def state(self) -> str:
        """Name of the state, as messages carry it."""
        return self.phase.name


@dataclass(frozen=True)
class ExamOutput:
    """What the exam wants at one of its ticks."""

    goal: ControlGoal
    state: ExamState
    imaging: str
    new_measurements: tuple[Measurement, ...] = ()
    new_findings: tuple[Finding, ...] = ()
    new_series: tuple[Series, ...] = ()
    keep: tuple[KeyFrame, ...] = ()
    done: bool = False
