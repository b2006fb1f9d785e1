"""rclpy reads our bytes and we read those of rclpy, for every message that travels, with the same fields."""

import dataclasses
import importlib
from typing import Any

import numpy as np
import pytest
import wire_items as items
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("echopilot_msgs.msg", reason="messages are not built (make setup)")

from rclpy.serialization import deserialize_message, serialize_message
from rosbags.interfaces import Nodetype

import echopilot_wire as wire
from echopilot_wire.store import STORE

INTEGERS = {f"{u}int{bits}": (u == "u", bits) for u in ("", "u") for bits in (8, 16, 32, 64)}
LONGEST = 4


def numbers(kind: str) -> st.SearchStrategy[Any]:
    if kind in INTEGERS:
        unsigned, bits = INTEGERS[kind]
        return st.integers(0, 2**bits - 1) if unsigned else st.integers(-(2 ** (bits - 1)), 2 ** (bits - 1) - 1)
    return {"float64": st.floats(), "float32": st.floats(width=32), "bool": st.booleans(), "string": items.TEXT}[kind]


def fields(kind: Any) -> st.SearchStrategy[Any]:
    """Values of a field by its description in the store."""
    if kind[0] == Nodetype.NAME:
        return messages(kind[1])
    if kind[0] == Nodetype.BASE:
        return numbers(kind[1][0])
    inside, bound = kind[1]
    if kind[0] == Nodetype.ARRAY:
        return st.lists(fields(inside), min_size=bound, max_size=bound).map(lambda v: np.array(v, dtype=inside[1][0]))
    several = st.lists(fields(inside), max_size=min(bound or LONGEST, LONGEST))
    if inside[0] == Nodetype.BASE and inside[1][0] != "string":
        return several.map(lambda values: np.array(values, dtype=inside[1][0]))
    return several


def messages(name: str) -> st.SearchStrategy[Any]:
    """Messages of a type with anything in every field."""
    return st.builds(STORE.types[name], **{field: fields(kind) for field, kind in STORE.fielddefs[name][1]})


@pytest.mark.parametrize("name", sorted(STORE.types))
@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_both_read_what_the_other_writes(name: str, data: Any) -> None:
    package, _, kind = name.split("/")
    ros = getattr(importlib.import_module(f"{package}.msg"), kind)
    message = data.draw(messages(name))
    theirs = deserialize_message(wire.encode(message), ros)
    assert alike(theirs, message)
    assert items.same(wire.decode(serialize_message(theirs), name), message)


def alike(theirs: Any, ours: Any) -> bool:
    """Equal field by field; rclpy has arrays of its own."""
    if dataclasses.is_dataclass(ours):
        names = type(theirs).get_fields_and_field_types()
        assert list(names) == [f.name for f in dataclasses.fields(ours)]
        return all(alike(getattr(theirs, name), getattr(ours, name)) for name in names)
    if isinstance(ours, np.ndarray):
        return np.array(theirs, ours.dtype).tobytes() == ours.tobytes()
    if isinstance(ours, list):
        return len(theirs) == len(ours) and all(map(alike, theirs, ours))
    return items.same(theirs, ours)
