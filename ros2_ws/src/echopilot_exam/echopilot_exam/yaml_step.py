"""Reads the values of one step of a protocol; every refusal is one line that names the place and the valid choices."""

import math
from collections.abc import Sequence
from typing import Any

from echopilot_core import EchoPilotError


def mapping(given: object, keys: Sequence[str], where: str) -> dict[str, Any]:
    """The step as a mapping that holds known keys only."""
    if not isinstance(given, dict):
        raise EchoPilotError(f"{where} must be a mapping")
    for key in given:
        if key not in keys:
            raise EchoPilotError(f"{where}: unknown key '{key}'; valid are {', '.join(sorted(keys))}")
    return given


def choice(raw: dict[str, Any], key: str, valid: list[str], where: str) -> str:
    """One of the valid words."""
    value = str(raw.get(key))
    if value not in valid:
        raise EchoPilotError(f"{where}: {key} is '{value}'; choose one of {', '.join(valid)}")
    return value


def flag(raw: dict[str, Any], key: str, where: str) -> bool:
    """True or false; false when it is left out."""
    value = raw.get(key, False)
    if not isinstance(value, bool):
        raise EchoPilotError(f"{where}: {key} is '{value}'; choose one of true, false")
    return value


def words(raw: dict[str, Any], key: str, where: str) -> str:
    """One line of text; empty when it is left out."""
    value = raw.get(key, "")
    if not isinstance(value, str) or "\n" in value or len(value) > 200:
        raise EchoPilotError(f"{where}: {key} must be one line of at most 200 letters")
    return value


def number(raw: dict[str, Any], key: str, low: float, high: float, default: float | None, where: str) -> float:
    """A finite number within bounds."""
    value = raw.get(key, default)
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise EchoPilotError(f"{where}: {key} must be a number from {low:g} to {high:g}")
    if not low <= value <= high:
        raise EchoPilotError(f"{where}: {key} is {value:g}; it must lie from {low:g} to {high:g}")
    return float(value)
