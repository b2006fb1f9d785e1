"""Second looks as the report tells them: outcome and reason beside the finding, and the numbers that they replace."""

import math
from dataclasses import dataclass

from echopilot_core import Finding, Measurement, Suspicion, SuspicionOutcome
from echopilot_exam.record import ExamRecord
from echopilot_report.grading.wording import text

FRAMES_PER_LOOK = 4


@dataclass(frozen=True)
class SecondLookRow:
    """Outcome of the second looks at a finding in words, and frames of the later looks."""

    outcome: SuspicionOutcome
    words: str
    frames: tuple[int, ...]


def suspicion_of(record: ExamRecord, finding: Finding) -> Suspicion | None:
    """The suspicion that was made of a finding; None where the exam did not go back to it."""
    return next((s for s in record.suspicions if s.finding == finding), None)


def second_look_row(record: ExamRecord, finding: Finding) -> SecondLookRow | None:
    """What became of a finding; None where the exam did not go back to it."""
    suspicion = suspicion_of(record, finding)
    if suspicion is None:
        return None
    return SecondLookRow(suspicion.outcome, second_look_text(suspicion), look_frames(suspicion))


def look_frames(suspicion: Suspicion) -> tuple[int, ...]:
    """The first frames of every later look, by which the report shows it."""
    return tuple(sequence for look in suspicion.looks[1:] for sequence in look.frame_sequences[:FRAMES_PER_LOOK])


def second_look_text(suspicion: Suspicion) -> str:
    """Outcome, place and reason in one sentence."""
    place = suspicion.place
    where = ""
    if place is not None and math.isfinite(place.station_m):
        where = text("second_look", "place", mm=f"{1e3 * place.station_m:.0f}")
    return text("second_look", suspicion.outcome.name, where=where, reason=suspicion.reason)


def current_measurements(record: ExamRecord) -> tuple[Measurement, ...]:
    """Measurements without those that a confirmed second look replaced by the mean of its passes.

    The replaced number stands in the words about the suspicion, and in the exam record.
    """
    replaced = [
        s.finding.frame_sequences
        for s in record.suspicions
        if s.outcome is SuspicionOutcome.CONFIRMED and any(m.value == s.value for m in record.measurements)
    ]
    names = {m.name for m in record.measurements for s in record.suspicions if m.value == s.value}
    return tuple(m for m in record.measurements if m.name not in names or m.frame_sequences not in replaced)
