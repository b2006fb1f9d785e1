"""Sentences on what a report of clips cannot say: no robot, and views that were recognized in no clip."""

from echopilot_core import SCALE_UNKNOWN, View
from echopilot_exam.protocol.step import StepKind
from echopilot_exam.record import ExamRecord
from echopilot_report.grading.wording import text


def of_clips(record: ExamRecord) -> bool:
    """Whether the record was made of clips and not by an exam."""
    return any(result.kind is StepKind.CLIP for result in record.results)


def clip_sentences(record: ExamRecord) -> list[str]:
    """Sentences that hold for a record of clips as a whole; none for that of an exam."""
    if not of_clips(record):
        return []
    shown = {result.view for result in record.results}
    missing = [text("view", view.name) for view in View if view is not View.NONE and view not in shown]
    lines = [text("clips", "no_robot")]
    return [*lines, text("clips", "not_shown", views="; ".join(missing))] if missing else lines


def why_not_measured(record: ExamRecord, view: View) -> str:
    """Why clips gave no number of what a view shows: no clip of it, no scale, refused by the gate, or not measured."""
    clips = [result for result in record.results if result.view is view]
    if not clips:
        return text("clips", "no_clip")
    if not any(result.accepted for result in clips):
        return text("clips", "refused")
    scales = [clip.imaging.preset for clip in record.clips if clip.view is view]
    if scales and set(scales) == {SCALE_UNKNOWN}:
        return text("clips", "no_scale")
    return text("clips", "not_measured")
