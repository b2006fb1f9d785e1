"""ROS 2 bags and MCAP files with images are clips; the topic is chosen where there are several."""

import io
import sqlite3
from contextlib import closing
from pathlib import Path

import lz4.frame
import mcap.writer
import numpy as np
import pytest
import zstandard
from PIL import Image
from rosbags.rosbag2 import StoragePlugin, Writer
from rosbags.typesys import Stores, get_typestore

from echopilot_core import EchoPilotError
from echopilot_perception.frames.readers.reading import read_clip

TYPES = get_typestore(Stores.ROS2_JAZZY)
GRAY = np.random.default_rng(4).integers(20, 255, (4, 48, 64)).astype(np.uint8)
IMAGE, PACKED, TEXT = "sensor_msgs/msg/Image", "sensor_msgs/msg/CompressedImage", "std_msgs/msg/String"


def header(k: int, step_s: float = 0.04) -> object:
    stamp = TYPES.types["builtin_interfaces/msg/Time"](100, round(k * step_s * 1e9))
    return TYPES.types["std_msgs/msg/Header"](stamp, "probe")


def image(k: int, encoding: str = "mono8", step_s: float = 0.04) -> object:
    gray, opaque = GRAY[k], np.full_like(GRAY[k], 255)
    samples = {
        "mono8": gray,
        "mono16": gray.astype("<u2") * 257,
        "rgb8": np.dstack([gray] * 3),
        "bgr8": np.dstack([gray] * 3),
        "rgba8": np.dstack([gray] * 3 + [opaque]),
        "bgra8": np.dstack([gray] * 3 + [opaque]),
        "32FC1": (gray / 255.0).astype("<f4"),
    }[encoding]
    rows = samples.reshape(48, -1).view(np.uint8)
    rows = np.hstack([rows, np.full((48, 6), 99, np.uint8)])  # padding of the rows
    return TYPES.types[IMAGE](header(k, step_s), 48, 64, encoding, 0, rows.shape[1], rows.ravel())


def packed(k: int, kind: str) -> object:
    buffer = io.BytesIO()
    Image.fromarray(GRAY[k]).save(buffer, kind.upper(), quality=100)
    data = np.frombuffer(buffer.getvalue(), np.uint8)
    return TYPES.types[PACKED](header(k), kind, data)


def bag(
    path: Path, topics: dict[str, tuple[str, list[object]]], storage: StoragePlugin = StoragePlugin.SQLITE3
) -> Path:
    """A rosbag2 folder of messages by topic."""
    with Writer(path, version=9, storage_plugin=storage) as writer:
        for name, (kind, messages) in topics.items():
            connection = writer.add_connection(name, kind, typestore=TYPES)
            for k, message in enumerate(messages):
                writer.write(connection, 10**9 + k * 50_000_000, TYPES.serialize_cdr(message, kind))
    return path


@pytest.mark.parametrize("storage", list(StoragePlugin))
@pytest.mark.parametrize("as_folder", [False, True])
def test_the_only_image_topic_is_the_clip_with_its_stamps(
    storage: StoragePlugin, as_folder: bool, tmp_path: Path
) -> None:
    words = [TYPES.types[TEXT]("hello")]
    folder = bag(tmp_path / "b", {"/talk": (TEXT, words), "/us": (IMAGE, [image(k) for k in range(4)])}, storage)
    path = folder if as_folder else next(p for p in folder.iterdir() if p.suffix in (".db3", ".mcap"))
    found = read_clip(path)
    assert np.array_equal(found.gray, GRAY)
    assert found.times.source == "header stamps" and found.times.seconds == pytest.approx([0.0, 0.04, 0.08, 0.12])


@pytest.mark.parametrize("encoding", ["mono8", "mono16", "rgb8", "bgr8", "rgba8", "bgra8", "32FC1"])
def test_every_encoding_shows_the_same_image(encoding: str, tmp_path: Path) -> None:
    folder = bag(tmp_path / "b", {"/us": (IMAGE, [image(k, encoding) for k in range(4)])})
    assert np.abs(read_clip(folder).gray.astype(int) - GRAY).max() <= 1


@pytest.mark.parametrize(("kind", "most"), [("png", 0), ("jpeg", 6)])
def test_compressed_images_are_read(kind: str, most: int, tmp_path: Path) -> None:
    folder = bag(tmp_path / "b", {"/us/compressed": (PACKED, [packed(k, kind) for k in range(4)])})
    assert np.abs(read_clip(folder).gray.astype(int) - GRAY).max() <= most


def test_of_several_topics_one_is_chosen_by_name(tmp_path: Path) -> None:
    topics = {"/a": (IMAGE, [image(0), image(1)]), "/b/image": (IMAGE, [image(2), image(3)])}
    folder = bag(tmp_path / "b", topics, StoragePlugin.MCAP)
    with pytest.raises(EchoPilotError, match=r"b::TOPIC: /a, /b/image"):
        read_clip(folder)
    assert np.array_equal(read_clip(Path(f"{folder}::/b/image")).gray, GRAY[2:])
    file = next(folder.glob("*.mcap"))
    assert np.array_equal(read_clip(Path(f"{file}::/a")).gray, GRAY[:2])
    with pytest.raises(EchoPilotError, match=r"no images on /c; choose one of: /a, /b/image"):
        read_clip(Path(f"{folder}::/c"))
    with pytest.raises(EchoPilotError, match="does not exist"):
        read_clip(tmp_path / "none.mcap::" / "a")


