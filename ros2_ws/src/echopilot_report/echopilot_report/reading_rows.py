"""Clinical readings as the page shows them beside a number."""

from dataclasses import dataclass

from echopilot_report.reading import Reading
from echopilot_report.reading.wording import borderline_text, shown, text, upper_first


@dataclass(frozen=True)
class ReadingRow:
    """One reading in short: what it says, the lines under it, and by which reference."""

    title: str
    tone: str  # usual | suspected | refused
    lines: tuple[str, ...]
    reference: str


def reading_row(reading: Reading) -> ReadingRow:
    """Title and lines of a reading."""
    version, trust = reading.reference_version, reading.trust
    reference = text("sentence", "shown_reference", reference=reading.reference, version=version, trust=trust)
    if not reading.graded:
        title = text("sentence", "not_graded_short", reason=reading.refused)
        return ReadingRow(title, "refused", (), reference)
    lines = [upper_first(text("sentence", "suspected" if reading.suspected else "usual")) + "."]
    if reading.unit in ("z", "mL/m2"):
        lines.insert(0, f"{text('quantity', reading.quantity)}: {shown(reading.value, reading)}.")
    if text("follow_up", reading.follow_up):
        lines.append(text("sentence", "follow_up", follow_up=text("follow_up", reading.follow_up)))
    if reading.borderline:
        lines.append(borderline_text(reading))
    tone = "suspected" if reading.suspected else "usual"
    return ReadingRow(upper_first(text("grade", reading.grade)), tone, (*lines, *reading.notes), reference)
