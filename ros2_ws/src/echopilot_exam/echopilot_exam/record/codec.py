"""Conversion of frozen dataclasses to plain JSON and back: enums by name, string enums by value, NaN as null.

Unknown keys are ignored.
"""

import dataclasses
import math
import types
import typing
from enum import Enum
from typing import Any, TypeVar

from echopilot_core import EchoPilotError
from echopilot_core.guarded.bounded import one_line

T = TypeVar("T")

BAD = (EchoPilotError, ValueError, KeyError, TypeError, AttributeError, OverflowError, OSError, EOFError)
"""What a row or a file that is not understood raises."""

LARGEST = 1e12
"""Above every quantity of a record in SI units."""


def plain(value: Any) -> Any:
    """JSON-ready form of a dataclass, enum, mapping, sequence or number; not-finite floats become None."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: plain(getattr(value, f.name)) for f in dataclasses.fields(value)}
    if isinstance(value, str) and isinstance(value, Enum):
        return value.value
    if isinstance(value, Enum):
        return value.name
    if isinstance(value, dict):
        return {key: plain(v) for key, v in value.items()}
    if isinstance(value, tuple | list):
        return [plain(v) for v in value]
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value


def number(raw: Any) -> float:
    """A number in SI units; TypeError or ValueError for anything else."""
    if isinstance(raw, bool) or not isinstance(raw, int | float):
        raise TypeError(f"expected a number, found {type(raw).__name__}")
    if not abs(raw) <= LARGEST:
        raise ValueError(f"{raw:.3g} is no quantity of an exam")
    return float(raw)


def whole(raw: Any) -> int:
    """A whole number from 0 on, such as a stamp or a sequence; TypeError or ValueError for anything else."""
    if isinstance(raw, bool) or not isinstance(raw, int):
        raise TypeError(f"expected a whole number, found {type(raw).__name__}")
    if raw < 0:
        raise ValueError(f"{raw} is negative")
    return raw


def said(error: Exception) -> str:
    """A BAD error in a few words of one line."""
    if isinstance(error, KeyError):
        return f"{one_line(error, 60)} is missing or unknown"
    return one_line(error)


def restore(cls: type[T], raw: Any) -> T:
    """A dataclass from its plain form; raises ValueError, KeyError or TypeError for an invalid one."""
    if not isinstance(raw, dict):
        raise TypeError(f"{cls.__name__} needs a mapping")
    hints = typing.get_type_hints(cls)
    values = {
        f.name: _restore_value(hints[f.name], raw[f.name])
        for f in dataclasses.fields(typing.cast(Any, cls))
        if f.name in raw
    }
    return cls(**values)


def _restore_value(hint: Any, raw: Any) -> Any:
    origin = typing.get_origin(hint)
    if origin in (typing.Union, types.UnionType):
        inner = [a for a in typing.get_args(hint) if a is not type(None)]
        return None if raw is None else _restore_value(inner[0], raw)
    if origin is tuple:
        return tuple(_restore_value(typing.get_args(hint)[0], v) for v in raw)
    if hint is float:
        return math.nan if raw is None else number(raw)
    if isinstance(hint, type) and issubclass(hint, str) and issubclass(hint, Enum):
        return hint(raw)
    if isinstance(hint, type) and issubclass(hint, Enum):
        return hint[raw]
    if dataclasses.is_dataclass(hint):
        return restore(typing.cast(Any, hint), raw)
    if hint in (int, str, bool):
        if not isinstance(raw, hint) or (hint is int and isinstance(raw, bool)):
            raise TypeError(f"expected {hint.__name__}, found {type(raw).__name__}")
        return raw
    raise TypeError(f"cannot restore {hint}")
