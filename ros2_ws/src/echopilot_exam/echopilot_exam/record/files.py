"""Small file work: atomic replacement, append-only lines, and clear words when the disk is full."""

import errno
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from echopilot_core import EchoPilotError


@contextmanager
def clear_disk_errors(folder: Path) -> Iterator[None]:
    """Turn an OSError into an EchoPilotError that says what is wrong with the disk."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise EchoPilotError(f"no space left for the exam record in {folder}; the exam stops") from error
        raise EchoPilotError(f"exam record in {folder} cannot be written: {error.strerror or error}") from error


def replace_file(path: Path, data: bytes) -> None:
    """Write a whole file so that a reader finds either the old or the new one."""
    temporary = path.with_name(f".{path.name}.new")
    try:
        with temporary.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def append_line(file: IO[str], document: Any) -> None:
    """One JSON object per line, handed to the system at once."""
    file.write(json.dumps(document, allow_nan=False, separators=(",", ":")) + "\n")
    file.flush()


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
