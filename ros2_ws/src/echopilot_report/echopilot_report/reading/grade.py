"""Sorts one measurement by one reference set."""

from dataclasses import replace
from decimal import Decimal

from echopilot_core import Measurement, Phase
from echopilot_report.reading.derive import RefusedError, checked
from echopilot_report.reading.facts import UNKNOWN, PatientFacts
from echopilot_report.reading.model import Reading
from echopilot_report.reading.reference import ReferenceSet, SizeClass
from echopilot_report.reading.wording import sentence, text


def read_measurement(m: Measurement, reference: ReferenceSet, facts: PatientFacts = UNKNOWN) -> Reading:
    """Class, follow-up and distance to the nearest border; or refused, with the reason. Never raises on its input.

    Without a sex, a class is given only where the tables for men and women agree on it and on the follow-up.
    """
    trust = reference.trust
    reading = Reading(
        measurement=m.name,
        quantity=reference.quantity,
        unit=reference.unit,
        convention=m.convention,
        reference=reference.name,
        reference_version=reference.version,
        trust=f"{text('trust', trust.kind)}, {text('seen', trust.seen)}",
        decimals=reference.decimals,
        frame_sequences=m.frame_sequences,
    )
    try:
        value = checked(m, facts, reference)
        reading = replace(reading, value=float(value))
        reading = _graded(reading, value, m, reference, facts)
    except RefusedError as refusal:
        shown = reading.value if refusal.value is None else float(refusal.value)
        reading = replace(reading, value=shown, refused=str(refusal))
    return replace(reading, wording=sentence(reading))


def nearest_border(value: Decimal, tables: list[tuple[SizeClass, ...]]) -> Decimal | None:
    """The border between two classes that lies nearest; of two equally near ones the upper."""
    borders = {row.low for table in tables for row in table[1:] if row.low is not None}
    return min(borders, key=lambda border: (abs(value - border), -border), default=None)


def _graded(reading: Reading, value: Decimal, m: Measurement, reference: ReferenceSet, facts: PatientFacts) -> Reading:
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
    if reference.phase is not Phase.UNSPECIFIED and m.phase is Phase.UNSPECIFIED:
        notes.append(f"not_timed_{reference.phase.name.lower()}")
    border = nearest_border(value, tables)
    if border is not None:
        near = reference.borderline is not None and abs(value - border) <= reference.borderline.margin
        reading = replace(reading, borderline=near, border=float(border), border_distance=float(value - border))
    return replace(
        reading,
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
