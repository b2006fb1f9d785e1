"""Clinical readings as the page shows them beside a number."""

from dataclasses import dataclass

from echopilot_report.reading import Reading
from echopilot_report.reading.wording import borderline_text, shown, text, upper_first


@dataclass(frozen=True)
class ReadingRow:
    """One reading: its class, what of it belongs on the first sheet, all its lines, and by which reference."""

    title: str
    tone: str  # usual | suspected | refused
    short: str
    lines: tuple[str, ...]
    reference: str


def reading_row(reading: Reading) -> ReadingRow:
    """Title and lines of a reading."""
    version, trust = reading.reference_version, reading.trust
    reference = text("sentence", "shown_reference", reference=reading.reference, version=version, trust=trust)
    if not reading.graded:
        title = text("sentence", "not_graded_short", reason=reading.refused)
        askable = reading.refused in {text("reason", key) for key in ("sex_unknown", "age_unknown", "body_unknown")}
        return ReadingRow(title, "refused", f"{title}." if askable else "", (), reference)
    said = text("sentence", "suspected" if reading.suspected else "usual")
    told = []
    if reading.unit in ("z", "mL/m2"):
        told.append(f"{text('quantity', reading.quantity)}: {shown(reading.value, reading)}.")
    if text("follow_up", reading.follow_up):
        told.append(text("sentence", "follow_up", follow_up=text("follow_up", reading.follow_up)))
    if reading.borderline:
        told.append(borderline_text(reading))
    grade, lines = upper_first(text("grade", reading.grade)), (*told, *reading.notes)
    if reading.suspected:
        short, tone = " ".join([f"{grade}, {said}.", *lines]), "suspected"
    else:
        short, tone = " ".join([f"{grade}.", *told]), "usual"
    return ReadingRow(grade, tone, short, (f"{upper_first(said)}.", *lines), reference)
