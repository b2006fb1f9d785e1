"""Failure of a view: one kind and one reason, from the record of the exam and from truth."""

import math
from enum import Enum

from echopilot_core import ExamPhase
from echopilot_exam.machine.states import StepResult
from echopilot_lab.trials.step_times import StepTimes


class Failure(Enum):
    """Kinds, in the order in which they are asked for."""

    NOT_BEGUN = "not begun"
    SAFETY_TRIP = "safety trip"
    OFF = "accepted, but off"
    GATE_REFUSED = "gate refused"
    CONTACT_LOST = "contact lost"
    NOT_FOUND = "never believed"
    TIMEOUT = "out of time"
    OTHER = "other"


def failure_of(result: StepResult | None, times: StepTimes, message: str) -> tuple[Failure, str]:
    """Kind and reason of a view that was not accepted; `message` is how the exam ended, for views it never began."""
    if times.trip:
        return Failure.SAFETY_TRIP, times.trip
    if result is None:
        return (Failure.OTHER if times.contact_ns is not None else Failure.NOT_BEGUN), message
    detail = result.detail
    if "gate refused" in detail:
        return Failure.GATE_REFUSED, _reason(detail)
    if ExamPhase.CONTACT_LOST.value in detail or "no contact" in detail:
        return Failure.CONTACT_LOST, detail
    if times.contact_ns is not None and ExamPhase.REFINE not in times.states:
        return Failure.NOT_FOUND, detail
    if "within" in detail:
        return Failure.TIMEOUT, detail
    return Failure.OTHER, detail


def off_by(angle_share: float, offset_share: float, spin_deg: float, tilt_deg: float) -> str:
    """The axis that is most to blame for an accepted view; shares are errors over their limits."""
    if not math.isfinite(angle_share + offset_share):
        return "no frame kept"
    if offset_share >= angle_share:
        return "offset"
    return "spin" if spin_deg >= tilt_deg else "tilt"


def _reason(detail: str) -> str:
    """'gate refused: 40% of 30 frames passed, 60% needed: quality below 0.4; ...' without the counts."""
    reason = detail.split("gate refused:", 1)[1].strip()
    return reason.rsplit(": ", 1)[-1]
