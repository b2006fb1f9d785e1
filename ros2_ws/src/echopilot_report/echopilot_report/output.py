"""Atomic replacement of several files and folders at once."""

import fcntl
import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path

from echopilot_core import EchoPilotError
from echopilot_core.guarded.json_input import read_json
from echopilot_exam.record.files import clear_disk_errors, free_file

FILES = ("dicom", "fhir.json", "report.html", "report.pdf", "report.json")
"""Files of a report in the exam folder, in the order of their replacement."""
NEW, OLD = ".report-new", ".report-old"


@contextmanager
def replaced_together(folder: Path, names: Sequence[str]) -> Iterator[Path]:
    """Yield an empty folder; what lies there under `names` at the end replaces the namesakes in `folder`.

    A process that is killed before the end leaves the old ones unchanged, one that is killed during it whole files;
    the next one removes its remains. Names that were not made are removed. One process at a time: a second one waits.
    Raises EchoPilotError when the disk is full or cannot be written.
    """
    new, old = folder / NEW, folder / OLD
    with clear_disk_errors(folder), _locked(folder):
        _clear(folder)
        new.mkdir()
        try:
            yield new
            _flush(new)
            old.mkdir()
            for name in names:
                if (folder / name).exists() and not ((new / name).is_file() and (folder / name).is_file()):
                    os.replace(folder / name, old / name)  # a folder cannot be replaced at once
                if (new / name).exists():
                    os.replace(new / name, folder / name)
        finally:
            for remains in (new, old):
                shutil.rmtree(remains, ignore_errors=True)


def clear_remains(folder: Path) -> None:
    """Remove what a report that was killed has left half made; raises EchoPilotError when that cannot be done."""
    with clear_disk_errors(folder), _locked(folder):
        _clear(folder)


def kept_beside(folder: Path) -> list[str]:
    """Rename what lies under a name of FILES and is not what the last report.json lists, so that it is not replaced.

    Returns one line for each. Raises EchoPilotError when it cannot be renamed.
    """
    try:
        listed = dict(read_json(folder / FILES[-1])["files"])
    except (EchoPilotError, OSError, ValueError, KeyError, TypeError):
        listed = {}
    lines = []
    with clear_disk_errors(folder):
        for name in FILES[:-1]:
            place = folder / name
            for path in sorted(place.rglob("*")) if place.is_dir() else [place]:
                key = str(path.relative_to(folder))
                if not path.is_file() or listed.get(key) == sha256(path.read_bytes()).hexdigest():
                    continue
                home = folder / f"{name}-kept" if place.is_dir() else folder
                home.mkdir(exist_ok=True)
                kept = free_file(home / (path.name if place.is_dir() else f"{path.stem}-kept{path.suffix}"))
                path.rename(kept)
                lines.append(f"{key} was not made by the last report: kept as {kept.relative_to(folder)}")
    return lines


def _clear(folder: Path) -> None:
    """Put back what a killed process had set aside and not replaced, then remove the rest."""
    for path in (folder / OLD).iterdir() if (folder / OLD).is_dir() else ():
        if not (folder / path.name).exists():
            os.replace(path, folder / path.name)
    for remains in (NEW, OLD):
        shutil.rmtree(folder / remains, ignore_errors=True)


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _flush(folder: Path) -> None:
    """Flush everything to the disk before any old file is removed."""
    for path in folder.rglob("*"):
        if path.is_file():
            with path.open("rb") as file:
                os.fsync(file.fileno())
