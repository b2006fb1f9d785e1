"""Checks of single values of a file; every error is one line with the place and the valid choices."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from echopilot_core.guarded.bounded import one_line
from echopilot_core.vocabulary import EchoPilotError

LONGEST_TEXT = 200


@dataclass(frozen=True)
class NumberRange:
    """Least and largest value of a number; `whole` for integers."""

    low: float
    high: float
    whole: bool = False


def keys_of(given: object, valid: Sequence[str], where: str) -> dict[str, Any]:
    """A mapping with none but valid keys.

    Args:
        given: the value as read.
        valid: the keys.
        where: file and place in it, as errors name them.

    Raises:
        EchoPilotError: no mapping, or a key that is none of the valid ones, which the message lists.
    """
    if not isinstance(given, dict):
        raise EchoPilotError(f"{where} must be a mapping with {', '.join(valid)}")
    for key in given:
        if key not in valid:
            raise EchoPilotError(f"{where}: unknown key '{one_line(key, 40)}'; valid are {', '.join(valid)}")
    return given


def number_of(value: object, limits: NumberRange, where: str) -> float:
    """A finite number within limits; EchoPilotError, with the limits, for anything else."""
    kind = "a whole number" if limits.whole else "a number"
    if isinstance(value, bool) or not isinstance(value, int if limits.whole else (int, float)):
        raise EchoPilotError(f"{where} is '{one_line(value, 40)}'; give {kind} from {limits.low:g} to {limits.high:g}")
    if not math.isfinite(value):
        raise EchoPilotError(f"{where} is {value:g}; give {kind} from {limits.low:g} to {limits.high:g}")
    if not limits.low <= value <= limits.high:
        raise EchoPilotError(f"{where} is {value:g}; it must lie from {limits.low:g} to {limits.high:g}")
    return value


def choice_of(value: object, valid: Sequence[str], where: str) -> str:
    """One of the valid names; EchoPilotError, with these, for anything else."""
    if value not in valid:
        raise EchoPilotError(f"{where} is '{one_line(value, 40)}'; choose one of {', '.join(valid)}")
    return str(value)


def flag_of(value: object, where: str) -> bool:
    """True or false; EchoPilotError for anything else."""
    if not isinstance(value, bool):
        raise EchoPilotError(f"{where} is '{one_line(value, 40)}'; choose one of true, false")
    return value


def text_of(value: object, where: str) -> str:
    """One line of text; EchoPilotError for anything else."""
    if not isinstance(value, str) or not value.isprintable() or len(value) > LONGEST_TEXT:
        raise EchoPilotError(f"{where} must be one line of at most {LONGEST_TEXT} letters")
    return value


def list_of(value: object, limits: NumberRange, length: int, where: str) -> tuple[int, ...]:
    """So many whole numbers within limits; EchoPilotError for anything else."""
    if not isinstance(value, list) or len(value) != length:
        raise EchoPilotError(f"{where} must be a list of {length} whole numbers")
    return tuple(int(number_of(one, limits, where)) for one in value)
