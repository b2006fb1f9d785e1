"""A number that may not be graded is not, and the reason is said."""

import math
from dataclasses import replace

import pytest
from grading_world import ESC, LEADING, OUTER, SVS, aorta, measured, read

from echopilot_core import CaliperConvention, CardiacPhase, GateStatus
from echopilot_core import MeasurementName as Name
from echopilot_report.content.grading_rows import grade_row
from echopilot_report.grading import PatientFacts, Sex, grade_all, grade_measurement, load_set, not_graded, not_measured


@pytest.mark.parametrize("wanted", [SVS, ESC])
@pytest.mark.parametrize("convention", list(CaliperConvention))
def test_another_convention_is_refused_and_never_converted(convention: CaliperConvention, wanted: str) -> None:
    grade = aorta(0.041, reference=wanted, convention=convention)
    assert grade.convention is convention and grade.value == 41.0
    if convention is load_set(wanted).convention:
        assert grade.graded
    else:
        assert grade.grade == "" and not grade.borderline and "the reference requires" in grade.refused


def test_two_conventions_of_one_vessel_stay_apart() -> None:
    rows = [measured(0.0305), measured(0.0285, Name.AORTA_LEADING_AP)]
    grades = grade_all(rows, PatientFacts(Sex.MALE), [load_set(SVS), load_set(ESC)])
    graded = {(r.reference, r.convention): r.grade for r in grades if r.graded}
    assert graded == {(SVS, OUTER): "small_aneurysm", (ESC, LEADING): "ectatic"}
    assert len(grades) == 4


def test_what_the_gate_refused_shows_no_number() -> None:
    grade = aorta(0.041, gate=GateStatus.REFUSED, gate_reason="wall cut off")
    assert math.isnan(grade.value) and "wall cut off" in grade.wording and "41" not in grade.wording
    unchecked = aorta(0.041, gate=GateStatus.NOT_CHECKED)
    assert not unchecked.graded and math.isnan(unchecked.value)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, 0.0, -0.03])
def test_what_is_no_size_is_refused(value: float) -> None:
    grade = aorta(value)
    assert not grade.graded and math.isnan(grade.value) and "nan" not in grade.wording


def test_a_foreign_unit_or_quantity_is_refused() -> None:
    assert "unit" in aorta(30.0, unit="mm").refused
    assert "does not grade" in read(0.55, Name.EF_BIPLANE, SVS, PatientFacts(Sex.MALE)).refused


def test_another_moment_of_the_beat_is_refused_and_an_unknown_one_is_said() -> None:
    fluid = measured(0.012, Name.EFFUSION_DEPTH)
    reference = load_set("effusion_esc_2015")
    assert grade_measurement(fluid, reference).notes == ()
    assert "end-systole" in grade_measurement(replace(fluid, phase=CardiacPhase.END_SYSTOLE), reference).refused
    unknown = grade_measurement(replace(fluid, phase=CardiacPhase.UNSPECIFIED), reference)
    assert unknown.grade == "moderate_effusion" and "Not timed" in unknown.wording


def test_a_reading_carries_its_provenance() -> None:
    grade = aorta(0.041)
    reference = load_set(SVS)
    assert (grade.reference, grade.reference_version) == (reference.name, reference.version)
    assert grade.frame_sequences == (7, 8) and f"{reference.name}, version {reference.version}" in grade.wording


def test_what_was_refused_is_listed_once_with_its_reason() -> None:
    rows = [measured(0.052), measured(0.052), measured(0.130e-3, Name.LV_EDV_BIPLANE)]
    lines = not_graded(grade_all(rows))
    assert len(lines) == len(set(lines)) == 2
    assert any("Abdominal aorta" in line and "sex unknown" in line for line in lines)
    assert any("height or weight unknown" in line for line in lines)


def test_what_was_not_measured_is_listed() -> None:
    assert "abdominal_aorta" not in not_measured([measured(0.02)])
    assert "abdominal_aorta" in not_measured([measured(0.02, gate=GateStatus.REFUSED)])
    everything = not_measured([])
    assert {"abdominal_aorta", "aortic_root", "ejection_fraction", "lv_edv_index", "effusion"} <= set(everything)


def test_what_only_a_fact_of_the_patient_is_missing_for_says_so_on_the_first_sheet() -> None:
    """52 mm is another class for men than for women."""
    row = grade_row(aorta(0.052, sex=None))
    assert row.tone == "refused" and "sex unknown" in row.short
    assert grade_row(aorta(0.0437, sex=None)).tone == "suspected"
    assert grade_row(aorta(0.041, gate=GateStatus.REFUSED, gate_reason="wall cut off")).short == ""
