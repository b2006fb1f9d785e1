"""What the report says, worked out from the exam record: rows, texts and choices, no markup."""

import math
from dataclasses import dataclass
from decimal import Decimal

from echopilot_core import Convention, Finding, GateStatus, Measurement, Outcome
from echopilot_exam.record import ExamRecord, KeyFrameRecord
from echopilot_exam.states import StepResult
from echopilot_report.reading import UNKNOWN, PatientFacts, not_graded, not_measured, read_all
from echopilot_report.reading.exact import rounded
from echopilot_report.reading.wording import convention_text, text
from echopilot_report.reading_rows import ReadingRow, reading_row

NAME_TEXT = {
    "aorta_max_outer_ap": "Abdominal aorta, largest AP diameter",
    "ef_single_plane_a4c": "Ejection fraction, single plane (A4C)",
    "lv_edv_a4c": "LV end-diastolic volume (A4C)",
    "lv_esv_a4c": "LV end-systolic volume (A4C)",
}
VIEW_TEXT = {
    "A4C": "Apical four-chamber",
    "AORTA_TRANS": "Abdominal aorta, transverse",
}
SHOWN_FRAMES = 4
STATIONS = frozenset({"aorta_outer_ap"})
"""Single stations of a sweep: drawn as a curve, not read one by one."""
SAID_ABOVE = frozenset({"abdominal_aorta", "ejection_fraction"})
"""Quantities whose absence `not_seen` explains in a sentence of its own."""


@dataclass(frozen=True)
class NumberRow:
    """One measured number with all that belongs to it, as text."""

    name: str
    value: str
    spread: str
    how: str
    frames: str
    readings: tuple[ReadingRow, ...] = ()


@dataclass(frozen=True)
class ViewRow:
    """One step of the protocol and how it ended."""

    view: str
    kind: str
    status: str  # reached | not reached | not attempted
    seconds: str
    quality: str
    detail: str
    frames: str


def view_rows(record: ExamRecord) -> list[ViewRow]:
    """A row per step that the protocol asked for, also those that were never begun."""
    rows = [_view_row(result) for result in record.results]
    for step in record.steps[len(rows) :]:
        view, kind = step.split(" ", 1)
        rows.append(ViewRow(VIEW_TEXT.get(view, view), kind, "not attempted", "", "", "the exam ended before", ""))
    return rows


def number_rows(record: ExamRecord, facts: PatientFacts = UNKNOWN) -> list[NumberRow]:
    """Every finite number that passed the gate, without the single stations of a sweep."""
    return [
        number_row(m, facts)
        for m in record.measurements
        if math.isfinite(m.value) and m.gate is GateStatus.PASSED and m.name in NAME_TEXT
    ]


def number_row(m: Measurement, facts: PatientFacts = UNKNOWN) -> NumberRow:
    """A measurement in the units that people read, mm, mL, %, with its clinical readings."""
    factor, unit, digits = {"m": (1000, "mm", 1), "m3": (10**6, "mL", 0), "1": (100, "%", 0)}[m.unit]
    how = [convention_text(m.convention)] if m.convention is not Convention.NOT_APPLICABLE else []
    if m.convention is not Convention.NOT_APPLICABLE:
        how.append(f"tilt {math.degrees(m.obliquity_rad):.0f}°, corrected")
    if math.isfinite(m.station_m):
        how.append(f"{m.station_m * 1e3:.0f} mm from the start of the sweep")
    if m.unit == "m3":
        how.append("method of discs")
    if m.name == "ef_single_plane_a4c":
        how.append("median of the beats, volumes by the method of discs in one plane")
    return NumberRow(
        name=NAME_TEXT.get(m.name, m.name),
        value=f"{rounded(m.value, factor, Decimal(10) ** -digits):.{digits}f} {unit}",
        spread=f"± {m.sigma * factor:.{digits}f}" if math.isfinite(m.sigma) else "",
        how=", ".join(how),
        frames=frames_text(m.frame_sequences),
        readings=tuple(reading_row(r) for r in read_all([m], facts)),
    )


def not_seen(record: ExamRecord, facts: PatientFacts = UNKNOWN) -> list[str]:
    """What this exam cannot speak about, in whole sentences."""
    names = {m.name for m in record.measurements}
    asked = " ".join(record.steps)
    lines = [
        f"{row.view} ({row.kind}): {row.detail or row.status}." for row in view_rows(record) if row.status != "reached"
    ]
    if "aorta_max_outer_ap" not in names:
        why = "no supported diameter came out of the sweep" if "sweep" in asked else "not part of this protocol"
        lines.append(f"Aortic diameter: {why}.")
    if "ef_single_plane_a4c" not in names:
        why = "no ejection fraction could be measured" if "A4C" in asked else "not part of this protocol"
        lines.append(f"Ejection fraction: {why}.")
    missing = [text("quantity", q) for q in not_measured(record.measurements) if q not in SAID_ABOVE]
    if missing:
        lines.append(text("sentence", "not_measured", quantities="; ".join(missing)))
    lines.extend(not_graded(read_all((m for m in record.measurements if m.name not in STATIONS), facts)))
    lines.append("Valves, right heart function, aortic arch, iliac arteries and blood flow were not examined.")
    lines.append("A finding that is not listed here is not thereby excluded.")
    return lines


def finding_text(finding: Finding) -> str:
    """Wording that never diagnoses."""
    text = finding.text
    phrase = "Suspected by software, needs review."
    return text if phrase in text else f"{text} {phrase}"


def frames_text(sequences: tuple[int, ...]) -> str:
    """Frame ids, shortened in words after the first few."""
    shown = ", ".join(str(s) for s in sequences[:SHOWN_FRAMES])
    more = len(sequences) - SHOWN_FRAMES
    return f"{shown} and {more} more" if more > 0 else shown


def chosen_keyframes(record: ExamRecord) -> list[tuple[KeyFrameRecord, str]]:
    """Pictures worth a clinician's time: the heart's phases, the best of each view, the widest aorta, what failed."""
    widest = next((m for m in record.measurements if m.name == "aorta_max_outer_ap"), None)
    chosen: list[tuple[KeyFrameRecord, str]] = []
    along = [k for k in record.keyframes if k.reason == "along the sweep"]
    for key in record.keyframes:
        if key.reason != "along the sweep":
            chosen.append((key, key.reason.capitalize()))
    members = [k for k in along if widest is not None and k.sequence in widest.frame_sequences]
    if members:
        chosen.append((members[0], "Widest aorta"))
    elif along:
        chosen.append((along[len(along) // 2], "Middle of the sweep"))
    order = {"End-diastole": 0, "End-systole": 1, "Best frame": 2, "Widest aorta": 3}
    unique: dict[int, tuple[KeyFrameRecord, str]] = {}
    for key, caption in sorted(chosen, key=lambda pair: (pair[0].view, order.get(pair[1], 4), pair[0].sequence)):
        unique.setdefault(key.sequence, (key, caption))
    return list(unique.values())


def _view_row(result: StepResult) -> ViewRow:
    begun = result.seconds > 0.0 or result.outcome is not Outcome.ABORTED
    status = "reached" if result.accepted else "not reached" if begun else "not attempted"
    return ViewRow(
        view=VIEW_TEXT.get(result.view.name, result.view.name),
        kind=result.kind.value,
        status=status,
        seconds=f"{result.seconds:.0f} s" if begun else "",
        quality=f"{result.quality * 100:.0f} %" if begun and math.isfinite(result.quality) else "",
        detail=result.detail,
        frames=f"{result.frame_sequence}" if result.frame_sequence >= 0 else "",
    )
