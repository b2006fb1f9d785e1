"""Messages out of recordings, decoded by the definitions that stand in them; those of EchoPilot 0.5 as of today."""

from collections.abc import Callable
from typing import Any

from rosbags.typesys import TypesysError

from echopilot_wire.store import STORE, Message, decode, make_store
from echopilot_wire.version_05 import NEW_NAMES, UPGRADES, is_of_05


def today_name(type_name: str) -> str:
    """Name that a recorded type has today."""
    return NEW_NAMES.get(type_name, type_name)


def recorded_decoder(type_name: str, definition: str) -> Callable[[bytes], Message]:
    """Function from the bytes of a recorded type to its message, in the form of today for every type of ours.

    The function raises ValueError for bytes that are no such message.

    Args:
        type_name: as recorded, such as "echopilot_msgs/msg/RobotState".
        definition: text of the type and of all that it contains, as recorded.

    Raises:
        ValueError: the definition cannot be understood.
    """
    try:
        store = make_store({type_name: definition})
    except (TypesysError, AssertionError, KeyError) as error:
        raise ValueError(f"definition of {type_name} is not understood: {error}") from error
    if _fields(type_name, store) == _fields(type_name, STORE):
        return lambda data: decode(data, type_name)
    if is_of_05(type_name, store):
        upgrade = UPGRADES[type_name]
        return lambda data: upgrade(decode(data, type_name, store))
    return lambda data: decode(data, type_name, store)


def _fields(type_name: str, store: Any) -> Any:
    """Names and types of all fields, of the types that it contains as well; None for a type that is not there."""
    if type_name not in store.fielddefs:
        return None
    fields = store.fielddefs[type_name][1]
    return [(name, kind, [_fields(child, store) for child in _named(kind)]) for name, kind in fields]


def _named(kind: Any) -> list[str]:
    """Type names that a field's description contains."""
    inside = kind[1]
    if isinstance(inside, str):
        return [inside]
    return _named(inside[0]) if isinstance(inside[0], tuple) else []
