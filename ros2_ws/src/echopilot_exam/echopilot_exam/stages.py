"""What the exam machine is about at a moment, its deadlines, and the name that each has outside."""

from enum import Enum

from echopilot_core import ControlPhase
from echopilot_exam.states import ExamPhase

PREPARE_LIMIT_S = 15.0
ACQUIRE_MARGIN_S = 5.0
"""The controller ends a goal at its timeout; the exam ends it this much later on its own."""
GATE_LIMIT_S = 8.0
RETREAT_LIMIT_S = 20.0
SAFETY_STOP_LIMIT_S = 60.0
OPERATOR_STOP_LIMIT_S = 600.0
CONTROLLER_AGE_S = 0.5
SAFETY_AGE_S = 0.5
IMAGE_AGE_S = 0.5
FUTURE_S = 0.1
FREE_FORCE_N = 1.0
FORCE_STEP_N = 1.0

FAULT_LIMIT_S = {
    ExamPhase.IMAGE_STALE: 3.0,
    ExamPhase.CONTACT_LOST: 8.0,
    ExamPhase.SAFETY_HOLD: 15.0,
    ExamPhase.CONTROLLER_SILENT: 5.0,
}
"""How long a fault may last before the step is given up (a silent controller: the exam)."""


class Stage(Enum):
    """Faults lie over a stage and pass; latched stops replace it."""

    IDLE = "idle"
    PREPARE = "prepare"
    ACQUIRE = "acquire"  # outside: the controller's phase
    RECORD = "record"
    SWEEP = "sweep"
    MEASURE = "measure"
    NOT_FOUND = "not found"
    RETREAT = "retreat"
    SAFETY_STOPPED = "safety stopped"
    OPERATOR_STOPPED = "operator stopped"
    DONE = "done"
    ABORTED = "aborted"


class After(Enum):
    """Where a retreat leads."""

    NEXT_STEP = "next step"
    SAME_STEP = "same step"
    ABORTED = "aborted"


IN_CONTACT = frozenset({Stage.ACQUIRE, Stage.RECORD, Stage.SWEEP})
STOPPED = frozenset({Stage.SAFETY_STOPPED, Stage.OPERATOR_STOPPED})

MIRRORED = {
    ControlPhase.APPROACH: ExamPhase.APPROACH,
    ControlPhase.TOUCH: ExamPhase.TOUCH,
    ControlPhase.COUPLE: ExamPhase.COUPLE,
    ControlPhase.SEARCH: ExamPhase.SEARCH,
    ControlPhase.REFINE: ExamPhase.REFINE,
    ControlPhase.HOLD: ExamPhase.HOLD,
    ControlPhase.SWEEP: ExamPhase.SWEEP,
    ControlPhase.RECOVER: ExamPhase.CONTACT_LOST,
}
NEEDS_IMAGE = frozenset(
    {ControlPhase.SEARCH, ControlPhase.REFINE, ControlPhase.HOLD, ControlPhase.SWEEP, ControlPhase.RECOVER}
)

STAGE_PHASE = {
    Stage.IDLE: ExamPhase.IDLE,
    Stage.PREPARE: ExamPhase.PREPARE,
    Stage.RECORD: ExamPhase.RECORD,
    Stage.SWEEP: ExamPhase.SWEEP,
    Stage.MEASURE: ExamPhase.MEASURE,
    Stage.NOT_FOUND: ExamPhase.VIEW_NOT_FOUND,
    Stage.RETREAT: ExamPhase.RETREAT,
    Stage.SAFETY_STOPPED: ExamPhase.SAFETY_STOPPED,
    Stage.OPERATOR_STOPPED: ExamPhase.OPERATOR_STOPPED,
    Stage.DONE: ExamPhase.DONE,
    Stage.ABORTED: ExamPhase.ABORTED,
}
