"""What a report states is what was done: thirds, volumes, force, views, dates, aborted exams, broken lockstep."""

import shutil
from dataclasses import replace
from math import cos, pi
from pathlib import Path

import pytest
from report_world import write_exam
from test_probe_pressure import STAMPS, diameter, trace_of

from echopilot_core import (
    SCALE_UNKNOWN,
    EchoPilotError,
    ExamPhase,
    FindingKind,
    GateStatus,
    MeasurementName,
    View,
)
from echopilot_core import MeasurementName as Name
from echopilot_core.measurement_name import THIRD_MAXIMA, THIRD_MEDIANS
from echopilot_exam.machine.states import Series
from echopilot_exam.record import ExamRecord, RecordHeader, read_exam
from echopilot_exam.record.model import PerceptionSample
from echopilot_exam.record.patient_id import check_patient_id
from echopilot_report.content.content import (
    exam_state,
    heart_rate_bpm,
    heart_rate_sentence,
    no_scale,
    not_seen,
    number_rows,
    passed_numbers,
)
from echopilot_report.content.header import clock_text, date_text
from echopilot_report.content.numbers_json import report_document
from echopilot_report.dicom.codes import finding_code, quantity_of
from echopilot_report.dicom.fields import check_fields, decimal_string, field_fault
from echopilot_report.dicom.structured import reportable
from echopilot_report.dicom.study import age_string, blank_object, started_at, study_of
from echopilot_report.grading import UNKNOWN
from echopilot_report.letters import remark, undrawable, with_codes
from echopilot_report.pdf import NO_PANGO, pdf_of
from echopilot_report.render import render_html
from echopilot_report.report import write_report

UNDRAWN = "\U0010fffd"  # of a private plane: no font has it


@pytest.fixture(scope="module")
def record(exam: Path) -> ExamRecord:
    return read_exam(exam)


def pressed(setpoint_n: float = 8.0) -> ExamRecord:
    """A record with one diameter and the trace of its contact."""
    trace = trace_of(600.0, setpoint_n)
    seen = [PerceptionSample(ns, s, View.AORTA_TRANS, 0.9, 0.8, 1.0, 0.0, ()) for s, ns in STAMPS.items()]
    m = replace(diameter(0.025, 0.0681, 0.0431), gate=GateStatus.PASSED)
    header = RecordHeader("P", "aorta", "")
    return ExamRecord(
        Path(), header, 0, 30 * 10**9, ExamPhase.DONE, True, "", (), (), (m,), (), (), tuple(trace), tuple(seen)
    )


def test_a_third_shows_its_largest_diameter_and_names_the_median(record: ExamRecord) -> None:
    rows = {row.name: row for row in number_rows(record)}
    widest = next(m for m in record.measurements if m.name is Name.AORTA_MAX_OUTER_AP)
    largest = [row for name, row in rows.items() if "third" in name]
    assert len(largest) == 3 and all("largest" in row.name and "median of the third" in row.beside for row in largest)
    assert max(float(row.value.split()[0]) for row in largest) == pytest.approx(1e3 * widest.value, abs=0.05)


def test_an_older_record_s_thirds_are_named_as_medians(record: ExamRecord) -> None:
    older = replace(record, measurements=tuple(m for m in record.measurements if m.name not in THIRD_MAXIMA))
    rows = [row for row in number_rows(older) if "third" in row.name]
    assert len(rows) == 3 and all("median" in row.name for row in rows)


def test_every_measurement_and_finding_has_a_code_of_its_own_that_is_not_cut() -> None:
    single = [name for name in MeasurementName if name not in (Name.AORTA_MAX_OUTER_AP, Name.AORTIC_ROOT_PLAX)]
    found = {}
    for name in single:
        quantity = quantity_of(name, name.unit)
        assert quantity is not None and not field_fault("SH", quantity.name.value) and quantity.name.value
        assert not field_fault("LO", quantity.name.meaning)
        found[name] = (quantity.name.scheme_designator, quantity.name.value)
    assert len(set(found.values())) == len(found)
    for median, largest in zip(THIRD_MEDIANS, THIRD_MAXIMA, strict=True):
        a, b = quantity_of(median, "m"), quantity_of(largest, "m")
        assert a is not None and b is not None and a.derivation is not None and b.derivation is not None
        assert (a.derivation.meaning.lower(), b.derivation.meaning.lower()) == ("median", "maximum")
    assert len({finding_code(kind).value for kind in FindingKind}) == len(FindingKind)
    assert not any(field_fault("SH", finding_code(kind).value) for kind in FindingKind)


