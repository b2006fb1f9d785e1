"""Measurements as the exam gives them, for the tests of readings."""

from dataclasses import replace
from typing import Any

from echopilot_core import Convention, GateStatus, Measurement, Phase, View
from echopilot_report.reading import PatientFacts, Reading, Sex, load_set, read_measurement

SVS, ESC = "abdominal_aorta_svs_2018", "abdominal_aorta_esc_2024"
DEVEREUX, ROOT = "aortic_root_devereux_2012", "aortic_root_esc_2024"
BOTH = (Sex.MALE, Sex.FEMALE)
OUTER, LEADING = Convention.OUTER_TO_OUTER, Convention.LEADING_EDGE

BASES = {
    "aorta_max_outer_ap": ("m", View.AORTA_TRANS, OUTER, Phase.UNSPECIFIED),
    "aorta_leading_ap": ("m", View.AORTA_TRANS, LEADING, Phase.UNSPECIFIED),
    "aortic_root_plax": ("m", View.PLAX, LEADING, Phase.END_DIASTOLE),
    "effusion_depth": ("m", View.PLAX, Convention.INNER_TO_INNER, Phase.END_DIASTOLE),
    "ef_biplane": ("1", View.A4C, Convention.NOT_APPLICABLE, Phase.CYCLE),
    "ef_single_plane_a4c": ("1", View.A4C, Convention.NOT_APPLICABLE, Phase.CYCLE),
    "lv_edv_a4c": ("m3", View.A4C, Convention.NOT_APPLICABLE, Phase.END_DIASTOLE),
    "lv_edv_biplane": ("m3", View.A4C, Convention.NOT_APPLICABLE, Phase.END_DIASTOLE),
    "lv_esv_biplane": ("m3", View.A4C, Convention.NOT_APPLICABLE, Phase.END_SYSTOLE),
    "la_volume_biplane": ("m3", View.A4C, Convention.NOT_APPLICABLE, Phase.END_SYSTOLE),
}


def measured(value: float, name: str = "aorta_max_outer_ap", **changes: Any) -> Measurement:
    """A number in SI that passed the gate."""
    unit, view, convention, phase = BASES[name]
    base = Measurement(
        name, value, unit, 0.001, view, convention, phase, gate=GateStatus.PASSED, frame_sequences=(7, 8)
    )
    return replace(base, **changes)


def aorta(value_m: float, sex: Sex | None = Sex.MALE, reference: str = SVS, **changes: Any) -> Reading:
    """Reading of an abdominal aorta, in the convention of the SVS set."""
    return read_measurement(measured(value_m, **changes), load_set(reference), PatientFacts(sex=sex))


def read(value: float, name: str, reference: str, facts: PatientFacts) -> Reading:
    """Reading of a number by a set."""
    return read_measurement(measured(value, name), load_set(reference), facts)
