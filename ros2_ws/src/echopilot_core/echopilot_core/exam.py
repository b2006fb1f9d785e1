"""State of an exam as it is published at each of its ticks."""

from dataclasses import dataclass
from enum import Enum

from echopilot_core.robot import ControlGoal, GoalKind, Outcome
from echopilot_core.suspicion import SuspicionStatus
from echopilot_core.vocabulary import View


class ExamPhase(Enum):
    """Every named state of an exam; the value is the text for the operator."""

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

    @classmethod
    def named(cls, name: str) -> "ExamPhase":
        """The state of this name in messages and files; raises ValueError with the valid choices."""
        if name not in cls.__members__:
            raise ValueError(f"unknown state of an exam {name!r}; valid: {', '.join(cls.__members__)}")
        return cls[name]


@dataclass(frozen=True)
class ViewResult:
    """Result of one view or sweep of an exam."""

    view: View
    kind: GoalKind  # ACQUIRE_VIEW or SWEEP
    outcome: Outcome
    accepted: bool  # passed the gate
    score: float  # 0..1, the fraction of frames that passed the gate
    quality: float  # 0..1, median
    seconds: float
    frame_sequence: int  # best frame; -1 when none
    detail: str


@dataclass(frozen=True)
class ExamStatus:
    """State of the exam at its own tick; `goal` is valid from then on.

    The defaults describe that no exam runs.
    """

    stamp_ns: int
    tick: int  # exam tick of the robot's clock, by which goals are numbered
    active: bool  # false before the first and after the last step
    phase: ExamPhase
    goal: ControlGoal
    protocol: str = ""
    protocol_sha256: str = ""
    record_folder: str = ""
    steps_total: int = 0
    step_index: int = 0
    step_kind: GoalKind = GoalKind.IDLE  # ACQUIRE_VIEW or SWEEP while an exam runs
    step_title: str = ""
    attempt: int = 0  # at this step, from 1
    view: View = View.NONE
    waiting_for: str = ""
    progress: float = 0.0  # 0..1
    message: str = ""
    imaging_preset: str = ""
    results: tuple[ViewResult, ...] = ()
    frame_sequence: int = -1
    suspicions: tuple[SuspicionStatus, ...] = ()
