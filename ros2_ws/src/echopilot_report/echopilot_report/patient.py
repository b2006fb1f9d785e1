"""What is known of the patient, in words."""

from echopilot_report.reading.facts import PatientFacts, Sex, known
from echopilot_report.reading.wording import text


def facts_text(facts: PatientFacts) -> str:
    """Sex, age, height and mass, or that they are unknown."""
    parts = []
    if facts.sex is not None:
        parts.append(text("patient", {Sex.MALE: "male", Sex.FEMALE: "female"}[facts.sex]))
    if facts.age_years is not None and known(facts.age_years):
        parts.append(text("patient", "age", years=f"{facts.age_years:.0f}"))
    if facts.height_m is not None and known(facts.height_m):
        parts.append(text("patient", "height", cm=f"{100 * facts.height_m:.0f}"))
    if facts.mass_kg is not None and known(facts.mass_kg):
        parts.append(text("patient", "mass", kg=f"{facts.mass_kg:.0f}"))
    return ", ".join(parts) or text("patient", "unknown")
