"""A number that may not be graded is not, and the reason is said."""

import math
from dataclasses import replace

import pytest
from reading_world import ESC, LEADING, OUTER, SVS, aorta, measured, read

from echopilot_core import Convention, GateStatus, Phase
from echopilot_report.reading import PatientFacts, Sex, load_set, not_graded, not_measured, read_all, read_measurement
from echopilot_report.reading_rows import reading_row


@pytest.mark.parametrize("wanted", [SVS, ESC])
@pytest.mark.parametrize("convention", list(Convention))
def test_another_convention_is_refused_and_never_converted(convention: Convention, wanted: str) -> None:
    reading = aorta(0.041, reference=wanted, convention=convention)
    assert reading.convention is convention and reading.value == 41.0
    if convention is load_set(wanted).convention:
        assert reading.graded
    else:
        assert reading.grade == "" and not reading.borderline and "the reference wants" in reading.refused


def test_two_conventions_of_one_vessel_stay_apart() -> None:
    rows = [measured(0.0305), measured(0.0285, "aorta_leading_ap")]
    readings = read_all(rows, PatientFacts(Sex.MALE), [load_set(SVS), load_set(ESC)])
    graded = {(r.reference, r.convention): r.grade for r in readings if r.graded}
    assert graded == {(SVS, OUTER): "small_aneurysm", (ESC, LEADING): "ectatic"}
    assert len(readings) == 4


def test_what_the_gate_refused_shows_no_number() -> None:
    reading = aorta(0.041, gate=GateStatus.REFUSED, gate_reason="wall cut off")
    assert math.isnan(reading.value) and "wall cut off" in reading.wording and "41" not in reading.wording
    unchecked = aorta(0.041, gate=GateStatus.NOT_CHECKED)
    assert not unchecked.graded and math.isnan(unchecked.value)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, 0.0, -0.03])
def test_what_is_no_size_is_refused(value: float) -> None:
    reading = aorta(value)
    assert not reading.graded and math.isnan(reading.value) and "nan" not in reading.wording


def test_a_foreign_unit_or_quantity_is_refused() -> None:
    assert "unit" in aorta(30.0, unit="mm").refused
    assert "does not read" in read(0.55, "ef_biplane", SVS, PatientFacts(Sex.MALE)).refused


def test_another_moment_of_the_beat_is_refused_and_an_unknown_one_is_said() -> None:
    fluid = measured(0.012, "effusion_depth")
    reference = load_set("effusion_esc_2015")
    assert read_measurement(fluid, reference).notes == ()
    assert "end-systole" in read_measurement(replace(fluid, phase=Phase.END_SYSTOLE), reference).refused
    unknown = read_measurement(replace(fluid, phase=Phase.UNSPECIFIED), reference)
    assert unknown.grade == "moderate_effusion" and "Not timed" in unknown.wording


def test_a_reading_carries_its_provenance() -> None:
    reading = aorta(0.041)
    reference = load_set(SVS)
    assert (reading.reference, reading.reference_version) == (reference.name, reference.version)
    assert reading.frame_sequences == (7, 8) and f"{reference.name}, version {reference.version}" in reading.wording


def test_what_was_refused_is_listed_once_with_its_reason() -> None:
    rows = [measured(0.047), measured(0.047), measured(0.130e-3, "lv_edv_biplane")]
    lines = not_graded(read_all(rows))
    assert len(lines) == len(set(lines)) == 3
    assert any("Abdominal aorta" in line and "sex unknown" in line for line in lines)
    assert any("height or weight unknown" in line for line in lines)


def test_what_was_not_measured_is_listed() -> None:
    assert "abdominal_aorta" not in not_measured([measured(0.02)])
    assert "abdominal_aorta" in not_measured([measured(0.02, gate=GateStatus.REFUSED)])
    everything = not_measured([])
    assert {"abdominal_aorta", "aortic_root", "ejection_fraction", "lv_edv", "lv_esv", "effusion"} <= set(everything)
    assert "lv_edv_index" not in everything


def test_what_only_a_fact_of_the_patient_is_missing_for_says_so_on_the_first_sheet() -> None:
    """45.3 mm is another class for men than for women."""
    row = reading_row(aorta(0.0453, sex=None))
    assert row.tone == "refused" and "sex unknown" in row.short
    assert reading_row(aorta(0.0437, sex=None)).tone == "suspected"
    assert reading_row(aorta(0.041, gate=GateStatus.REFUSED, gate_reason="wall cut off")).short == ""