def test_volumes_lie_among_those_of_the_frames_that_they_cite(record: ExamRecord) -> None:
    read = {s.sequence: {m.name: m.value for m in s.measurements} for s in record.perception}
    for name in (Name.LV_EDV_A4C, Name.LV_ESV_A4C):
        m = next(m for m in record.measurements if m.name is name)
        cited = [read[s][Name.LV_VOLUME] for s in m.frame_sequences]
        assert min(cited) <= m.value <= max(cited)


def test_force_and_unpressed_interval_stand_beside_a_diameter() -> None:
    (row,) = number_rows(pressed())
    assert "under 8.0 N of probe force" in row.how
    assert "Without probe force" in row.pressed and "% interval" in row.pressed
    (number,) = report_document(pressed())["numbers"]
    assert number["force_n"] == 8.0 and number["unpressed_mm"]["low"] < 48.1 < number["unpressed_mm"]["high"]
    lighter = report_document(pressed(4.0))["numbers"][0]["unpressed_mm"]
    assert lighter["high"] < number["unpressed_mm"]["high"]


def test_every_length_tells_its_force_or_that_none_was_recorded(record: ExamRecord) -> None:
    for row in number_rows(record):
        if row.value.endswith("mm"):
            assert "N of probe force" in row.how
    for row in number_rows(replace(record, trace=())):
        if row.value.endswith("mm"):
            assert "probe force not recorded" in row.how


def test_no_number_comes_from_a_view_that_is_not_named(record: ExamRecord) -> None:
    nowhere = replace(record, measurements=tuple(replace(m, view=View.NONE) for m in record.measurements))
    assert passed_numbers(nowhere) == [] and reportable(nowhere.measurements) == []
    assert report_document(nowhere)["numbers"] == []


def test_the_real_date_the_operator_and_the_device_stand_beside_the_clock(record: ExamRecord) -> None:
    header = replace(
        record.header, started_utc="2026-11-30T08:05:00+00:00", operator="Ada", device="simulated arm, computer x"
    )
    dated = replace(record, header=header)
    study = study_of(dated, UNKNOWN)
    assert f"{study.started:%Y-%m-%d %H:%M}" == "2026-11-30 08:05"
    assert study.moment(record.started_ns + 10**9).second == 1
    data = blank_object(study, "1.2", "1.2.3", "frames", "US", 1)
    assert (data.StudyDate, str(data.OperatorsName)) == ("20261130", "Ada")
    page = render_html(replace(dated, keyframes=(), clips=()))
    assert "2026-11-30 08:05 UTC" in page and "Ada" in page and "simulated arm, computer x" in page
    assert "simulated, 0:00:0" in page
    assert date_text(started_at(record)) == "not recorded" and "simulated" in clock_text(record, True)


@pytest.mark.parametrize("ticks", [60, 350])
def test_an_aborted_exam_makes_no_statement_on_what_was_not_completed(tmp_path: Path, ticks: int) -> None:
    write_exam(tmp_path / "record", ticks=ticks)
    cut = read_exam(tmp_path / "record")
    (line,) = exam_state(cut)
    assert "did not run to its end" in line and "makes no statement" in line
    page = render_html(cut)
    assert "No statement: the exam did not run to its end" in page
    assert "raised no suspicion in what it assessed" not in page
    assert not_seen(cut)[0] == line


def test_broken_lockstep_is_said(record: ExamRecord) -> None:
    assert exam_state(record) == []
    broken = replace(record, breaks={"exam": 3, "safety": 2})
    (line,) = exam_state(broken)
    assert "in 5 ticks" in line and "safety 2" in line and not_seen(broken)[0] == line
    assert report_document(broken)["exam"]["lockstep_breaks"] == {"exam": 3, "safety": 2}


