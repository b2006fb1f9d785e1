"""Files and folders that take the place of older ones together, or not at all."""

import fcntl
import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from echopilot_exam.record.files import clear_disk_errors

NEW, OLD = ".report-new", ".report-old"


@contextmanager
def replaced_together(folder: Path, names: Sequence[str]) -> Iterator[Path]:
    """Yield an empty folder; what lies there under `names` at the end replaces the namesakes in `folder`.

    A process that dies before the end leaves the old ones as they were; its remains are cleared by the next.
    Names that were not made are removed. One process at a time: a second one waits. Raises EchoPilotError when the
    disk is full or cannot be written.
    """
    new, old = folder / NEW, folder / OLD
    with clear_disk_errors(folder), _locked(folder):
        for remains in (new, old):
            shutil.rmtree(remains, ignore_errors=True)
        new.mkdir()
        try:
            yield new
            _flush(new)
            old.mkdir()
            for name in names:
                if (folder / name).exists():
                    (folder / name).rename(old / name)
                if (new / name).exists():
                    (new / name).rename(folder / name)
        finally:
            for remains in (new, old):
                shutil.rmtree(remains, ignore_errors=True)


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _flush(folder: Path) -> None:
    """Hand everything to the disk before any old file goes."""
    for path in folder.rglob("*"):
        if path.is_file():
            with path.open("rb") as file:
                os.fsync(file.fileno())
