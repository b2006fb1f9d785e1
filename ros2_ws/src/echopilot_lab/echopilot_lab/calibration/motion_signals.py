"""Motion of the floor in images, and of the probe in poses, read from MetaImage sequences and ROS 2 recordings."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from echopilot_control.calibration.delay import Signal
from echopilot_control.calibration.motion import line_depth_px, main_axis_m
from echopilot_core import Array, EchoPilotError
from echopilot_lab.calibration.tracked_sequence import read_tracked
from echopilot_perception.frames.readers.kinds import BAG, split_topic
from echopilot_perception.frames.readers.metaimage import read_metaimage
from echopilot_perception.frames.readers.ros.bag import FRAME_TYPE, bag_files
from echopilot_perception.frames.readers.ros.messages import IMAGE_TYPES, decoded
from echopilot_scanner.placer import gray
from echopilot_scanner.recorded_messages import find_topic, recorded_messages
from echopilot_wire import from_frame, from_time

POSE_STAMPED, ROBOT_STATE = "geometry_msgs/msg/PoseStamped", "echopilot_msgs/msg/RobotState"


@dataclass(frozen=True)
class MotionSignal:
    """A motion with the files that it was read from."""

    signal: Signal
    files: list[Path]


def floor_in_images(path: Path) -> MotionSignal:
    """Depth [px] of the brightest line of each image of a MetaImage sequence or of `BAG::/topic`."""
    file, topic = split_topic(path)
    if not _is_bag(file, topic):
        header = read_tracked(path)
        depths = np.array([line_depth_px(image) for image in read_metaimage(path).gray])
        return MotionSignal(Signal(header.times_s()[header.has_image], depths), [path])
    topic = find_topic(file, topic, (*IMAGE_TYPES, FRAME_TYPE), "images")
    stamps, found, refused = [], [], list[str]()
    for kind, message in recorded_messages(file, topic, refused.append):
        image = from_frame(message).image if kind == FRAME_TYPE else decoded(message, kind, file.name)
        if image.dtype != np.uint8:
            raise EchoPilotError(f"{file.name}: images of {image.dtype} on {topic}; 8 bits are read")
        stamps.append(from_time(message.header.stamp))
        found.append(line_depth_px(gray(image)))
    return MotionSignal(_signal(file, topic, stamps, np.array(found), refused), bag_files(file))


def probe_in_poses(path: Path, pose: str) -> MotionSignal:
    """Position [m] along the main axis of a motion: `pose` of a MetaImage sequence, or `BAG::/topic` with poses.

    A bag gives PoseStamped, or the pose of the probe in RobotState.
    """
    file, topic = split_topic(path)
    if not _is_bag(file, topic):
        header = read_tracked(path)
        T_tracker_marker, valid = header.poses(pose)
        return MotionSignal(Signal(header.times_s()[valid], main_axis_m(T_tracker_marker[valid, :3, 3])), [path])
    topic = find_topic(file, topic, (POSE_STAMPED, ROBOT_STATE), "poses")
    stamps, found, refused = [], [], list[str]()
    for kind, message in recorded_messages(file, topic, refused.append):
        at = (message.pose if kind == POSE_STAMPED else message.measured_cp).position
        stamps.append(from_time(message.header.stamp))
        found.append((at.x, at.y, at.z))
    along_m = main_axis_m(np.array(found).reshape(-1, 3))
    return MotionSignal(_signal(file, topic, stamps, along_m, refused), bag_files(file))


def _is_bag(file: Path, topic: str) -> bool:
    return bool(topic) or file.is_dir() or file.suffix.lower() in BAG.suffixes


def _signal(file: Path, topic: str, stamps: list[int], values: Array, refused: list[str]) -> Signal:
    """Samples in order of their stamps, those that repeat one left out."""
    if refused:
        raise EchoPilotError(f"{file.name}: {len(refused)} messages on {topic} cannot be read; first: {refused[0]}")
    order = np.unique(np.array(stamps, dtype=np.int64), return_index=True)[1]
    return Signal(np.array(stamps, dtype=np.float64)[order] * 1e-9, values[order])
