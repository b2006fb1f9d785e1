"""A stand-in for gz.sim8, gz.math7, gz.transport13 and gz.msgs10 that refuses every name and argument they do not have.

Methods come from `signatures`; types are checked as pybind11 checks them. Sources of the rest: gazebosim/gz-math,
branch gz-math7, src/python_pybind11/src/{Vector3,Quaternion,Pose3}.hh; gazebosim/gz-transport, branch gz-transport13,
python/src/__init__.py; gazebosim/gz-msgs, branch gz-msgs10, proto/gz/msgs/{wrench,double,int32,header}.proto.
"""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from types import ModuleType
from typing import Any, ClassVar

import numpy as np

from echopilot_core import se3

from . import messages
from .signatures import CLASSES, UPDATE_INFO, overloads

K_NULL_ENTITY = 0


class EntityComponentManager:
    """Holds what the fake world consists of; a system has nothing to look at in it."""

    def __init__(self) -> None:
        self._entities: dict[int, Any] = {}


class UpdateInfo:
    """Time of a step, with the attributes of the bindings and no others."""

    __slots__ = UPDATE_INFO

    def __init__(self) -> None:
        self.sim_time = self.real_time = self.dt = timedelta()
        self.paused, self.iterations = False, 0


class Vector3d:
    """Three numbers, read by methods."""

    def __init__(self, *values: Any) -> None:
        if len(values) not in (0, 3) or not all(isinstance(value, int | float) for value in values):
            raise TypeError(f"Vector3d{values}: incompatible constructor arguments")
        self._values = tuple(float(value) for value in values) or (0.0, 0.0, 0.0)

    def x(self) -> float:
        return self._values[0]

    def y(self) -> float:
        return self._values[1]

    def z(self) -> float:
        return self._values[2]


class Quaterniond:
    """Four numbers, w first in the constructor, read by methods."""

    def __init__(self, w: float, x: float, y: float, z: float) -> None:
        self._values = (w, x, y, z)

    def w(self) -> float:
        return self._values[0]

    def x(self) -> float:
        return self._values[1]

    def y(self) -> float:
        return self._values[2]

    def z(self) -> float:
        return self._values[3]


class Pose3d:
    """Position and rotation, read by methods."""

    def __init__(self, position: Vector3d, rotation: Quaterniond) -> None:
        self._parts = position, rotation

    @classmethod
    def of(cls, T: np.ndarray) -> "Pose3d":
        x, y, z, w = se3.quaternion(T[:3, :3]).tolist()
        return cls(Vector3d(*T[:3, 3].tolist()), Quaterniond(w, x, y, z))

    def pos(self) -> Vector3d:
        return self._parts[0]

    def rot(self) -> Quaterniond:
        return self._parts[1]


def _typed(name: str, argument: str, value: Any) -> None:
    kinds: dict[str, Any] = {"ecm": EntityComponentManager, "name": str, "enable": bool}
    kinds |= dict.fromkeys(("force", "torque", "offset", "position", "velocity"), Vector3d)
    if argument.rstrip("=") in kinds and not isinstance(value, kinds[argument.rstrip("=")]):
        raise TypeError(f"{name}(): incompatible function arguments: {argument} is a {type(value).__name__}")


def _method(owner: str, name: str, allowed: list[tuple[str, ...]]) -> Callable[..., Any]:
    def call(self: Any, *values: Any) -> Any:
        fits = [
            arguments
            for arguments in allowed
            if len([a for a in arguments if not a.endswith("=")]) <= len(values) <= len(arguments)
        ]
        if not fits:
            raise TypeError(f"{owner}.{name}(): incompatible function arguments: {len(values)} of {allowed}")
        for argument, value in zip(fits[0], values, strict=False):
            _typed(f"{owner}.{name}", argument, value)
        if name == "entity":
            return self._entity
        ecm = values[0]
        found = ecm._entities.get(self._entity)
        if name == "valid":
            return found is not None and type(found).__name__ == f"{owner}State"
        if found is None:
            raise AssertionError(f"{owner}.{name} of an entity that does not exist")
        return getattr(found, name)(*values[1:])

    return call


def _handle(owner: str) -> type:
    def init(self: Any, entity: Any) -> None:
        if not isinstance(entity, int):
            raise TypeError(f"{owner}(): incompatible constructor arguments: {type(entity).__name__}")
        self._entity = entity

    methods = {name: _method(owner, name, allowed) for name, allowed in overloads(CLASSES[owner]).items()}
    return type(owner, (), {"__init__": init, "__slots__": ("_entity",), **methods})


Link, Model, World = (_handle(owner) for owner in CLASSES)


class Element:
    """sdformat's Element of a <plugin>, with `has_element` and `get_string` of a child."""

    def __init__(self, **children: str) -> None:
        self._children = children

    def has_element(self, name: str) -> bool:
        return name in self._children

    def get_string(self, key: str) -> str:
        return self._children[key]


class Node:
    """Transport: messages by topic, in the order in which they were published."""

    sent: ClassVar[dict[str, list[Any]]] = {}

    def advertise(self, topic: str, msg_type: Any) -> Any:
        name = msg_type.DESCRIPTOR.full_name
        kept = self.sent.setdefault(topic, [])

        class Publisher:
            def publish(self, message: Any) -> bool:
                assert message.DESCRIPTOR.full_name == name
                kept.append(type(message).FromString(message.SerializeToString()))
                return True

        return Publisher()


@contextmanager
def installed(transport: bool = True) -> Iterator[None]:
    """These classes under Gazebo's names, and echopilot_gz imported anew on top of them."""
    parts: dict[str, dict[str, Any]] = {
        "gz": {},
        "gz.sim8": {"K_NULL_ENTITY": K_NULL_ENTITY, "Link": Link, "Model": Model, "World": World},
        "gz.math7": {"Vector3d": Vector3d, "Quaterniond": Quaterniond, "Pose3d": Pose3d},
    }
    if transport:
        Node.sent = {}
        parts |= {"gz.transport13": {"Node": Node}, "gz.msgs10": {}, **messages.modules()}
    before = {name: module for name, module in sys.modules.items() if name.split(".")[0] in ("gz", "echopilot_gz")}
    for name in before:
        del sys.modules[name]
    for name, content in parts.items():
        module = ModuleType(name)
        module.__path__ = []  # a package that holds nothing else
        vars(module).update(content)
        sys.modules[name] = module
    try:
        yield
    finally:
        for name in [name for name in sys.modules if name.split(".")[0] in ("gz", "echopilot_gz")]:
            del sys.modules[name]
        sys.modules.update(before)
