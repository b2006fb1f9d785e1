"""Measurements as the exam gives them, for the tests of readings."""

from dataclasses import replace
from typing import Any

from echopilot_core import CaliperConvention, CardiacPhase, GateStatus, Measurement, View
from echopilot_core import MeasurementName as Name
from echopilot_report.grading import Grade, PatientFacts, Sex, grade_measurement, load_set

SVS, ESC = "abdominal_aorta_svs_2018", "abdominal_aorta_esc_2024"
DEVEREUX, ROOT = "aortic_root_devereux_2012", "aortic_root_esc_2024"
BOTH = (Sex.MALE, Sex.FEMALE)
OUTER, LEADING = CaliperConvention.OUTER_TO_OUTER, CaliperConvention.LEADING_EDGE

BASES = {
    Name.AORTA_MAX_OUTER_AP: ("m", View.AORTA_TRANS, OUTER, CardiacPhase.UNSPECIFIED),
    Name.AORTA_LEADING_AP: ("m", View.AORTA_TRANS, LEADING, CardiacPhase.UNSPECIFIED),
    Name.AORTIC_ROOT_PLAX: ("m", View.PLAX, LEADING, CardiacPhase.END_DIASTOLE),
    Name.EFFUSION_DEPTH: ("m", View.PLAX, CaliperConvention.INNER_TO_INNER, CardiacPhase.END_DIASTOLE),
    Name.EF_BIPLANE: ("1", View.A4C, CaliperConvention.NOT_APPLICABLE, CardiacPhase.CYCLE),
    Name.EF_SINGLE_PLANE_A4C: ("1", View.A4C, CaliperConvention.NOT_APPLICABLE, CardiacPhase.CYCLE),
    Name.LV_EDV_A4C: ("m3", View.A4C, CaliperConvention.NOT_APPLICABLE, CardiacPhase.END_DIASTOLE),
    Name.LV_EDV_BIPLANE: ("m3", View.A4C, CaliperConvention.NOT_APPLICABLE, CardiacPhase.END_DIASTOLE),
    Name.LV_ESV_BIPLANE: ("m3", View.A4C, CaliperConvention.NOT_APPLICABLE, CardiacPhase.END_SYSTOLE),
    Name.LA_VOLUME_BIPLANE: ("m3", View.A4C, CaliperConvention.NOT_APPLICABLE, CardiacPhase.END_SYSTOLE),
}


def measured(value: float, name: Name = Name.AORTA_MAX_OUTER_AP, **changes: Any) -> Measurement:
    """A number in SI that passed the gate."""
    unit, view, convention, phase = BASES[name]
    base = Measurement(
        name, value, unit, 0.001, view, convention, phase, gate=GateStatus.PASSED, frame_sequences=(7, 8)
    )
    return replace(base, **changes)


def aorta(value_m: float, sex: Sex | None = Sex.MALE, reference: str = SVS, **changes: Any) -> Grade:
    """Reading of an abdominal aorta, in the convention of the SVS set."""
    return grade_measurement(measured(value_m, **changes), load_set(reference), PatientFacts(sex=sex))


def read(value: float, name: Name, reference: str, facts: PatientFacts) -> Grade:
    """Reading of a number by a set."""
    return grade_measurement(measured(value, name), load_set(reference), facts)