def test_the_heart_rate_is_that_of_the_volume_curve_or_said_to_be_unresolved(record: ExamRecord) -> None:
    def beating(per_minute: float, rate_hz: float) -> ExamRecord:
        times = tuple(k / rate_hz for k in range(round(6 * rate_hz)))
        values = tuple(1e-4 * (1.0 - 0.25 * (1.0 - cos(2.0 * pi * per_minute / 60.0 * t))) for t in times)
        frames = tuple(range(len(times)))
        return replace(record, series=(Series(Name.LV_VOLUME, "m3", times, values, frames),))

    assert report_document(beating(72.0, 30.0))["exam"]["heart_rate_bpm"] == pytest.approx(72.0, abs=3.0)
    assert "per minute" in heart_rate_sentence(beating(72.0, 30.0))
    for unresolved in (beating(240.0, 30.0), beating(72.0, 4.0), replace(record, series=())):
        assert heart_rate_bpm(unresolved) is None and "could not be resolved" in heart_rate_sentence(unresolved)


def test_images_without_a_scale_are_named_and_carry_none(record: ExamRecord) -> None:
    assert no_scale(record) == []
    keys = tuple(replace(key, preset=SCALE_UNKNOWN) for key in record.keyframes)
    unscaled = replace(record, keyframes=keys, clips=())
    assert "without a known scale" in no_scale(unscaled)[0]


def test_the_appendix_lists_each_frame_once_and_is_no_table(record: ExamRecord) -> None:
    page = render_html(replace(record, keyframes=(), clips=()))
    appendix = page[page.index("Appendix") :]
    assert "<table" not in appendix and appendix.count('id="frame-') > 20


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("P" * 65, "at most 64"),
        ("a\\b", "backslash"),
        ("a\nb", "control"),
        (" P", "space"),
        ("P ", "space"),
        ("a=b", "separates"),
        ("a^b^c^d^e^f", "five parts"),
        ("P\ud800", "control"),
    ],
)
def test_a_patient_id_that_a_field_cannot_hold_is_refused_in_one_line(text: str, why: str) -> None:
    with pytest.raises(EchoPilotError, match=why) as caught:
        check_patient_id(text)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("text", ["P-0001", "张伟^王小明", "Müller^Jörg", "محمد", "🫀", "देव", "P" * 64, ""])
def test_any_letters_are_kept_as_they_are(record: ExamRecord, text: str) -> None:
    study = study_of(replace(record, header=replace(record.header, patient_id=text)), UNKNOWN)
    data = check_fields(blank_object(study, "1.2.3", "1.2.4", "frames", "US", 1), "x.dcm")
    assert data.PatientID == text and str(data.PatientName).rstrip("^") == text


def test_values_that_a_representation_cannot_hold_are_named(record: ExamRecord) -> None:
    data = blank_object(study_of(record, UNKNOWN), "1.2.3", "1.2.4", "frames", "US", 1)
    data.SeriesDescription = "x" * 65
    with pytest.raises(EchoPilotError, match=r"x.dcm: SeriesDescription \(LO\)"):
        check_fields(data, "x.dcm")
    with pytest.raises(EchoPilotError, match="16 characters"):
        decimal_string(123456789012.5, 6)
    assert decimal_string(1.7525, 4) == "1.7525" and (age_string(70.9), age_string(0.5)) == ("070Y", "006M")


def test_a_record_whose_id_does_not_fit_still_has_its_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("echopilot_report.report.pdf_of", lambda html: (None, ""))
    write_exam(tmp_path / "record", "cardiac", ticks=5, patient="a\\b")
    written = write_report(tmp_path / "record")
    assert written.page.is_file() and not written.dicom.exists()
    assert len(written.remarks) == 1 and "backslash" in written.remarks[0] and "no DICOM" in written.remarks[0]
    shutil.rmtree(tmp_path / "record")


def test_letters_without_a_font_are_codes_and_never_boxes() -> None:
    if pdf_of("<p>x</p>")[0] is None:
        pytest.skip(NO_PANGO)
    assert undrawable("abc é 1/2") == ()
    assert undrawable(f"P{UNDRAWN}") == (UNDRAWN,)
    page, missing = with_codes(f'<style>{UNDRAWN}</style><img src="data:image/png;base64,AAAA"><p>P{UNDRAWN}</p>')
    assert missing == (UNDRAWN,) and "<p>P[U+10FFFD]</p>" in page
    told = remark(missing)
    assert "U+10FFFD" in told and "apt install fonts-noto" in told and "\n" not in told and remark(()) == ""
    pdf, told = pdf_of(f"<p>{UNDRAWN}</p></section></main></body></html>")
    assert pdf is not None and "U+10FFFD" in told