def test_stamps_that_stand_still_are_replaced_by_those_of_the_recording(tmp_path: Path) -> None:
    found = read_clip(bag(tmp_path / "b", {"/us": (IMAGE, [image(k, step_s=0.0) for k in range(4)])}))
    assert found.times.seconds == pytest.approx([0.0, 0.05, 0.1, 0.15]) and "recording" in found.times.remark


def test_a_bag_without_images_says_what_it_holds(tmp_path: Path) -> None:
    folder = bag(tmp_path / "b", {"/talk": (TEXT, [TYPES.types[TEXT]("hello")])})
    with pytest.raises(EchoPilotError, match=r"no topic of sensor_msgs/msg/Image.*only std_msgs/msg/String"):
        read_clip(folder)


def test_other_encodings_and_short_data_are_refused(tmp_path: Path) -> None:
    wrong = image(0)
    wrong.encoding = "bayer_rggb8"
    with pytest.raises(EchoPilotError, match=r"bayer_rggb8.*read are mono8"):
        read_clip(bag(tmp_path / "a", {"/us": (IMAGE, [wrong])}))
    short = image(0)
    short.height = 4000
    with pytest.raises(EchoPilotError, match=r"64 x 4000 px in .* bytes"):
        read_clip(bag(tmp_path / "b", {"/us": (IMAGE, [short])}))
    depth = packed(0, "png")
    depth.format = "16UC1; compressedDepth"
    with pytest.raises(EchoPilotError, match="depth image"):
        read_clip(bag(tmp_path / "c", {"/us": (PACKED, [depth])}))


@pytest.mark.parametrize("cut", [0.1, 0.3, 0.7])
@pytest.mark.parametrize("storage", list(StoragePlugin))
def test_a_bag_that_breaks_off_is_refused_in_one_line(cut: float, storage: StoragePlugin, tmp_path: Path) -> None:
    folder = bag(tmp_path / "b", {"/us": (IMAGE, [image(k) for k in range(4)])}, storage)
    path = next(p for p in folder.iterdir() if p.suffix in (".db3", ".mcap"))
    data = path.read_bytes()
    path.write_bytes(data[: int(cut * len(data))])
    with pytest.raises(EchoPilotError) as caught:
        read_clip(path)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        ("ALTER TABLE messages RENAME TO kept; CREATE VIEW messages AS SELECT * FROM kept", "messages"),
        ("DROP TABLE topics", "no table topics"),
        ("CREATE TRIGGER t AFTER INSERT ON topics BEGIN SELECT 1; END", "no plain table"),
    ],
)
def test_a_database_of_more_than_plain_tables_is_refused(statement: str, words: str, tmp_path: Path) -> None:
    path = next(bag(tmp_path / "b", {"/us": (IMAGE, [image(0)])}).glob("*.db3"))
    with closing(sqlite3.connect(path)) as database:
        database.executescript(statement)
    with pytest.raises(EchoPilotError, match=words):
        read_clip(path)
    path.write_bytes(b"no database at all" * 50)
    with pytest.raises(EchoPilotError, match="is not an SQLite bag"):
        read_clip(path)


@pytest.mark.parametrize("packing", ["zstd", "lz4"])
def test_packed_chunks_are_read_and_one_that_unpacks_to_more_than_it_says_is_not(packing: str, tmp_path: Path) -> None:
    kind = mcap.writer.CompressionType.ZSTD if packing == "zstd" else mcap.writer.CompressionType.LZ4
    path = tmp_path / "a.mcap"
    with path.open("wb") as file:
        writer = mcap.writer.Writer(file, compression=kind)
        writer.start("ros2")
        text, _ = TYPES.generate_msgdef(IMAGE, ros_version=2)
        schema = writer.register_schema(IMAGE, "ros2msg", text.encode())
        channel = writer.register_channel("/us", "cdr", schema)
        for k in range(4):
            data = bytes(TYPES.serialize_cdr(image(k), IMAGE))
            writer.add_message(channel, k * 40_000_000, data, k * 40_000_000)
        writer.finish()
    assert np.array_equal(read_clip(path).gray, GRAY)
    bomb = bytes(50_000_000)
    small = zstandard.compress(bomb) if packing == "zstd" else lz4.frame.compress(bomb)
    name = packing.encode()
    chunk = bytes(16) + (100).to_bytes(8, "little") + bytes(4) + len(name).to_bytes(4, "little") + name
    chunk += len(small).to_bytes(8, "little") + small
    record = b"\x06" + len(chunk).to_bytes(8, "little") + chunk
    magic = b"\x89MCAP0\r\n"
    (tmp_path / "bomb.mcap").write_bytes(magic + record + magic)
    with pytest.raises(EchoPilotError, match="does not unpack to the 100 bytes"):
        read_clip(tmp_path / "bomb.mcap")
