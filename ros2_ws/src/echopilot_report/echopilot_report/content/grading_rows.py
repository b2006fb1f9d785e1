"""Clinical grades as rows of the report."""

from dataclasses import dataclass

from echopilot_report.grading import Grade
from echopilot_report.grading.wording import borderline_text, shown, text, upper_first

FACTS_MISSING = ("sex_unknown", "age_unknown", "body_unknown")
"""Reasons for a refusal that the user can remove by giving the fact."""


@dataclass(frozen=True)
class GradeRow:
    """One grade: its class, the short form for the first sheet, all sentences, and its reference."""

    title: str
    tone: str  # usual | suspected | refused
    short: str
    lines: tuple[str, ...]
    reference: str


def grade_row(grade: Grade) -> GradeRow:
    """Title and sentences of a grade."""
    version, trust = grade.reference_version, grade.trust
    cited = {"reference": grade.reference, "version": version, "trust": trust, "source": grade.source}
    reference = text("sentence", "shown_reference", **cited)
    if not grade.graded:
        title = text("sentence", "not_graded_short", reason=grade.refused)
        is_fact_missing = grade.refused in {
            text("reason", key) for key in ("sex_unknown", "age_unknown", "body_unknown")
        }
        return GradeRow(title, "refused", f"{title}." if is_fact_missing else "", (), reference)
    status = text("sentence", "suspected" if grade.suspected else "usual")
    sentences: list[str] = []
    if grade.unit in ("z", "mL/m2"):
        sentences.append(f"{text('quantity', grade.quantity)}: {shown(grade.value, grade)}.")
    if text("follow_up", grade.follow_up):
        sentences.append(text("sentence", "follow_up", follow_up=text("follow_up", grade.follow_up)))
    if grade.borderline:
        sentences.append(borderline_text(grade))
    title, lines = upper_first(text("grade", grade.grade)), (*sentences, *grade.notes)
    if grade.suspected:
        short, tone = " ".join([f"{title}, {status}.", *lines]), "suspected"
    else:
        short, tone = " ".join([f"{title}.", *sentences]), "usual"
    return GradeRow(title, tone, short, (f"{upper_first(status)}.", *lines), reference)
