"""Grading of one measurement by one reference set."""

from dataclasses import replace
from decimal import Decimal

from echopilot_core import CardiacPhase, Measurement
from echopilot_report.grading.derive import RefusedError, checked
from echopilot_report.grading.facts import UNKNOWN, PatientFacts
from echopilot_report.grading.model import Grade
from echopilot_report.grading.reference import ReferenceSet, SizeClass
from echopilot_report.grading.wording import sentence, text


def grade_measurement(m: Measurement, reference: ReferenceSet, facts: PatientFacts = UNKNOWN) -> Grade:
    """Class, follow-up and distance to the nearest border, or the reason for a refusal. Never raises on its input.

    Without a sex, a class is given only where the tables for men and women agree on it and on the follow-up.
    """
    trust = reference.trust
    grade = Grade(
        measurement=m.name,
        quantity=reference.quantity,
        unit=reference.unit,
        convention=m.convention,
        reference=reference.name,
        reference_version=reference.version,
        source=reference.source,
        trust=f"{text('trust', trust.kind)}, {text('seen', trust.seen)}",
        decimals=reference.decimals,
        frame_sequences=m.frame_sequences,
    )
    try:
        value = checked(m, facts, reference)
        grade = replace(grade, value=float(value))
        grade = _graded(grade, value, m, reference, facts)
    except RefusedError as refusal:
        shown = grade.value if refusal.value is None else float(refusal.value)
        grade = replace(grade, value=shown, refused=str(refusal))
    return replace(grade, wording=sentence(grade))


def nearest_border(value: Decimal, tables: list[tuple[SizeClass, ...]]) -> Decimal | None:
    """The border between two classes that lies nearest; of two equally near ones the upper."""
    borders = {row.low for table in tables for row in table[1:] if row.low is not None}
    return min(borders, key=lambda border: (abs(value - border), -border), default=None)


def _graded(grade: Grade, value: Decimal, m: Measurement, reference: ReferenceSet, facts: PatientFacts) -> Grade:
    tables = _tables(reference, facts)
    found = [row for table in tables for row in table if row.holds(value)]
    if len(found) != len(tables):
        raise RefusedError("outside", value)
    row = found[0]
    notes = [*reference.measurements[m.name], *row.notes]
    if any((other.name, other.follow_up) != (row.name, row.follow_up) for other in found):
        raise RefusedError("sex_unknown", value)
    if len(tables) > 1:
        notes.append("sex_unknown_same_class")
    if reference.phase is not CardiacPhase.UNSPECIFIED and m.phase is CardiacPhase.UNSPECIFIED:
        notes.append(f"not_timed_{reference.phase.name.lower()}")
    border = nearest_border(value, tables)
    if border is not None:
        near = reference.borderline is not None and abs(value - border) <= reference.borderline.margin
        grade = replace(grade, borderline=near, border=float(border), border_distance=float(value - border))
    return replace(
        grade,
        grade=row.name,
        follow_up=row.follow_up,
        suspected=row.suspected,
        notes=tuple(text("note", note) for note in notes),
    )


def _tables(reference: ReferenceSet, facts: PatientFacts) -> list[tuple[SizeClass, ...]]:
    if "all" in reference.classes:
        return [reference.classes["all"]]
    if facts.sex is not None:
        return [reference.classes[facts.sex.value]]
    return list(reference.classes.values())
