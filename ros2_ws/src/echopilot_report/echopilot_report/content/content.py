"""Content of the report from the exam record: rows and sentences without markup."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from statistics import median

from echopilot_core import (
    EJECTION_FRACTIONS,
    REVIEW_SENTENCE,
    SCALE_UNKNOWN,
    CaliperConvention,
    Finding,
    GateStatus,
    Measurement,
    MeasurementName,
    Outcome,
    View,
)
from echopilot_core.beat_period import beat_period_s
from echopilot_core.measurement_name import THIRD_MAXIMA, THIRD_MEDIANS
from echopilot_exam.machine.states import StepResult
from echopilot_exam.protocol.step import StepKind
from echopilot_exam.record import ExamRecord
from echopilot_exam.record.model import NOT_CALIBRATED
from echopilot_report.content.clip_sentences import clip_sentences, of_clips, why_not_measured
from echopilot_report.content.grading_rows import GradeRow, grade_row
from echopilot_report.content.pressure import (
    force_text,
    has_interval,
    interval_text,
    pressures_of,
    spanned_classes,
)
from echopilot_report.content.probe_pressure import ProbePressure
from echopilot_report.content.second_looks import current_measurements
from echopilot_report.grading import UNKNOWN, PatientFacts, grade_all, not_graded, not_measured
from echopilot_report.grading.derive import rounded
from echopilot_report.grading.wording import convention_text, text

STATIONS = frozenset({MeasurementName.AORTA_OUTER_AP})
"""Single stations of a sweep: plotted as a curve, not listed and graded one by one."""
SAID_ABOVE = frozenset({"abdominal_aorta", "ejection_fraction"})
"""Quantities whose absence `not_seen` explains in a separate sentence."""
SHOWN = {"m": (1000, "mm", 1), "m3": (10**6, "mL", 0), "1": (100, "%", 0)}
"""By SI unit: factor, displayed unit and its decimals."""


@dataclass(frozen=True)
class NumberRow:
    """One measurement with unit, method, frames and grades, as text."""

    name: str
    value: str
    spread: str
    how: str
    frames: tuple[int, ...]
    grades: tuple[GradeRow, ...] = ()
    pressed: str = ""  # the diameter without the probe's force
    beside: str = ""  # the median of the third whose largest diameter this is


@dataclass(frozen=True)
class ViewRow:
    """One step of the protocol and its result."""

    view: str
    kind: str
    status: str  # reached | not_reached | not_attempted
    seconds: str
    quality: str
    detail: str
    frame: int  # -1 when none


def view_rows(record: ExamRecord) -> list[ViewRow]:
    """A row per step of the protocol, including steps that were never started."""
    rows = [_view_row(result) for result in record.results]
    for view, kind in _requested_steps(record)[len(rows) :]:
        rows.append(ViewRow(text("view", view), kind, "not_attempted", "", "", text("remark", "ended_before"), -1))
    return rows


def passed_numbers(record: ExamRecord) -> list[Measurement]:
    """Finite numbers of a named view that passed the gate, in a displayed unit, without the stations of a sweep."""
    passed = [m for m in current_measurements(record) if _passed(m) and m.name not in STATIONS]
    first = next((k for k, m in enumerate(passed) if m.name in THIRD_MEDIANS + THIRD_MAXIMA), 0)
    largest = [m for m in passed if m.name is MeasurementName.AORTA_MAX_OUTER_AP]
    rest = [m for m in passed if m.name is not MeasurementName.AORTA_MAX_OUTER_AP]
    return [*rest[:first], *largest, *rest[first:]]


def station_numbers(record: ExamRecord) -> list[Measurement]:
    """Diameters along the sweep, ordered by station."""
    stations = [m for m in record.measurements if _passed(m) and m.name in STATIONS and math.isfinite(m.station_m)]
    return sorted(stations, key=lambda m: m.station_m)


def number_rows(record: ExamRecord, facts: PatientFacts = UNKNOWN) -> list[NumberRow]:
    """A row per number of `passed_numbers`; the median of a third of the aorta stands in the row of its largest."""
    pressures = pressures_of(record)
    passed = passed_numbers(record)
    medians = {m.name: m for m in passed if m.name in THIRD_MEDIANS}
    median_of = dict(zip(THIRD_MAXIMA, THIRD_MEDIANS, strict=True))
    told = {median_of[m.name] for m in passed if m.name in median_of}
    rows = []
    for m in passed:
        if m.name in told:
            continue
        row = number_row(m, facts, pressures.get(id(m)))
        beside = medians.get(median_of[m.name]) if m.name in median_of else None
        if beside is not None:
            row = replace(row, beside=text("how", "median_beside", mm=number_row(beside).value))
        rows.append(row)
    return rows


def number_row(m: Measurement, facts: PatientFacts = UNKNOWN, pressure: ProbePressure | None = None) -> NumberRow:
    """A measurement in displayed units (mm, mL, %) with its grades, and the force under which it was taken."""
    factor, unit, digits = SHOWN[m.unit]
    how = [convention_text(m.convention)] if m.convention is not CaliperConvention.NOT_APPLICABLE else []
    if m.convention is not CaliperConvention.NOT_APPLICABLE:
        how.append(
            text("how", "tilt", degrees=f"{math.degrees(m.obliquity_rad):.0f}")
            if math.isfinite(m.obliquity_rad)
            else text("clips", "tilt_unknown")
        )
    if math.isfinite(m.station_m):
        how.append(text("how", "station", mm=f"{m.station_m * 1e3:.0f}"))
    if m.unit == "m":
        how.append(force_text(pressure))
    if m.unit == "m3":
        how.append(text("how", "discs"))
    if m.name in EJECTION_FRACTIONS:
        planes = "two_planes" if m.name is MeasurementName.EF_BIPLANE else "one_plane"
        how.append(text("how", "beats", planes=text("how", planes)))
    return NumberRow(
        name=text("measurement", m.name),
        value=f"{rounded(m.value, factor, Decimal(10) ** -digits):.{digits}f} {unit}",
        spread=f"± {m.sigma * factor:.{digits}f}" if math.isfinite(m.sigma) else "",
        how=", ".join(how),
        frames=m.frame_sequences,
        grades=tuple(grade_row(r) for r in grade_all([m], facts)),
        pressed=_pressed(m, pressure, facts),
    )


def _pressed(m: Measurement, pressure: ProbePressure | None, facts: PatientFacts) -> str:
    if pressure is None or not has_interval(m, pressure):
        return ""
    classes = spanned_classes(m, pressure, facts)
    return f"{interval_text(pressure)}; {classes}" if classes else interval_text(pressure)


def short_not_seen(record: ExamRecord) -> list[str]:
    """Requested views and quantities without a result, one sentence each."""
    names = {m.name for m in record.measurements if _passed(m)}
    asked = _requested_steps(record)
    clips = of_clips(record)
    rows = [row for row in view_rows(record) if row.status != "reached"]
    lines = [
        text("remark", "view", view=row.view, kind=row.kind, why=row.detail or text("status", row.status))
        for row in rows
    ]
    if rows:
        lines.append(_frames_remark(record))
    if MeasurementName.AORTA_MAX_OUTER_AP not in names:
        swept = any(kind == StepKind.SWEEP.value for _, kind in asked)
        why = text("remark", "no_diameter_measured" if swept else "not_in_protocol")
        why = why_not_measured(record, View.AORTA_TRANS) if clips else why
        lines.append(text("remark", "no_diameter", why=why))
    if names.isdisjoint(EJECTION_FRACTIONS):
        has_a4c = any(view == View.A4C.name for view, _ in asked)
        why = text("remark", "no_ef_measured" if has_a4c else "not_in_protocol")
        why = why_not_measured(record, View.A4C) if clips and not has_a4c else why
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
    """Everything that this exam did not assess, one sentence each."""
    lines = [*exam_state(record), *clip_sentences(record), *not_calibrated(record), *no_scale(record)]
    lines += short_not_seen(record)
    missing = [text("quantity", q) for q in not_measured(record.measurements) if q not in SAID_ABOVE]
    if missing:
        lines.append(text("sentence", "not_measured", quantities="; ".join(missing)))
    lines.extend(not_graded(grade_all((m for m in record.measurements if m.name not in STATIONS), facts)))
    lines += [text("remark", "not_examined"), text("remark", "not_excluded")]
    return list(dict.fromkeys(lines))


def not_calibrated(record: ExamRecord) -> list[str]:
    """Missing calibrations, one sentence each; empty for records without this entry."""
    header = record.header
    told = (("calibration_probe", header.probe_calibration), ("calibration_time", header.time_calibration))
    return [
        text("remark", "not_calibrated", what=text("remark", what)) for what, line in told if line == NOT_CALIBRATED
    ]


def exam_state(record: ExamRecord) -> list[str]:
    """What holds for the whole report: an exam that did not run to its end, ticks that went on without a peer."""
    lines = []
    if not record.complete:
        state = record.state.value if record.state is not None else text("software", "unknown")
        why = f": {record.message}" if record.message else ""
        lines.append(text("page", "unfinished_long", state=state, why=why))
    if record.breaks:
        nodes = ", ".join(f"{node} {count}" for node, count in sorted(record.breaks.items()))
        lines.append(text("page", "lockstep_broken", ticks=sum(record.breaks.values()), nodes=nodes))
    return lines


def heart_rate_bpm(record: ExamRecord) -> float | None:
    """Beats per minute in the last volume curve; None without one, or where its rate is not resolved."""
    curves = [s for s in record.series if s.name in (MeasurementName.LV_VOLUME, MeasurementName.LV_VOLUME_A2C)]
    period_s = beat_period_s(curves[-1].times_s, curves[-1].values) if curves else None
    return None if period_s is None else 60.0 / period_s


def heart_rate_sentence(record: ExamRecord) -> str:
    """The heart rate, or that it could not be resolved."""
    rate = heart_rate_bpm(record)
    return text("page", "no_heart_rate") if rate is None else text("page", "heart_rate", bpm=f"{rate:.0f}")


def no_scale(record: ExamRecord) -> list[str]:
    """One sentence where images without a known scale were recorded."""
    presets = [clip.imaging.preset for clip in record.clips] + [key.preset for key in record.keyframes]
    return [text("remark", "no_scale")] if SCALE_UNKNOWN in presets else []


def finding_text(finding: Finding) -> str:
    """The text of a finding, which always ends with REVIEW_SENTENCE."""
    return finding.text if finding.text.endswith(REVIEW_SENTENCE) else f"{finding.text} {REVIEW_SENTENCE}"


def no_findings_text(record: ExamRecord) -> str:
    """What it means that there is no finding: none in what was assessed, or nothing was assessed."""
    if not any(result.accepted for result in record.results):
        return text("page", "nothing_assessed" if record.complete else "no_findings_unfinished")
    return text("page", "no_findings" if record.complete else "no_findings_unfinished")


def probability_text(finding: Finding) -> str:
    """Probability in percent; never 100 %, because a network is never certain."""
    if not math.isfinite(finding.probability):
        return text("page", "probability_unknown")
    if finding.probability > 0.99:
        return text("page", "probability_high")
    return text("page", "probability", percent=f"{finding.probability * 100:.0f}")


def _requested_steps(record: ExamRecord) -> list[tuple[str, str]]:
    """Name of the view and kind of every step of the protocol."""
    return [(view, kind) for view, _, kind in (step.partition(" ") for step in record.steps)]


def _passed(m: Measurement) -> bool:
    return math.isfinite(m.value) and m.gate is GateStatus.PASSED and m.unit in SHOWN and m.view is not View.NONE


def _frames_remark(record: ExamRecord) -> str:
    if not record.perception:
        return text("remark", "no_frames")

    def middle(values: Sequence[float], digits: int) -> str:
        finite = [v for v in values if math.isfinite(v)]
        return f"{median(finite):.{digits}f}" if finite else "-"

    return text(
        "remark",
        "frames",
        quality=middle([100 * s.quality for s in record.perception], 0),
        contact=middle([100 * s.coupled_fraction for s in record.perception], 0),
        ood=middle([s.ood_score for s in record.perception], 2),
    )


def _view_row(result: StepResult) -> ViewRow:
    begun = not result.left_out and (result.seconds > 0.0 or result.outcome is not Outcome.ABORTED)
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
