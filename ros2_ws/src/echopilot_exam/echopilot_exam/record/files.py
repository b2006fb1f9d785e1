"""Files of a record: atomic replacement, append-only JSON lines, and one line for a write that fails."""

import errno
import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from echopilot_core import EchoPilotError, ExamPhase, WriteError
from echopilot_core.guarded.json_input import read_json, read_json_lines
from echopilot_exam.record.syncer import Syncer

SUMMARY = "summary.json"
DISK_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


@contextmanager
def clear_disk_errors(folder: Path, what: str = "exam record") -> Iterator[None]:
    """Turn an OSError into a WriteError with a message for the operator."""
    try:
        yield
    except OSError as error:
        raise WriteError(disk_message(folder, error, what)) from error


def disk_message(path: Path, error: OSError, what: str = "exam record") -> str:
    """One line for the operator about a failed write."""
    if error.errno in DISK_FULL:
        return f"no space left for the {what} in {path}" + ("; recording stops" if what == "exam record" else "")
    return f"{what} in {path} cannot be written: {error.strerror or error}"


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
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise


def merge_json(path: Path, document: dict[str, Any]) -> None:
    """Put keys into a JSON file, keeping those that others wrote; dictionaries are merged key by key.

    One process at a time: a second one waits. Raises EchoPilotError when the file holds no JSON object, and WriteError
    when it cannot be written; it is then as before.
    """
    with clear_disk_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        lock = os.open(path.parent, os.O_RDONLY)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            merged: Any = read_json(path, str(path), finite=False) if path.exists() else {}
            if not isinstance(merged, dict):
                raise EchoPilotError(f"{path} holds no JSON object")
            for key, value in document.items():
                if isinstance(value, dict) and isinstance(merged.get(key), dict):
                    merged[key].update(value)
                else:
                    merged[key] = value
            replace_file(path, (json.dumps(merged, indent=2) + "\n").encode())
        finally:
            os.close(lock)


def free_folder(out: Path, protocol: str) -> Path:
    """First folder `out/protocol-NNN` that does not exist."""
    stem = Path(protocol).stem
    number = 1
    while (folder := out / f"{stem}-{number:03d}").exists():
        number += 1
    return folder


def is_ended(folder: Path) -> bool:
    """Whether the exam of a record has ended, as planned or not; False where there is no record."""
    try:
        state = read_json(folder / "exam.json")["state"]
    except (OSError, ValueError, KeyError, TypeError):
        return False
    return state in (ExamPhase.DONE.name, ExamPhase.ABORTED.name)


def free_file(path: Path) -> Path:
    """`path`, or the first of NAME-2, NAME-3 ... that does not exist."""
    number, free = 1, path
    while os.path.lexists(free):
        number += 1
        free = path.with_stem(f"{path.stem}-{number}")
    return free


def place_new(file: Path, target: Path) -> Path:
    """Give a finished file its name, or the next free one: no existing file is ever replaced. Returns its path."""
    while True:
        try:
            os.link(file, target)
        except FileExistsError:
            target = free_file(target)
        except OSError:  # a file system without hard links
            if os.path.lexists(target):
                target = free_file(target)
                continue
            file.rename(target)
            return target
        else:
            file.unlink()
            return target


class JsonLines:
    """An append-only file of JSON objects, one per line; every line is handed to the operating system at once."""

    def __init__(self, path: Path, syncer: Syncer) -> None:
        self._file = path.open("ab", buffering=0)
        self._syncer = syncer
        syncer.add(self._file.fileno())

    def append(self, document: Any) -> None:
        """Write one line; raises OSError, and may then leave an incomplete line that readers ignore."""
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
    """All readable JSON lines and, when some are not, a message about them; a bad line costs that line."""
    try:
        found = read_json_lines(path)
    except FileNotFoundError:
        return [], f"{path.name} is missing"
    except EchoPilotError as error:
        return [], str(error)
    return list(found.documents), "; ".join(found.damaged)
