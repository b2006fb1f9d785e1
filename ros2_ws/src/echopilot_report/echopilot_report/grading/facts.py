"""Facts about the patient that grading needs; each may be unknown."""

import math
from dataclasses import dataclass
from enum import Enum

from echopilot_core import EchoPilotError

PLAUSIBLE = {"age_years": (0.0, 120.0), "height_m": (0.4, 2.5), "mass_kg": (2.0, 400.0)}
"""Engineering choice: wide enough for every patient, narrow enough to catch centimeters given as meters."""


class Sex(Enum):
    """Row of the published tables; the value is the key in the reference sets."""

    MALE = "men"
    FEMALE = "women"


@dataclass(frozen=True)
class PatientFacts:
    """Sex, age [years], height [m] and mass [kg]; None or NaN is unknown. Raises EchoPilotError on absurd values."""

    sex: Sex | None = None
    age_years: float | None = None
    height_m: float | None = None
    mass_kg: float | None = None

    def __post_init__(self) -> None:
        for name, (low, high) in PLAUSIBLE.items():
            value = getattr(self, name)
            if value is not None and not math.isnan(value) and not low <= value <= high:
                raise EchoPilotError(f"{name} is {value:g}; it must lie from {low:g} to {high:g}")


UNKNOWN = PatientFacts()


def known(value: float | None) -> bool:
    """Whether a fact is given: neither None nor NaN."""
    return value is not None and math.isfinite(value)


def body_surface_m2(facts: PatientFacts) -> float | None:
    """Body surface [m2], 0.007184 mass^0.425 [kg] height^0.725 [cm] (Du Bois & Du Bois 1916); None when unknown."""
    if facts.height_m is None or facts.mass_kg is None or not (known(facts.height_m) and known(facts.mass_kg)):
        return None
    return float(0.007184 * facts.mass_kg**0.425 * (100.0 * facts.height_m) ** 0.725)
