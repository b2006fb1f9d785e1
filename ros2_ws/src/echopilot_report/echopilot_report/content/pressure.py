"""Probe force at the numbers of a report, and the interval of a diameter without it."""

import math
from collections.abc import Mapping
from dataclasses import replace

from echopilot_core import Measurement, MeasurementName
from echopilot_core.measurement_name import THIRD_MAXIMA, THIRD_MEDIANS
from echopilot_exam.record import ExamRecord
from echopilot_report.content.probe_pressure import CONFIDENCE, ProbePressure, press_curves, pressure_of
from echopilot_report.grading import PatientFacts, grade_all
from echopilot_report.grading.wording import text

TOLD_OF = frozenset({MeasurementName.AORTA_MAX_OUTER_AP, *THIRD_MAXIMA, *THIRD_MEDIANS})
"""Diameters whose interval without pressure is told; the stations of a sweep carry it in their curve's note."""


def pressures_of(record: ExamRecord) -> Mapping[int, ProbePressure]:
    """Force, and interval where there is one, by the `id` of each measurement of the record."""
    curves = press_curves(record.trace)
    stamps_ns = {s.sequence: s.stamp_ns for s in record.perception}
    found = {id(m): pressure_of(m, record.trace, curves, stamps_ns) for m in record.measurements if m.unit == "m"}
    return {key: pressure for key, pressure in found.items() if pressure is not None}


def has_interval(m: Measurement, pressure: ProbePressure | None) -> bool:
    """Whether the diameter without pressure is told for this number."""
    return pressure is not None and m.name in TOLD_OF and math.isfinite(pressure.low_m)


def force_text(pressure: ProbePressure | None) -> str:
    """The force of a number, in words; says so where it is not known."""
    if pressure is None:
        return text("how", "force_unknown")
    return text("how", "force", newton=f"{pressure.force_n:.1f}")


def interval_text(pressure: ProbePressure) -> str:
    """The diameter without pressure, in words, with its confidence."""
    low, high = (f"{end * 1e3:.0f}" for end in (pressure.low_m, pressure.high_m))
    return text("how", "unpressed", low=low, high=high, percent=f"{100 * CONFIDENCE:.0f}")


def spanned_classes(m: Measurement, pressure: ProbePressure, facts: PatientFacts) -> str:
    """The classes at both ends of the interval, where these differ; empty where they are one or not known."""
    ends = [grade_all([replace(m, value=end)], facts) for end in (pressure.low_m, pressure.high_m)]
    for low, high in zip(*ends, strict=True):
        if low.grade and high.grade and low.grade != high.grade:
            return text("how", "spans", low=text("grade", low.grade), high=text("grade", high.grade))
    return ""


def basis_sentence(record: ExamRecord) -> str:
    """What the intervals of the record follow from; empty where it has none."""
    pressures = pressures_of(record)
    told = [p for m in record.measurements if (p := pressures.get(id(m))) is not None and has_interval(m, p)]
    if not told:
        return ""
    depth_m, stiffness_n_m = (max(getattr(p, field) for p in told) for field in ("indentation_m", "stiffness_n_m"))
    return text("how", "unpressed_basis", indentation=f"{depth_m * 1e3:.0f}", stiffness=f"{stiffness_n_m:.0f}")
