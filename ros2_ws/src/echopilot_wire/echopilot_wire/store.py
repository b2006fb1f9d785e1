"""Message types as dataclasses, made from the message definitions, and their form on the wire (CDR)."""

import struct
from dataclasses import make_dataclass
from types import SimpleNamespace
from typing import Any

from rosbags.serde import SerdeError
from rosbags.typesys.msg import get_types_from_msg
from rosbags.typesys.store import Typestore

from echopilot_wire.definitions import own_texts
from echopilot_wire.standard import STANDARD

Message = Any
"""A dataclass with the fields of a message; arrays of numbers are flat NumPy arrays of the field's type."""


def make_store(texts: dict[str, str]) -> Typestore:
    """A store with these types; a text may hold the types that it contains behind it, as `definition` gives it."""
    store = Typestore()
    for name, text in texts.items():
        store.fielddefs.update(get_types_from_msg(text, name))
    for name, (constants, fields) in store.fielddefs.items():
        fixed = {"__msgtype__": name, **{constant: value for constant, _, value in constants}}
        names = [field for field, _ in fields]
        store.types[name] = make_dataclass(name.replace("/", "_"), names, namespace=fixed, slots=True, eq=False)
    return store


_BYTE_ORDERS = (b"\x00\x00", b"\x00\x01")  # plain CDR, big and little endian

STORE = make_store(STANDARD | own_texts())


def _classes(package: str) -> SimpleNamespace:
    prefix = f"{package}/msg/"
    found = {name.removeprefix(prefix): kind for name, kind in STORE.types.items() if name.startswith(prefix)}
    return SimpleNamespace(**found)


builtin_interfaces, std_msgs, geometry_msgs = map(_classes, ("builtin_interfaces", "std_msgs", "geometry_msgs"))
sensor_msgs, tf2_msgs = map(_classes, ("sensor_msgs", "tf2_msgs"))
vision_msgs, visualization_msgs = map(_classes, ("vision_msgs", "visualization_msgs"))
ultrasound_msgs, echopilot_msgs = map(_classes, ("ultrasound_msgs", "echopilot_msgs"))


def encode(message: Message) -> bytes:
    """CDR of a message, in the byte order of this machine; padding is zero."""
    return bytes(STORE.serialize_cdr(message, message.__msgtype__))


def decode(data: bytes, type_name: str, store: Typestore = STORE) -> Message:
    """Message of a type such as "echopilot_msgs/msg/RobotState"; arrays are read-only views on `data`.

    Bytes behind the message are passed over: DDS sizes its buffers for alignments that an empty array does not need.

    Raises:
        ValueError: `data` is no message of this type.
    """
    kind = store.get_msgdef(type_name)
    if data[:2] not in _BYTE_ORDERS:
        raise ValueError(f"no {type_name}: it does not begin as CDR does")
    read = kind.deserialize_cdr_le if data[1] else kind.deserialize_cdr_be
    try:
        message, _ = read(memoryview(data)[4:], 0, kind.cls, store)
    except (SerdeError, struct.error, ValueError) as error:
        raise ValueError(f"no {type_name}: {error}") from error
    return message
