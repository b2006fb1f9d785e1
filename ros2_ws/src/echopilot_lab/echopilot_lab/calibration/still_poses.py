"""Still poses of an arm in a recording: joint positions that stay, and the mean wrench of the sensor meanwhile."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from echopilot_core import Array, EchoPilotError
from echopilot_scanner.recorded_messages import find_topic, recorded_messages
from echopilot_wire import from_measured_cf, from_time
from echopilot_wire.robot import from_joint_state

JOINT_STATE, WRENCH = "sensor_msgs/msg/JointState", "geometry_msgs/msg/WrenchStamped"
STILL_RAD = 0.002
"""Joints that stay within it are still: noise of encoders, and the give of brakes."""

LEAST_S, SETTLE_S = 1.0, 0.3
"""Shortest rest that counts, and its beginning that does not: the arm swings out."""


@dataclass(frozen=True)
class StillPose:
    """Joint positions (n,) [rad, of a slide m], mean wrench (6,) [N, N m] in the sensor's frame, and its samples."""

    position_rad: Array
    wrench: Array
    samples: int


@dataclass(frozen=True)
class _Stream:
    stamps_s: Array
    values: Array


def still_poses(recording: Path, joint_topic: str, wrench_topic: str, names: tuple[str, ...]) -> list[StillPose]:
    """The rests of a recording in their order; `names` are the joints, and an empty topic is the only one there.

    Raises EchoPilotError for a recording without the topics or joints, and for messages that cannot be read.
    """
    joints, wrenches = _joints(recording, joint_topic, names), _wrenches(recording, wrench_topic)
    found = []
    for first, last in _rests(joints):
        begin_s, end_s = joints.stamps_s[first] + SETTLE_S, joints.stamps_s[last]
        inside = (wrenches.stamps_s >= begin_s) & (wrenches.stamps_s <= end_s)
        if inside.any():
            at = joints.values[(joints.stamps_s >= begin_s) & (joints.stamps_s <= end_s)]
            found.append(StillPose(at.mean(axis=0), wrenches.values[inside].mean(axis=0), int(inside.sum())))
    return found


def _rests(joints: _Stream) -> list[tuple[int, int]]:
    """First and last sample of each rest of LEAST_S and more."""
    found, first = [], 0
    for k in range(1, len(joints.stamps_s) + 1):
        moved = k == len(joints.stamps_s) or np.abs(joints.values[k] - joints.values[first]).max() > STILL_RAD
        if moved:
            if joints.stamps_s[k - 1] - joints.stamps_s[first] >= LEAST_S:
                found.append((first, k - 1))
            first = k
    return found


def _joints(recording: Path, topic: str, names: tuple[str, ...]) -> _Stream:
    def positions(message: Any) -> Array:
        there, position, _, _ = from_joint_state(message)
        missing = [name for name in names if name not in there]
        if missing:
            raise ValueError(f"no joints {', '.join(missing)} in it; it has {', '.join(there)}")
        return position[[there.index(name) for name in names]]

    return _stream(recording, find_topic(recording, topic, (JOINT_STATE,), "joints"), positions)


def _wrenches(recording: Path, topic: str) -> _Stream:
    return _stream(recording, find_topic(recording, topic, (WRENCH,), "wrenches"), from_measured_cf)


def _stream(recording: Path, topic: str, read: Callable[[Any], Array]) -> _Stream:
    """Samples in order of their stamps, those that repeat one left out."""
    stamps, values, refused = [], [], list[str]()
    for _, message in recorded_messages(recording, topic, refused.append):
        try:
            value = read(message)
        except ValueError as error:
            raise EchoPilotError(f"{topic}: {error}") from error
        if np.isfinite(value).all():
            stamps.append(from_time(message.header.stamp))
            values.append(value)
    if refused:
        raise EchoPilotError(
            f"{recording.name}: {len(refused)} messages on {topic} cannot be read; first: {refused[0]}"
        )
    order = np.unique(np.array(stamps, dtype=np.int64), return_index=True)[1]
    return _Stream(np.array(stamps, dtype=np.float64)[order] * 1e-9, np.array(values)[order])
