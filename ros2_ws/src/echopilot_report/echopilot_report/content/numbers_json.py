"""The report as plain JSON: the same numbers at the same precision as the DICOM report, for programs."""

import math
from collections.abc import Mapping
from datetime import timezone
from typing import Any

from echopilot_core import Measurement, Suspicion
from echopilot_exam.record import ExamRecord
from echopilot_exam.record.codec import plain
from echopilot_exam.record.model import RESEARCH_SENTENCE
from echopilot_report.content.clip_sentences import of_clips
from echopilot_report.content.content import STATIONS, finding_text, heart_rate_bpm, not_seen, view_rows
from echopilot_report.content.header import software_rows
from echopilot_report.content.pressure import has_interval, pressures_of
from echopilot_report.content.probe_pressure import CONFIDENCE, ProbePressure
from echopilot_report.content.second_looks import current_measurements, second_look_text, suspicion_of
from echopilot_report.dicom.codes import finding_code
from echopilot_report.dicom.structured import reportable, stored
from echopilot_report.dicom.study import SIMULATED_BEFORE_NS, moment, started_at
from echopilot_report.grading import UNKNOWN, PatientFacts, grade_all
from echopilot_report.grading.wording import text

SCHEMA = "echopilot-report/1"


def report_document(
    record: ExamRecord,
    facts: PatientFacts = UNKNOWN,
    shown_in: Mapping[int, str] | None = None,
    study_uid: str = "",
    files: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """Numbers that passed the gate, findings, views and what was not assessed.

    `files`: SHA-256 of the other report files. Not-finite numbers are null; numbers that did
    not pass the gate are absent.
    """
    places = shown_in or {}
    started = started_at(record) or moment(record.started_ns)
    rate = heart_rate_bpm(record)
    numbers = []
    pressures = pressures_of(record)
    for m, quantity in reportable(current_measurements(record)):
        numbers.append(
            {
                "name": m.name,
                "label": text("measurement", m.name),
                "value": stored(m, quantity),
                "unit": quantity.unit.value,
                "sigma": _rounded(m.sigma * quantity.factor, quantity.digits + 1),
                "code": {"scheme": quantity.name.scheme_designator, "value": quantity.name.value},
                "convention": m.convention.name,
                "phase": m.phase.name,
                "tilt_deg": _rounded(math.degrees(m.obliquity_rad), 1),
                "station_mm": _rounded(m.station_m * 1e3, 1),
                **_pressure(m, pressures.get(id(m))),
                "frames": list(m.frame_sequences),
                "pictures": {str(s): places[s] for s in m.frame_sequences if s in places},
                "readings": [] if m.name in STATIONS else [plain(grade) for grade in grade_all([m], facts)],
            }
        )
    return {
        "schema": SCHEMA,
        "notice": RESEARCH_SENTENCE,
        "status": "preliminary",
        "study_uid": study_uid,
        "patient": {"id": record.header.patient_id, **plain(facts)},
        "exam": {
            "protocol": record.header.protocol,
            "started": started.astimezone(timezone.utc).isoformat(),
            "clock": _clock(record),
            "operator": record.header.operator,
            "device": record.header.device,
            "seconds": _rounded((record.updated_ns - record.started_ns) * 1e-9, 2),
            "complete": record.complete,
            "state": record.state.name if record.state else "",
            "lockstep_breaks": dict(record.breaks),
            "heart_rate_bpm": None if rate is None else _rounded(rate, 0),
        },
        "numbers": numbers,
        "findings": [
            {
                "kind": f.kind.name,
                "code": {"scheme": finding_code(f.kind).scheme_designator, "value": finding_code(f.kind).value},
                "text": finding_text(f),
                "probability": _rounded(f.probability, 3),
                "borderline": f.borderline,
                "frames": list(f.frame_sequences),
                "second_look": _second_look(suspicion_of(record, f)),
            }
            for f in record.findings
        ],
        "views": [plain(row) for row in view_rows(record)],
        "not_seen": not_seen(record, facts),
        "damaged": list(record.damaged),
        "software": dict(software_rows(record.header)),
        "files": dict(files or {}),
    }


def _clock(record: ExamRecord) -> str:
    """What the exam's clock was: that of the clips, simulated, or real time."""
    if of_clips(record):
        return "clips"
    return "simulated" if record.started_ns < SIMULATED_BEFORE_NS else "real"


def _pressure(m: Measurement, pressure: ProbePressure | None) -> dict[str, Any]:
    """Probe force [N] and the interval [mm] of the diameter without it; null where they are not known."""
    interval = None
    if pressure is not None and has_interval(m, pressure):
        interval = {
            "low": _rounded(pressure.low_m * 1e3, 1),
            "high": _rounded(pressure.high_m * 1e3, 1),
            "confidence": CONFIDENCE,
            "indentation_mm": _rounded(pressure.indentation_m * 1e3, 1),
            "stiffness_n_m": _rounded(pressure.stiffness_n_m, 0),
        }
    return {"force_n": None if pressure is None else _rounded(pressure.force_n, 1), "unpressed_mm": interval}


def _second_look(suspicion: Suspicion | None) -> dict[str, Any] | None:
    """Outcome of the second looks at a finding; null where the exam did not go back to it."""
    if suspicion is None:
        return None
    return {
        "outcome": suspicion.outcome.name,
        "text": second_look_text(suspicion),
        "question": suspicion.question,
        "station_mm": None if suspicion.place is None else _rounded(suspicion.place.station_m * 1e3, 1),
        "looks": [
            {
                "title": look.title,
                "view": look.view.name,
                "value": _rounded(look.value * (1e3 if look.unit == "m" else 1.0), 3),
                "unit": "mm" if look.unit == "m" else look.unit,
                "detail": look.detail,
                "frames": list(look.frame_sequences),
            }
            for look in suspicion.looks
        ],
    }


def _rounded(value: float, digits: int) -> float | None:
    return round(value, digits) if math.isfinite(value) else None
