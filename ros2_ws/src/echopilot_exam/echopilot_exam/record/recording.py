"""One MCAP file under way: whole chunks on the disk about once a second, and a clear end when the disk is full."""

import json
import os
import time
from collections.abc import Mapping
from contextlib import suppress
from io import FileIO
from pathlib import Path

from mcap.well_known import Profile, SchemaEncoding
from mcap.writer import CompressionType, Writer

from echopilot_core import EchoPilotError
from echopilot_exam.record.files import disk_message
from echopilot_exam.record.software import code_sha256, code_version, software
from echopilot_exam.record.syncer import Syncer

CHUNK_S = 1.0
"""Wall time between two chunks: what a crash may cost."""


EXAM_FILE = "exam.mcap"


class Recording:
    """Writes CDR messages. Raises EchoPilotError only when the file cannot be begun.

    When a later write fails, the file is cut back to its last whole chunk and closed; `stopped` then says why, in one
    line, and further messages are dropped. Such a file has no index: readers go through it from the front.
    """

    def __init__(self, path: Path, metadata: Mapping[str, Mapping[str, str]], attachments: Mapping[str, bytes]) -> None:
        self.path = path
        self.stopped = ""
        self._is_open = True
        self._counts: dict[int, int] = {}
        try:
            self._file = path.open("xb", buffering=0)
            self._stream = _WholeWrites(self._file)
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
            raise EchoPilotError(f"{path} exists already; recordings are not written over") from error
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

    def channel(self, topic: str, type_name: str, definition: str) -> int:
        """Announce a topic; returns its number for `write`."""
        schema = self._writer.register_schema(type_name, SchemaEncoding.ROS2, definition.encode())
        number: int = self._writer.register_channel(topic, "cdr", schema)
        return number

    def write(self, channel: int, stamp_ns: int, data: bytes) -> None:
        """Add one message; about once a second everything so far goes to the disk."""
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
        """End the chunk: from here on it survives the end of this process; the disk has it about a second later."""
        if not self._is_open:
            return
        try:
            if self._syncer.error is not None:
                raise self._syncer.error
            self._writer.flush()
            self._good = self._file.tell()
        except OSError as error:
            self._stop(error)
        self._chunk_s = time.monotonic()

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
    """Begin a recording in an exam's folder: its header and software as metadata, its configuration attached.

    `more` are further files to attach. Raises EchoPilotError when the file cannot be begun.
    """
    metadata = {"software": software() | {"echopilot": code_version(), "code_sha256": code_sha256()}}
    files = dict(more or {})
    try:
        folder.mkdir(parents=True, exist_ok=True)
        files |= {path.name: path.read_bytes() for path in sorted((folder / "config").glob("*"))}
        if (folder / "exam.json").is_file():
            header = json.loads((folder / "exam.json").read_bytes())["header"]
            metadata["exam"] = {key: str(value) for key, value in header.items()}
    except OSError as error:
        raise EchoPilotError(disk_message(folder, error)) from error
    return Recording(folder / name, metadata, files)


class _WholeWrites:
    """A stream for the writer whose `write` writes everything at once or raises OSError."""

    def __init__(self, file: FileIO) -> None:
        self._file = file
        self.tell = file.tell

    def write(self, data: bytes) -> int:
        rest = memoryview(data)
        while rest:
            rest = rest[self._file.write(rest) :]
        return len(data)

    def flush(self) -> None:
        """Nothing waits in here."""


def _media_type(name: str) -> str:
    return {".json": "application/json", ".yaml": "application/yaml"}.get(Path(name).suffix, "application/octet-stream")
