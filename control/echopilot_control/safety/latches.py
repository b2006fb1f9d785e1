"""Latched reasons as text, for whoever keeps them beyond the life of a process."""

import json
from collections.abc import Iterable

from echopilot_control.safety.reasons import Reason
from echopilot_core.guarded.json_input import parse_json

_KEY = "latched"


def latches_to_json(latched: Iterable[Reason]) -> str:
    """One line of JSON that `latches_from_json` reads."""
    return json.dumps({_KEY: [reason.name for reason in latched]}) + "\n"


def latches_from_json(text: str) -> tuple[Reason, ...]:
    """The latched reasons of a text; one that cannot be read, in whole or in part, is LATCH_UNREADABLE itself.

    Never raises: a record that was cut off, emptied or written by another version means a stop, not a start.
    """
    try:
        names = parse_json(text, "latches")[_KEY]
    except (ValueError, TypeError, KeyError, RecursionError):
        return (Reason.LATCH_UNREADABLE,)
    if not isinstance(names, list):
        return (Reason.LATCH_UNREADABLE,)
    known = [Reason[name] for name in names if isinstance(name, str) and name in Reason.__members__]
    whole = len(known) == len(names) and all(reason.value.latched for reason in known)
    return tuple(dict.fromkeys(known if whole else [*known, Reason.LATCH_UNREADABLE]))
