"""All grades of an exam, and quantities without a grade."""

from collections.abc import Iterable, Sequence

from echopilot_core import GateStatus, Measurement, MeasurementName
from echopilot_report.grading.facts import UNKNOWN, PatientFacts
from echopilot_report.grading.grade import grade_measurement
from echopilot_report.grading.loader import shipped_set
from echopilot_report.grading.model import Grade
from echopilot_report.grading.reference import ReferenceSet
from echopilot_report.grading.wording import text

DEFAULT_SETS = (
    "abdominal_aorta_svs_2018",
    "aortic_root_esc_2024",
    "aortic_root_devereux_2012",
    "ejection_fraction_ase_2015",
    "lv_end_diastolic_index_ase_2015",
    "la_volume_index_ase_2015",
    "effusion_esc_2015",
)
"""Default: one set per quantity. abdominal_aorta_esc_2024 requires a caliper convention that is not measured."""


def default_sets() -> tuple[ReferenceSet, ...]:
    """The sets of DEFAULT_SETS."""
    return tuple(shipped_set(name) for name in DEFAULT_SETS)


def grade_all(
    measurements: Iterable[Measurement],
    facts: PatientFacts = UNKNOWN,
    sets: Sequence[ReferenceSet] | None = None,
) -> tuple[Grade, ...]:
    """Every measurement by every set that knows its name, in the order of both."""
    chosen = default_sets() if sets is None else sets
    return tuple(grade_measurement(m, s, facts) for m in measurements for s in chosen if m.name in s.measurements)


def not_graded(grades: Iterable[Grade]) -> tuple[str, ...]:
    """One sentence per refused grade, without duplicates."""
    lines = [
        text(
            "sentence", "refused_short", quantity=text("quantity", r.quantity), reason=r.refused, reference=r.reference
        )
        for r in grades
        if not r.graded
    ]
    return tuple(dict.fromkeys(lines))


def not_measured(measurements: Iterable[Measurement], sets: Sequence[ReferenceSet] | None = None) -> tuple[str, ...]:
    """Codes of the quantities of which no number passed the gate; sets with the same measurements count once."""
    passed = {m.name for m in measurements if m.gate is GateStatus.PASSED}
    missing: dict[str, set[MeasurementName]] = {}
    for reference in default_sets() if sets is None else sets:
        names = set(reference.measurements)
        if not passed & names and not any(names <= told for told in missing.values()):
            missing[reference.quantity] = names
    return tuple(missing)
