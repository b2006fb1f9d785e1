"""Validation of the values of one protocol step; every error is one line with the place and the valid choices."""

import math
from collections.abc import Sequence
from typing import Any

from echopilot_core import EchoPilotError
from echopilot_core.guarded.bounded import one_line


def mapping(given: object, keys: Sequence[str], where: str) -> dict[str, Any]:
    """The step as a mapping that holds known keys only."""
    if not isinstance(given, dict):
        raise EchoPilotError(f"{where} must be a mapping")
    for key in given:
        if key not in keys:
            raise EchoPilotError(f"{where}: unknown key '{one_line(key, 40)}'; valid are {', '.join(sorted(keys))}")
    return given


def choice(raw: dict[str, Any], key: str, valid: list[str], where: str) -> str:
    """One of the valid names.

    Args:
        raw: the mapping as read.
        key: whose value it is.
        valid: the names.
        where: file and step, as errors name them.

    Raises:
        EchoPilotError: the value is missing or another; the message lists the valid ones.
    """
    value = str(raw.get(key))
    if value not in valid:
        raise EchoPilotError(f"{where}: {key} is '{one_line(value, 40)}'; choose one of {', '.join(valid)}")
    return value


def flag(raw: dict[str, Any], key: str, where: str) -> bool:
    """True or false; false when it is left out."""
    value = raw.get(key, False)
    if not isinstance(value, bool):
        raise EchoPilotError(f"{where}: {key} is '{one_line(value, 40)}'; choose one of true, false")
    return value


def words(raw: dict[str, Any], key: str, where: str) -> str:
    """One line of text; empty when it is left out."""
    value = raw.get(key, "")
    if not isinstance(value, str) or not value.isprintable() or len(value) > 200:
        raise EchoPilotError(f"{where}: {key} must be one line of at most 200 letters")
    return value


def number(raw: dict[str, Any], key: str, low: float, high: float, default: float | None, where: str) -> float:
    """A finite number within bounds.

    Args:
        raw: the mapping as read.
        key: whose value it is.
        low: least value.
        high: largest value.
        default: where the key is left out; None when it may not be.
        where: file and step, as errors name them.

    Raises:
        EchoPilotError: no number, or one outside the bounds, which the message names.
    """
    value = raw.get(key, default)
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise EchoPilotError(f"{where}: {key} must be a number from {low:g} to {high:g}")
    if not low <= value <= high:
        raise EchoPilotError(f"{where}: {key} is {value:g}; it must lie from {low:g} to {high:g}")
    return float(value)
