"""Images in ROS 2 bags: folders of rosbag2 with sqlite3 or MCAP storage, and single files of either."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from echopilot_core import EchoPilotError
from echopilot_core.guarded.bounded import one_line
from echopilot_core.guarded.yaml_input import read_yaml
from echopilot_perception.frames.frame_times import FrameTimes, assumed, of_stamps
from echopilot_perception.frames.image_sequence import MAX_FRAMES, ImageSequence, gather, unpacked_limit
from echopilot_perception.frames.readers.kinds import BAG, TOPIC_MARK
from echopilot_perception.frames.readers.ros.mcap_chunks import check_chunks
from echopilot_perception.frames.readers.ros.messages import IMAGE_TYPES, decoded
from echopilot_perception.frames.readers.ros.sqlite_tables import check_tables
from echopilot_perception.frames.readers.samples import eight_bits

FRAME_TYPE = "ultrasound_msgs/msg/UltrasoundFrame"  # of EchoPilot's own recordings
METADATA = "metadata.yaml"
SHOWN = 12


def read_bag(path: Path, topic: str = "") -> ImageSequence:
    """Read the images of one topic with their header stamps.

    `topic` may be left out where only one topic has images. Raises EchoPilotError with the topics to choose from.
    """
    limit = unpacked_limit(sum(file.stat().st_size for file in bag_files(path)))
    stamps: list[tuple[float, float]] = []
    with opened_bag(path) as readers:
        chosen = choose_topic(path, readers, topic, IMAGE_TYPES)
        try:
            images = eight_bits(_images(path, readers, chosen, stamps), path.name, 3 * limit)
            gray, colored = gather(images, path.name, limit)
        except EchoPilotError:
            raise
        except Exception as error:  # rosbags and the storages raise every kind for damaged files
            raise EchoPilotError(f"{path.name} is damaged: {one_line(error, 120)}") from error
    return ImageSequence(gray, _times(stamps), colored, preset="")


@contextmanager
def opened_bag(path: Path) -> Iterator[list[Any]]:
    """Readers of rosbags for the files of a bag, in their order; EchoPilotError for files that are not safe to open."""
    files = bag_files(path)
    for file in files:
        if file.suffix.lower() == ".mcap":
            check_chunks(file)
        else:
            check_tables(file)
    with ExitStack() as stack:
        yield [_opened(file, stack) for file in files]


def image_topics(path: Path) -> dict[str, str]:
    """Type of every topic of a bag that holds images or frames of EchoPilot."""
    with ExitStack() as stack:
        readers = [_opened(file, stack) for file in bag_files(path)]
        kinds = {c.topic: c.msgtype for reader in readers for c in reader.connections}
    return {name: kind for name, kind in kinds.items() if kind in (*IMAGE_TYPES, FRAME_TYPE)}


def bag_files(path: Path) -> list[Path]:
    """Storage files of a bag in their order: those that its metadata lists, or all in the folder."""
    if not path.is_dir():
        return [path]
    from echopilot_perception.frames.readers.folder import visible_files

    found = visible_files(path)
    files = [file for file in found if file.suffix.lower() in BAG.suffixes]
    if (path / METADATA).is_file():
        told = _told(read_yaml(path / METADATA), path)
        files = [path / name for name in told if (path / name) in files]
    if len(files) == 0 or any(file.suffix == ".zstd" for file in found):
        raise EchoPilotError(
            f"{path.name} holds no bag file that can be read ({', '.join(BAG.suffixes)}); unpack it, "
            "for example with ros2 bag convert"
        )
    return files


def _told(metadata: Any, path: Path) -> list[str]:
    try:
        bag = metadata["rosbag2_bagfile_information"]
        packed = str(bag.get("compression_mode", "") or "").lower() not in ("", "none")
        names = [Path(str(name)).name for name in bag["relative_file_paths"]]
    except (KeyError, TypeError, AttributeError) as error:
        raise EchoPilotError(f"{path.name}: its {METADATA} is not that of a ROS 2 bag") from error
    if packed:
        raise EchoPilotError(f"{path.name} is a bag with packed messages; unpack it, for example with ros2 bag convert")
    return names


def _opened(file: Path, stack: ExitStack) -> Any:
    from rosbags.rosbag2 import Reader

    try:
        return stack.enter_context(Reader(file))
    except Exception as error:  # as above
        raise EchoPilotError(f"{file.name} is not a readable bag: {one_line(error, 120)}") from error


def choose_topic(path: Path, readers: list[Any], topic: str, wanted: tuple[str, ...], what: str = "images") -> str:
    """The topic to read, of one of the types `wanted`; EchoPilotError with the topics to choose from.

    `what` is the word for its content in messages.
    """
    kinds = {c.topic: c.msgtype for reader in readers for c in reader.connections}
    names = sorted(name for name, kind in kinds.items() if kind in wanted)
    listed = ", ".join(one_line(name, 60) for name in names[:SHOWN])
    if topic and topic not in names:
        raise EchoPilotError(f"{path.name} has no {what} on {one_line(topic, 60)}; choose one of: {listed or 'none'}")
    if not names:
        others = ", ".join(sorted({one_line(kind, 40) for kind in kinds.values()})[:4]) or "nothing"
        hint = "; a recording of EchoPilot: echopilot replay compares it" if FRAME_TYPE in kinds.values() else ""
        raise EchoPilotError(f"{path.name} holds no topic of {' or '.join(wanted)}, only {others}{hint}")
    if not topic and len(names) > 1:
        raise EchoPilotError(
            f"{path.name} has {what} on {len(names)} topics; choose one with {path.name}{TOPIC_MARK}TOPIC: {listed}"
        )
    return topic or names[0]


def _images(path: Path, readers: list[Any], topic: str, stamps: list[tuple[float, float]]) -> Iterator[NDArray[Any]]:
    """Images of `topic` in the order of the bag; `stamps` gets the header's and the recording's [s]."""
    from rosbags.typesys import Stores, get_typestore

    types = get_typestore(Stores.ROS2_JAZZY)
    for reader in readers:
        wanted = [c for c in reader.connections if c.topic == topic and c.msgtype in IMAGE_TYPES]
        for connection, recorded_ns, data in reader.messages(wanted) if wanted else ():
            message: Any = types.deserialize_cdr(data, connection.msgtype)
            stamp = message.header.stamp
            stamps.append((stamp.sec + stamp.nanosec * 1e-9, recorded_ns * 1e-9))
            if len(stamps) > MAX_FRAMES:
                raise EchoPilotError(f"{path.name}: more than {MAX_FRAMES} images on {topic}; cut it")
            yield decoded(message, connection.msgtype, path.name)


def _times(stamps: list[tuple[float, float]]) -> FrameTimes:
    """Times by the stamps of the headers, else by the recording's own."""
    first = of_stamps([header for header, _ in stamps], "header stamps")
    if first.known:
        return first
    second = of_stamps([recorded for _, recorded in stamps], "times of recording")
    if not second.known:
        return assumed(len(stamps), "stamps that do not increase")
    remark = "frame times are those of the recording: the header stamps do not increase"
    return FrameTimes(second.seconds, second.source, remark)
