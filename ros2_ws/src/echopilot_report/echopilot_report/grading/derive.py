"""Graded quantity of a measurement: unit, indexing to body surface, z-score; or a refusal with its reason."""

import math
from decimal import ROUND_HALF_UP, Decimal

from echopilot_core import CardiacPhase, GateStatus, Measurement
from echopilot_report.grading.facts import PatientFacts, Sex, body_surface_m2, known
from echopilot_report.grading.reference import ReferenceSet, ZScore
from echopilot_report.grading.wording import convention_text, text


def rounded(value: float, factor: int, precision: Decimal) -> Decimal:
    """`value * factor` to the nearest multiple of `precision`, halves away from zero.

    Reads the float as the shortest decimal that means it: 0.03 m is 30.0 mm, and so is 0.029999999999999999 m.
    """
    scaled = Decimal(repr(float(value))) * factor
    return (scaled / precision).to_integral_value(ROUND_HALF_UP) * precision + 0


SCALE = {"mm": ("m", 1000), "%": ("1", 100), "mL": ("m3", 10**6), "mL/m2": ("m3", 10**6), "z": ("m", 100)}
"""Unit of a set: SI unit of its measurement and factor (for z to the centimeters of its formula)."""


class RefusedError(Exception):
    """The number is not graded; the message is the reason, `value` the number that may be shown."""

    def __init__(self, reason: str, value: Decimal | None = None, **values: object) -> None:
        super().__init__(text("reason", reason, **values))
        self.value = value


def checked(m: Measurement, facts: PatientFacts, reference: ReferenceSet) -> Decimal:
    """The number in the set's unit, to its precision; raises RefusedError."""
    if m.name not in reference.measurements:
        raise RefusedError("other_quantity", measurement=m.name, reference=reference.name)
    if m.gate is GateStatus.REFUSED:
        raise RefusedError("gate_refused", why=m.gate_reason or text("reason", "gate_silent"))
    if m.gate is not GateStatus.PASSED:
        raise RefusedError("gate_not_checked")
    if not math.isfinite(m.value):
        raise RefusedError("not_finite")
    unit, factor = SCALE[reference.unit]
    if m.unit != unit:
        raise RefusedError("unit", measured=m.unit, wanted=unit)
    if m.value <= 0.0:
        raise RefusedError("not_positive")
    plain = rounded(m.value, factor, reference.precision) if reference.unit in ("mm", "%", "mL") else None
    if m.convention is not reference.convention:
        measured = convention_text(m.convention) or text("reason", "no_convention")
        wanted = convention_text(reference.convention)
        raise RefusedError("convention", plain, measured=measured, wanted=wanted)
    if CardiacPhase.UNSPECIFIED not in (m.phase, reference.phase) and m.phase is not reference.phase:
        raise RefusedError(
            "phase", plain, measured=text("phase", m.phase.name), wanted=text("phase", reference.phase.name)
        )
    if plain is not None:
        return plain
    surface_m2 = body_surface_m2(facts)
    if surface_m2 is None:
        raise RefusedError("body_unknown")
    if reference.z_score is None:
        return rounded(m.value / surface_m2, factor, reference.precision)
    if facts.sex is None:
        raise RefusedError("sex_unknown")
    if facts.age_years is None or not known(facts.age_years):
        raise RefusedError("age_unknown")
    if facts.age_years < reference.z_score.min_age_years:
        raise RefusedError("too_young", age=f"{reference.z_score.min_age_years:g}")
    z = z_score(100.0 * m.value, facts.sex, facts.age_years, surface_m2, reference.z_score)
    return rounded(z, 1, reference.precision)


def z_score(diameter_cm: float, sex: Sex, age_years: float, surface_m2: float, formula: ZScore) -> float:
    """Standard errors by which a diameter [cm] lies above the one predicted from sex, age and body surface [m2]."""
    predicted_cm = (
        formula.intercept_cm
        + formula.per_year_cm * age_years
        + formula.per_m2_cm * surface_m2
        + formula.per_sex_cm * formula.sex_code[sex.value]
    )
    return (diameter_cm - predicted_cm) / formula.see_cm
