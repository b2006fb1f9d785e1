"""Small file work: atomic replacement, append-only lines, and clear words when the disk is full."""

import errno
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from echopilot_core import EchoPilotError
from echopilot_exam.record.syncer import Syncer

DISK_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


@contextmanager
def clear_disk_errors(folder: Path) -> Iterator[None]:
    """Turn an OSError into an EchoPilotError that says what is wrong with the disk."""
    try:
        yield
    except OSError as error:
        raise EchoPilotError(disk_message(folder, error)) from error


def disk_message(path: Path, error: OSError) -> str:
    """One line for a person about a failed write."""
    if error.errno in DISK_FULL:
        return f"no space left for the exam record in {path}; recording stops"
    return f"exam record in {path} cannot be written: {error.strerror or error}"


def replace_file(path: Path, data: bytes, sync: bool = True) -> None:
    """Write a whole file so that a reader finds either the old or the new one; `sync` waits for the disk."""
    temporary = path.with_name(f".{path.name}.new")
    try:
        with temporary.open("wb") as file:
            file.write(data)
            file.flush()
            if sync:
                os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


class JsonLines:
    """An append-only file of JSON objects, one per line; every line is handed to the system at once."""

    def __init__(self, path: Path, syncer: Syncer) -> None:
        self._file = path.open("ab", buffering=0)
        self._syncer = syncer
        syncer.add(self._file.fileno())

    def append(self, document: Any) -> None:
        """Write one line; raises OSError, and may then leave a torn line that readers pass over."""
        data = json.dumps(document, allow_nan=False, separators=(",", ":")).encode() + b"\n"
        while data:
            data = data[self._file.write(data) :]

    def close(self) -> None:
        """Sync and close; never raises."""
        if self._file.closed:
            return
        self._syncer.remove(self._file.fileno())
        with suppress(OSError):
            os.fsync(self._file.fileno())
        with suppress(OSError):
            self._file.close()


def read_lines(path: Path) -> tuple[list[Any], str]:
    """All whole JSON lines and, when some were not, a sentence about it."""
    if not path.is_file():
        return [], f"{path.name} is missing"
    documents: list[Any] = []
    bad = 0
    for line in path.read_bytes().split(b"\n"):
        if not line:
            continue
        try:
            documents.append(json.loads(line))
        except ValueError:
            bad += 1
    return documents, f"{path.name}: {bad} line(s) cannot be read" if bad else ""
