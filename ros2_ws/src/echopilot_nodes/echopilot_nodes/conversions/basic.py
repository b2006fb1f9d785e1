"""Stamps, headers, primitive arrays, vectors and poses between ROS and numpy."""

from array import array
from typing import Any

import numpy as np
from builtin_interfaces.msg import Duration, Time
from geometry_msgs.msg import Point, Pose, Quaternion, Twist, Vector3, Wrench
from numpy.typing import ArrayLike, NDArray
from std_msgs.msg import Header

from echopilot_core import se3

_NS_PER_S = 1_000_000_000
Array = NDArray[np.float64]


def to_time(stamp_ns: int) -> Time:
    """Stamp [ns] to ROS time, exact."""
    sec, nanosec = divmod(int(stamp_ns), _NS_PER_S)
    return Time(sec=sec, nanosec=nanosec)


def from_time(time: Time) -> int:
    """ROS time to stamp [ns], exact."""
    return int(time.sec) * _NS_PER_S + int(time.nanosec)


def to_duration(duration_ns: int) -> Duration:
    """Duration [ns] to ROS, exact."""
    sec, nanosec = divmod(int(duration_ns), _NS_PER_S)
    return Duration(sec=sec, nanosec=nanosec)


def from_duration(duration: Duration) -> int:
    """ROS duration to [ns], exact."""
    return int(duration.sec) * _NS_PER_S + int(duration.nanosec)


def to_header(stamp_ns: int, frame_id: str) -> Header:
    """Header with the stamp [ns]."""
    return Header(stamp=to_time(stamp_ns), frame_id=frame_id)


def to_doubles(values: ArrayLike) -> "array[float]":
    """float64 array of any shape, flat, in the one form that rclpy copies fast."""
    out = array("d")
    out.frombytes(np.ascontiguousarray(values, dtype=np.float64).tobytes())
    return out


def to_bytes(values: NDArray[np.uint8]) -> "array[int]":
    """uint8 array of any shape, flat, in the one form that rclpy copies fast."""
    out = array("B")
    out.frombytes(np.ascontiguousarray(values, dtype=np.uint8).tobytes())
    return out


def to_int64s(values: tuple[int, ...]) -> "array[int]":
    """Integers for an int64[] field."""
    return array("q", values)


def to_uint8s(values: tuple[int, ...]) -> "array[int]":
    """Small integers for a uint8[] field."""
    return array("B", values)


def from_doubles(values: Any, *shape: int) -> Array:
    """A float64[] field as an array of `shape`; ValueError when the length does not fit."""
    flat = np.array(values, dtype=np.float64)
    return flat.reshape(shape) if shape else flat


def to_vector(v: Array) -> Vector3:
    """(3,) to Vector3."""
    return Vector3(x=float(v[0]), y=float(v[1]), z=float(v[2]))


def to_point(p_m: Array) -> Point:
    """(3,) [m] to Point."""
    return Point(x=float(p_m[0]), y=float(p_m[1]), z=float(p_m[2]))


def from_xyz(v: Vector3 | Point) -> Array:
    """Vector3 or Point to (3,)."""
    return np.array([v.x, v.y, v.z])


def to_twist(twist: Array) -> Twist:
    """(6,) [m/s, rad/s] to Twist."""
    return Twist(linear=to_vector(twist[:3]), angular=to_vector(twist[3:]))


def from_twist(twist: Twist) -> Array:
    """Twist to (6,) [m/s, rad/s]."""
    v, w = twist.linear, twist.angular
    return np.array([v.x, v.y, v.z, w.x, w.y, w.z])


def to_wrench(wrench: Array) -> Wrench:
    """(6,) [N, N m] to Wrench."""
    return Wrench(force=to_vector(wrench[:3]), torque=to_vector(wrench[3:]))


def from_wrench(wrench: Wrench) -> Array:
    """Wrench to (6,) [N, N m]."""
    f, t = wrench.force, wrench.torque
    return np.array([f.x, f.y, f.z, t.x, t.y, t.z])


def to_quaternion(R: Array) -> Quaternion:
    """Rotation (3, 3) to Quaternion."""
    q = se3.quaternion(R)
    return Quaternion(x=float(q[0]), y=float(q[1]), z=float(q[2]), w=float(q[3]))


def to_pose(T: Array) -> Pose:
    """Rigid motion (4, 4) [m] to Pose; a non-finite one travels as NaN, so that the receiver can refuse it."""
    if not np.isfinite(T).all():
        nan = float("nan")
        return Pose(position=Point(x=nan, y=nan, z=nan), orientation=Quaternion(x=nan, y=nan, z=nan, w=nan))
    return Pose(position=to_point(T[:3, 3]), orientation=to_quaternion(T[:3, :3]))


def from_pose(pose: Pose) -> Array:
    """Pose to (4, 4) [m]; all NaN when any number is not finite; ValueError when the quaternion is not a unit one."""
    q = np.array([pose.orientation.x, pose.orientation.y, pose.orientation.z, pose.orientation.w])
    p = from_xyz(pose.position)
    if not (np.isfinite(q).all() and np.isfinite(p).all()):
        return np.full((4, 4), np.nan)
    return se3.transform(se3.from_quaternion(q), p)
