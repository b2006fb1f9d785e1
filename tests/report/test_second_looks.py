"""A finding that was looked at again says so, with every number, in page, JSON, FHIR and SR."""

from dataclasses import replace
from math import nan
from pathlib import Path

import pytest
from pydicom import Dataset

from echopilot_core import Look, MeasurementName, ProbePlace, Suspicion, SuspicionOutcome, View
from echopilot_exam.record import ExamRecord, read_exam
from echopilot_report.content.content import number_rows
from echopilot_report.content.numbers_json import report_document
from echopilot_report.content.second_looks import current_measurements, second_look_row
from echopilot_report.dicom.codes import SECOND_LOOK_OUTCOMES
from echopilot_report.dicom.structured import _finding
from echopilot_report.dicom.study import study_of
from echopilot_report.fhir.bundle import bundle_json
from echopilot_report.grading import UNKNOWN
from echopilot_report.render import render_html

LARGEST = MeasurementName.AORTA_MAX_OUTER_AP
REASON = "31.6 mm: sweep 32.0 mm, second pass 31.2 mm"
WORDS = {
    SuspicionOutcome.CONFIRMED: f"Confirmed by a second look at 72 mm of the sweep: {REASON}.",
    SuspicionOutcome.WITHDRAWN: f"Withdrawn after a second look at 72 mm of the sweep, and still for review: {REASON}.",
    SuspicionOutcome.OPEN: f"A second look at 72 mm of the sweep did not settle it: {REASON}.",
}


@pytest.fixture(scope="module")
def record(exam: Path) -> ExamRecord:
    return read_exam(exam)


def looked_at(record: ExamRecord, outcome: SuspicionOutcome) -> ExamRecord:
    """The record after a second look at its aneurysm, with the mean of both passes where it was confirmed."""
    (finding,) = record.findings
    first = next(m for m in record.measurements if m.name is LARGEST)
    looks = (
        Look("sweep", View.AORTA_TRANS, first.value, first.sigma, "m", finding.frame_sequences),
        Look("second pass", View.AORTA_TRANS, 0.0312, 0.0005, "m", finding.frame_sequences[:3]),
    )
    place = ProbePlace((1.0, 0, 0, 0.5, 0, -1.0, 0, -0.07, 0, 0, -1.0, 0.2), 0.072)
    open_value = nan if outcome is SuspicionOutcome.OPEN else 0.0316
    suspicion = Suspicion(finding, place, "Is it so?", 240.0, 0, looks, outcome, REASON, open_value, 0.0005)
    numbers = record.measurements
    if outcome is SuspicionOutcome.CONFIRMED:
        frames = (*first.frame_sequences, 10_000)
        numbers = (*numbers, replace(first, value=0.0316, end_points=(), frame_sequences=frames))
    return replace(record, suspicions=(suspicion,), measurements=numbers)


@pytest.mark.parametrize("outcome", SuspicionOutcome)
def test_every_form_of_the_report_tells_the_outcome_and_the_reason(
    record: ExamRecord, outcome: SuspicionOutcome
) -> None:
    changed = looked_at(record, outcome)
    words = WORDS[outcome]
    row = second_look_row(changed, changed.findings[0])
    assert row is not None and row.words == words
    assert words in render_html(changed)
    (told,) = report_document(changed)["findings"]
    assert told["second_look"]["outcome"] == outcome.name and told["second_look"]["text"] == words
    assert [look["value"] for look in told["second_look"]["looks"]] == [pytest.approx(32.0, abs=0.2), 31.2]
    study = study_of(changed, UNKNOWN)
    bundle = bundle_json(changed, study, ())
    assert words in bundle and SECOND_LOOK_OUTCOMES[outcome].value in bundle
    group = _finding(study, 1, changed.findings[0], changed.suspicions[0], changed.header, {})[0]
    assert {SECOND_LOOK_OUTCOMES[outcome].value, "SUSPICION"} <= codes_of(group)
    assert words in [item.get("TextValue", "") for item in group.ContentSequence]


def codes_of(group: Dataset) -> set[str]:
    rows = [item for item in group.ContentSequence if item.ValueType == "CODE"]
    values = {item.ConceptCodeSequence[0].CodeValue for item in rows}
    return values | {item.ConceptNameCodeSequence[0].CodeValue for item in rows}


def test_the_mean_of_confirmed_passes_takes_the_place_of_the_first_number(record: ExamRecord) -> None:
    confirmed = looked_at(record, SuspicionOutcome.CONFIRMED)
    assert [m.value for m in confirmed.measurements if m.name is LARGEST] == [pytest.approx(0.032, abs=2e-4), 0.0316]
    assert [m.value for m in current_measurements(confirmed) if m.name is LARGEST] == [0.0316]
    assert sum("31.6 mm" in row.value for row in number_rows(confirmed)) == 1
    kept = looked_at(record, SuspicionOutcome.WITHDRAWN)
    assert current_measurements(kept) == kept.measurements


def test_a_record_without_second_looks_says_nothing_of_them(record: ExamRecord) -> None:
    assert record.suspicions == () and current_measurements(record) == record.measurements
    assert report_document(record)["findings"][0]["second_look"] is None
    assert "second look" not in render_html(record).lower()
