"""The report as plain JSON: the same numbers at the same precision as the DICOM report, for programs."""

import math
from collections.abc import Mapping
from datetime import timezone
from typing import Any

from echopilot_exam.record import ExamRecord
from echopilot_exam.record.codec import plain
from echopilot_exam.record.model import RESEARCH_SENTENCE
from echopilot_report.content import STATIONS, finding_text, not_seen, view_rows
from echopilot_report.dicom.codes import finding_code
from echopilot_report.dicom.structured import reportable, stored
from echopilot_report.dicom.study import moment
from echopilot_report.reading import UNKNOWN, PatientFacts, read_all
from echopilot_report.reading.wording import text
from echopilot_report.software import software_rows

SCHEMA = "echopilot-report/1"


def report_document(
    record: ExamRecord,
    facts: PatientFacts = UNKNOWN,
    shown_in: Mapping[int, str] | None = None,
    study_uid: str = "",
    files: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """Numbers that passed the gate, findings, views and what was not seen. `files`: SHA-256 of the other report files.

    Not-finite numbers are null; numbers that did not pass the gate are absent.
    """
    places = shown_in or {}
    numbers = []
    for m, quantity in reportable(record.measurements):
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
                "frames": list(m.frame_sequences),
                "pictures": {str(s): places[s] for s in m.frame_sequences if s in places},
                "readings": [] if m.name in STATIONS else [plain(reading) for reading in read_all([m], facts)],
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
            "started": moment(record.started_ns).astimezone(timezone.utc).isoformat(),
            "seconds": _rounded((record.updated_ns - record.started_ns) * 1e-9, 2),
            "complete": record.complete,
            "state": record.state,
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
            }
            for f in record.findings
        ],
        "views": [plain(row) for row in view_rows(record)],
        "not_seen": not_seen(record, facts),
        "damaged": list(record.damaged),
        "software": dict(software_rows(record.header)),
        "files": dict(files or {}),
    }


def _rounded(value: float, digits: int) -> float | None:
    return round(value, digits) if math.isfinite(value) else None
