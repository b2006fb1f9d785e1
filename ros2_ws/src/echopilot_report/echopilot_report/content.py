"""What the report says, worked out from the exam record: rows, texts and choices, no markup."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from statistics import median

from echopilot_core import Convention, Finding, GateStatus, Measurement, Outcome
from echopilot_exam.record import ExamRecord
from echopilot_exam.record.model import NOT_CALIBRATED
from echopilot_exam.states import StepResult
from echopilot_report.reading import UNKNOWN, PatientFacts, not_graded, not_measured, read_all
from echopilot_report.reading.exact import rounded
from echopilot_report.reading.wording import convention_text, text
from echopilot_report.reading_rows import ReadingRow, reading_row

STATIONS = frozenset({"aorta_outer_ap"})
"""Single stations of a sweep: drawn as a curve, not read one by one."""
SAID_ABOVE = frozenset({"abdominal_aorta", "ejection_fraction"})
"""Quantities whose absence `not_seen` explains in a sentence of its own."""
SHOWN = {"m": (1000, "mm", 1), "m3": (10**6, "mL", 0), "1": (100, "%", 0)}
"""By SI unit: factor, unit and decimals that people read."""


@dataclass(frozen=True)
class NumberRow:
    """One measured number with all that belongs to it, as text."""

    name: str
    value: str
    spread: str
    how: str
    frames: tuple[int, ...]
    readings: tuple[ReadingRow, ...] = ()


@dataclass(frozen=True)
class ViewRow:
    """One step of the protocol and how it ended."""

    view: str
    kind: str
    status: str  # reached | not_reached | not_attempted
    seconds: str
    quality: str
    detail: str
    frame: int  # -1 when none


def view_rows(record: ExamRecord) -> list[ViewRow]:
    """A row per step that the protocol asked for, also those that were never begun."""
    rows = [_view_row(result) for result in record.results]
    for step in record.steps[len(rows) :]:
        view, kind = step.split(" ", 1)
        rows.append(ViewRow(text("view", view), kind, "not_attempted", "", "", text("remark", "ended_before"), -1))
    return rows


def passed_numbers(record: ExamRecord) -> list[Measurement]:
    """Finite numbers that passed the gate, in a unit that people read, without the single stations of a sweep."""
    return [m for m in record.measurements if _passed(m) and m.name not in STATIONS]


def station_numbers(record: ExamRecord) -> list[Measurement]:
    """Diameters along the sweep, in its order."""
    stations = [m for m in record.measurements if _passed(m) and m.name in STATIONS and math.isfinite(m.station_m)]
    return sorted(stations, key=lambda m: m.station_m)


def number_rows(record: ExamRecord, facts: PatientFacts = UNKNOWN) -> list[NumberRow]:
    """A row per number of `passed_numbers`."""
    return [number_row(m, facts) for m in passed_numbers(record)]


def number_row(m: Measurement, facts: PatientFacts = UNKNOWN) -> NumberRow:
    """A measurement in the units that people read, mm, mL, %, with its clinical readings."""
    factor, unit, digits = SHOWN[m.unit]
    how = [convention_text(m.convention)] if m.convention is not Convention.NOT_APPLICABLE else []
    if m.convention is not Convention.NOT_APPLICABLE:
        how.append(text("how", "tilt", degrees=f"{math.degrees(m.obliquity_rad):.0f}"))
    if math.isfinite(m.station_m):
        how.append(text("how", "station", mm=f"{m.station_m * 1e3:.0f}"))
    if m.unit == "m3":
        how.append(text("how", "discs"))
    if m.name.startswith("ef_"):
        how.append(text("how", "beats", planes=text("how", "two_planes" if "biplane" in m.name else "one_plane")))
    return NumberRow(
        name=text("measurement", m.name),
        value=f"{rounded(m.value, factor, Decimal(10) ** -digits):.{digits}f} {unit}",
        spread=f"± {m.sigma * factor:.{digits}f}" if math.isfinite(m.sigma) else "",
        how=", ".join(how),
        frames=m.frame_sequences,
        readings=tuple(reading_row(r) for r in read_all([m], facts)),
    )


def short_not_seen(record: ExamRecord) -> list[str]:
    """What the protocol asked for and the exam does not tell, in whole sentences."""
    names = {m.name for m in record.measurements if _passed(m)}
    asked = " ".join(record.steps)
    rows = [row for row in view_rows(record) if row.status != "reached"]
    lines = [
        text("remark", "view", view=row.view, kind=row.kind, why=row.detail or text("status", row.status))
        for row in rows
    ]
    if rows:
        lines.append(_frames_remark(record))
    if "aorta_max_outer_ap" not in names:
        why = text("remark", "no_diameter_measured" if "sweep" in asked else "not_in_protocol")
        lines.append(text("remark", "no_diameter", why=why))
    if not any(name.startswith("ef_") for name in names):
        why = text("remark", "no_ef_measured" if "A4C" in asked else "not_in_protocol")
        lines.append(text("remark", "no_ef", why=why))
    lines.extend(
        text(
            "remark",
            "refused",
            quantity=text("measurement", m.name),
            why=m.gate_reason or text("reason", "gate_silent"),
        )
        for m in record.measurements
        if m.gate is GateStatus.REFUSED
    )
    return list(dict.fromkeys(lines))


def not_seen(record: ExamRecord, facts: PatientFacts = UNKNOWN) -> list[str]:
    """All that this exam cannot speak about, in whole sentences."""
    lines = [*not_calibrated(record), *short_not_seen(record)]
    missing = [text("quantity", q) for q in not_measured(record.measurements) if q not in SAID_ABOVE]
    if missing:
        lines.append(text("sentence", "not_measured", quantities="; ".join(missing)))
    lines.extend(not_graded(read_all((m for m in record.measurements if m.name not in STATIONS), facts)))
    lines += [text("remark", "not_examined"), text("remark", "not_excluded")]
    return list(dict.fromkeys(lines))


def not_calibrated(record: ExamRecord) -> list[str]:
    """What the exam ran without; nothing for records that do not say."""
    header = record.header
    told = (("calibration_probe", header.probe_calibration), ("calibration_time", header.time_calibration))
    return [
        text("remark", "not_calibrated", what=text("remark", what)) for what, line in told if line == NOT_CALIBRATED
    ]


def finding_text(finding: Finding) -> str:
    """Wording that never diagnoses."""
    review = text("remark", "review")
    return finding.text if review in finding.text else f"{finding.text} {review}"


def probability_text(finding: Finding) -> str:
    """Per cent; the network is never certain."""
    if not math.isfinite(finding.probability):
        return text("page", "probability_unknown")
    if finding.probability > 0.99:
        return text("page", "probability_high")
    return text("page", "probability", percent=f"{finding.probability * 100:.0f}")


def _passed(m: Measurement) -> bool:
    return math.isfinite(m.value) and m.gate is GateStatus.PASSED and m.unit in SHOWN


def _frames_remark(record: ExamRecord) -> str:
    if not record.seen:
        return text("remark", "no_frames")

    def middle(values: Sequence[float], digits: int) -> str:
        finite = [v for v in values if math.isfinite(v)]
        return f"{median(finite):.{digits}f}" if finite else "-"

    return text(
        "remark",
        "frames",
        quality=middle([100 * s.quality for s in record.seen], 0),
        contact=middle([100 * s.coupled_fraction for s in record.seen], 0),
        ood=middle([s.ood_score for s in record.seen], 2),
    )


def _view_row(result: StepResult) -> ViewRow:
    begun = result.seconds > 0.0 or result.outcome is not Outcome.ABORTED
    status = "reached" if result.accepted else "not_reached" if begun else "not_attempted"
    return ViewRow(
        view=text("view", result.view.name),
        kind=result.kind.value,
        status=status,
        seconds=f"{result.seconds:.0f} s" if begun else "",
        quality=f"{result.quality * 100:.0f} %" if begun and math.isfinite(result.quality) else "",
        detail=result.detail,
        frame=result.frame_sequence,
    )
