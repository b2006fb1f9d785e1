"""Writer of an MCAP recording: complete chunks about once a second, and a clean end when a write fails."""

import os
import time
import zlib
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from io import FileIO
from pathlib import Path

import zstandard
from mcap.data_stream import RecordBuilder
from mcap.records import Channel, Chunk, Schema
from mcap.well_known import Profile, SchemaEncoding
from mcap.writer import CompressionType, Writer

from echopilot_core import EchoPilotError, ExamPhase
from echopilot_core.guarded.bounded import InputFileError
from echopilot_core.guarded.json_input import read_json
from echopilot_exam.machine.states import FULL_RATE_PHASES
from echopilot_exam.record.files import disk_message
from echopilot_exam.record.software import code_sha256, code_version, software
from echopilot_exam.record.syncer import Syncer

EXAM_FILE = "exam.mcap"


def recordings_in(folder: Path) -> list[Path]:
    """The recordings of an exam in the order in which they were begun: a restarted recorder begins another one."""
    first = Path(EXAM_FILE)
    numbers = {path: path.stem.rpartition("-")[2] for path in folder.glob(f"{first.stem}-*{first.suffix}")}
    more = sorted((path for path, number in numbers.items() if number.isdecimal()), key=lambda p: int(numbers[p]))
    return [path for path in (folder / first, *more) if path.is_file()]


CHUNK_S = 1.0
"""Wall time between two chunks: the loss at a crash."""
DEFINITIONS_S = 60.0
"""Wall time between two copies of the definitions: where one is damaged, messages are readable by another."""


@dataclass
class FrameRule:
    """Selection of the frames to record, by the exam's state; `wants` is called for every frame in order."""

    idle_hz: float = 5.0
    largest_bytes: int = 500_000_000
    every: bool = False  # as for a replayed clip
    phase: ExamPhase = ExamPhase.IDLE
    is_full: bool = False
    _last_ns: int = -(2**62)

    def wants(self, stamp_ns: int, size: int) -> bool:
        """True when the frame of this stamp [ns] is to be written into a file of `size` bytes."""
        self.is_full = self.is_full or size > self.largest_bytes
        if self.is_full:
            return False
        due = self.idle_hz > 0.0 and abs(stamp_ns - self._last_ns) >= round(1e9 / self.idle_hz)
        if self.every or self.phase in FULL_RATE_PHASES or due:
            self._last_ns = stamp_ns
            return True
        return False


def read_attachments(paths: str) -> dict[str, bytes]:
    """Contents by file name, of paths separated by blanks; raises EchoPilotError when one cannot be read."""
    files = {}
    for path in map(Path, paths.split()):
        try:
            files[path.name] = path.read_bytes()
        except OSError as error:
            raise EchoPilotError(f"{path} cannot be attached to the recording: {error.strerror}") from error
    return files


