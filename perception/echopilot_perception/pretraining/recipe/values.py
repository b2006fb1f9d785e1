"""Values of a recipe, checked; every error is one line with the place and the valid choices."""

import math
from dataclasses import dataclass
from typing import Any

from echopilot_core import EchoPilotError
from echopilot_core.guarded.bounded import one_line


@dataclass(frozen=True)
class NumberRange:
    """Least and largest value of a number; `whole` for integers."""

    low: float
    high: float
    whole: bool = False


def keys_of(given: object, valid: tuple[str, ...], where: str) -> dict[str, Any]:
    """A mapping with none but valid keys."""
    if not isinstance(given, dict):
        raise EchoPilotError(f"{where} must be a mapping with {', '.join(valid)}")
    for key in given:
        if key not in valid:
            raise EchoPilotError(f"{where}: unknown key '{one_line(key, 40)}'; valid are {', '.join(valid)}")
    return given


def number_of(value: object, limits: NumberRange, where: str) -> float:
    """A finite number within limits."""
    kind = "a whole number" if limits.whole else "a number"
    if isinstance(value, bool) or not isinstance(value, int if limits.whole else (int, float)):
        raise EchoPilotError(f"{where} is '{one_line(value, 40)}'; give {kind} from {limits.low:g} to {limits.high:g}")
    if not math.isfinite(value) or not limits.low <= value <= limits.high:
        raise EchoPilotError(f"{where} is {value:g}; it must lie from {limits.low:g} to {limits.high:g}")
    return value


def choice_of(value: object, valid: tuple[str, ...], where: str) -> str:
    """One of the valid names."""
    if value not in valid:
        raise EchoPilotError(f"{where} is '{one_line(value, 40)}'; choose one of {', '.join(valid)}")
    return str(value)


def flag_of(value: object, where: str) -> bool:
    """True or false."""
    if not isinstance(value, bool):
        raise EchoPilotError(f"{where} is '{one_line(value, 40)}'; choose one of true, false")
    return value


def list_of(value: object, limits: NumberRange, length: int, where: str) -> tuple[int, ...]:
    """So many whole numbers within limits."""
    if not isinstance(value, list) or len(value) != length:
        raise EchoPilotError(f"{where} must be a list of {length} whole numbers")
    return tuple(int(number_of(one, limits, where)) for one in value)
