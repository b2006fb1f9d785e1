"""Stamps, headers, vectors, poses and arrays of numbers."""

from collections.abc import Sequence
from struct import Struct, error

import numpy as np
from numpy.typing import ArrayLike, NDArray

from echopilot_core import Array, se3
from echopilot_wire.store import Message, builtin_interfaces, geometry_msgs, std_msgs

NS_PER_S = 1_000_000_000

Time, Duration, Header = builtin_interfaces.Time, builtin_interfaces.Duration, std_msgs.Header
Point, Vector3, Quaternion = geometry_msgs.Point, geometry_msgs.Vector3, geometry_msgs.Quaternion
Pose, Twist, Wrench = geometry_msgs.Pose, geometry_msgs.Twist, geometry_msgs.Wrench


def to_time(stamp_ns: int) -> Message:
    """Stamp [ns] to Time, exact."""
    return Time(*divmod(int(stamp_ns), NS_PER_S))


def from_time(m: Message) -> int:
    """Time to stamp [ns], exact."""
    return int(m.sec) * NS_PER_S + int(m.nanosec)


def to_duration(duration_ns: int) -> Message:
    """Duration [ns], exact."""
    return Duration(*divmod(int(duration_ns), NS_PER_S))


from_duration = from_time


def to_header(stamp_ns: int, frame_id: str) -> Message:
    """Header with the stamp [ns]."""
    return Header(Time(*divmod(int(stamp_ns), NS_PER_S)), frame_id)


def stamp_of(m: Message) -> int:
    """Stamp [ns] of a message with a header, exact."""
    return from_time(m.header.stamp)


def to_doubles(values: ArrayLike) -> Array:
    """float64 array of any shape, flat."""
    return np.ascontiguousarray(values, dtype=np.float64).reshape(-1)


def from_doubles(values: ArrayLike, *shape: int) -> Array:
    """A float64[] field as an array of its own of `shape`; ValueError when the length does not fit."""
    flat = np.array(values, dtype=np.float64)
    return flat.reshape(shape) if shape else flat


def to_octets(values: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """uint8 array of any shape, flat; no copy of one that is contiguous."""
    return np.ascontiguousarray(values, dtype=np.uint8).reshape(-1)


def octets_view(values: Message, *shape: int) -> NDArray[np.uint8]:
    """A uint8[] field as a read-only view of `shape` on the message's bytes; ValueError when the length differs."""
    view = np.frombuffer(values, dtype=np.uint8).reshape(shape)
    view.flags.writeable = False
    return view


def to_small(values: Sequence[int]) -> NDArray[np.uint8]:
    """Constants for a uint8[] field."""
    return np.array(values, dtype=np.uint8)


def to_integers(values: Sequence[int]) -> NDArray[np.int64]:
    """Integers for an int64[] field."""
    return np.array(values, dtype=np.int64)


def from_integers(values: Message) -> tuple[int, ...]:
    """An int64[] or uint8[] field as plain integers."""
    return tuple(int(v) for v in values)


def to_vector(v: Array) -> Message:
    """(3,) to Vector3."""
    return Vector3(*v.tolist())


def to_point(p_m: Array) -> Message:
    """(3,) [m] to Point."""
    return Point(*p_m.tolist())


def from_xyz(m: Message) -> Array:
    """Vector3 or Point to (3,)."""
    return np.array((m.x, m.y, m.z), dtype=np.float64)


def to_twist(twist: Array) -> Message:
    """(6,) [m/s, rad/s] to Twist."""
    return Twist(Vector3(*twist[:3].tolist()), Vector3(*twist[3:].tolist()))


def from_twist(m: Message) -> Array:
    """Twist to (6,) [m/s, rad/s]."""
    v, w = m.linear, m.angular
    return np.array((v.x, v.y, v.z, w.x, w.y, w.z), dtype=np.float64)


def to_wrench(wrench: Array) -> Message:
    """(6,) [N, N m] to Wrench."""
    return Wrench(Vector3(*wrench[:3].tolist()), Vector3(*wrench[3:].tolist()))


def from_wrench(m: Message) -> Array:
    """Wrench to (6,) [N, N m]."""
    f, t = m.force, m.torque
    return np.array((f.x, f.y, f.z, t.x, t.y, t.z), dtype=np.float64)


def to_quaternion(R: Array) -> Message:
    """Rotation (3, 3) to Quaternion."""
    return Quaternion(*se3.quaternion(R).tolist())


def to_pose(T: Array) -> Message:
    """Rigid motion (4, 4) [m] to Pose; a non-finite one travels as NaN, so that the receiver can refuse it."""
    if not np.isfinite(T).all():
        nan = float("nan")
        return Pose(Point(nan, nan, nan), Quaternion(nan, nan, nan, nan))
    return Pose(to_point(T[:3, 3]), to_quaternion(T[:3, :3]))


def from_pose(m: Message) -> Array:
    """Pose to (4, 4) [m]; all NaN when any number is not finite; ValueError when the quaternion is not a unit one."""
    q = np.array((m.orientation.x, m.orientation.y, m.orientation.z, m.orientation.w), dtype=np.float64)
    p = from_xyz(m.position)
    if not (np.isfinite(q).all() and np.isfinite(p).all()):
        return np.full((4, 4), np.nan)
    return se3.transform(se3.from_quaternion(q), p)


_HEAD = 4  # bytes before the message, which alignment does not count
_STAMP = (Struct(">iI"), Struct("<iI"))
_LENGTH = (Struct(">I"), Struct("<I"))
_NUMBER = (Struct(">q"), Struct("<q"))


def peek_stamp(data: bytes) -> int:
    """Stamp [ns] of a message that begins with a header; ValueError when it is too short."""
    try:
        sec, nanosec = _STAMP[data[1] & 1].unpack_from(data, _HEAD)
    except (error, IndexError) as problem:
        raise ValueError(f"no message with a header: {problem}") from problem
    return int(sec) * NS_PER_S + int(nanosec)


def peek_number(data: bytes) -> int:
    """The int64 behind the header: `sequence` or `tick` of ours that have one; ValueError when it is too short."""
    try:
        order = data[1] & 1
        end = 12 + _LENGTH[order].unpack_from(data, _HEAD + 8)[0]  # of frame_id
        return int(_NUMBER[order].unpack_from(data, _HEAD + (end + 7) // 8 * 8)[0])
    except (error, IndexError) as problem:
        raise ValueError(f"no message with a header and a number: {problem}") from problem