class Recording:
    """Writes CDR messages. Raises EchoPilotError only when the file cannot be created.

    When a later write fails, the file is truncated to its last complete chunk and closed; `stopped` gives the reason in
    one line, and further messages are dropped. Such a file has no index and is read sequentially.
    """

    def __init__(self, path: Path, metadata: Mapping[str, Mapping[str, str]], attachments: Mapping[str, bytes]) -> None:
        self.path = path
        self.stopped = ""
        self._is_open = True
        self._counts: dict[int, int] = {}
        self._definitions: list[Schema | Channel] = []
        self._defined_s = 0.0
        try:
            self._file = path.open("xb", buffering=0)
            self._stream = _CompleteWrites(self._file)
            self._writer = Writer(self._stream, compression=CompressionType.ZSTD)
            self._writer.start(profile=Profile.ROS2, library="echopilot")
            for name, values in metadata.items():
                self._writer.add_metadata(name, dict(values))
            for name, data in attachments.items():
                self._writer.add_attachment(0, 0, name, _media_type(name), data)
            self._good = self._file.tell()
            self._chunk_s = time.monotonic()
            self._syncer = Syncer()
            self._syncer.add(self._file.fileno())
        except FileExistsError as error:
            raise EchoPilotError(f"{path} exists already; recordings are not overwritten") from error
        except OSError as error:
            raise EchoPilotError(disk_message(path, error)) from error

    @property
    def size(self) -> int:
        """Bytes on the disk so far."""
        return self._file.tell() if self._is_open else self._good

    @property
    def messages(self) -> int:
        """Messages written so far."""
        return sum(self._counts.values())

    def channel(self, topic: str, type_name: str, definition: str, offered_qos: str = "") -> int:
        """Register a topic; returns its number for `write`.

        `offered_qos` is the quality of service as rosbag2 writes it (YAML), by which `ros2 bag play` publishes.
        """
        encoding, data = SchemaEncoding.ROS2, definition.encode()
        metadata = {"offered_qos_profiles": offered_qos} if offered_qos else {}
        schema = self._writer.register_schema(type_name, encoding, data)
        number: int = self._writer.register_channel(topic, "cdr", schema, metadata)
        self._definitions.append(Schema(id=schema, data=data, encoding=encoding, name=type_name))
        self._definitions.append(
            Channel(id=number, topic=topic, message_encoding="cdr", metadata=metadata, schema_id=schema)
        )
        self._defined_s = 0.0
        return number

    def write(self, channel: int, stamp_ns: int, data: bytes) -> None:
        """Add one message; about once a second a chunk is handed to the operating system."""
        if not self._is_open:
            return
        self._counts[channel] = self._counts.get(channel, 0) + 1
        stamp_ns = max(stamp_ns, 0)
        try:
            self._writer.add_message(channel, stamp_ns, data, stamp_ns, self._counts[channel])
        except OSError as error:
            self._stop(error)
        if time.monotonic() - self._chunk_s >= CHUNK_S:
            self.sync()

    def sync(self) -> None:
        """End the chunk: from here on it survives the end of this process; it is on the disk about a second later."""
        if not self._is_open:
            return
        try:
            if self._syncer.error is not None:
                raise self._syncer.error
            self._writer.flush()
            self._good = self._file.tell()
            self._chunk_s = time.monotonic()
            if self._chunk_s - self._defined_s >= DEFINITIONS_S:
                self._repeat_definitions()
        except OSError as error:
            self._stop(error)

    def _repeat_definitions(self) -> None:
        """Write the definitions again, as a chunk of their own that no index names and that has its checksum."""
        inner, outer = RecordBuilder(), RecordBuilder()
        for record in self._definitions:
            record.write(inner)
        content = inner.end()
        Chunk(
            compression="zstd",
            data=zstandard.compress(content),
            message_start_time=0,
            message_end_time=0,
            uncompressed_crc=zlib.crc32(content),
            uncompressed_size=len(content),
        ).write(outer)
        self._stream.write(outer.end())
        self._good = self._file.tell()
        self._defined_s = self._chunk_s

    def close(self) -> None:
        """Finish the file with its index."""
        if not self._is_open:
            return
        self.sync()
        if not self._is_open:
            return
        try:
            self._writer.finish()
            os.fsync(self._file.fileno())
            self._good = self._file.tell()
            self._release()
        except OSError as error:
            self._stop(error)

    def _stop(self, error: OSError) -> None:
        self.stopped = disk_message(self.path, error)
        with suppress(OSError):
            self._file.truncate(self._good)
        self._release()

    def _release(self) -> None:
        self._is_open = False
        self._syncer.remove(self._file.fileno())
        self._syncer.close()
        with suppress(OSError):
            self._file.close()


def open_recording(folder: Path, name: str = EXAM_FILE, more: Mapping[str, bytes] | None = None) -> Recording:
    """Create a recording in an exam's folder, with header and software as metadata and the configuration attached.

    `more` are further files to attach. Raises EchoPilotError when the file cannot be created.
    """
    metadata = {"software": software() | {"echopilot": code_version(), "code_sha256": code_sha256()}}
    files = dict(more or {})
    try:
        folder.mkdir(parents=True, exist_ok=True)
        files |= {path.name: path.read_bytes() for path in sorted((folder / "config").glob("*"))}
        if (folder / "exam.json").is_file():
            with suppress(InputFileError, KeyError, TypeError, AttributeError):  # without it the recording says less
                header = read_json(folder / "exam.json")["header"]
                metadata["exam"] = {key: str(value) for key, value in header.items()}
    except OSError as error:
        raise EchoPilotError(disk_message(folder, error)) from error
    return Recording(folder / name, metadata, files)


class _CompleteWrites:
    """A stream whose `write` writes everything at once or raises OSError."""

    def __init__(self, file: FileIO) -> None:
        self._file = file
        self.tell = file.tell

    def write(self, data: bytes) -> int:
        rest = memoryview(data)
        while rest:
            rest = rest[self._file.write(rest) :]
        return len(data)

    def flush(self) -> None:
        """Nothing is buffered."""


def _media_type(name: str) -> str:
    return {".json": "application/json", ".yaml": "application/yaml"}.get(Path(name).suffix, "application/octet-stream")
