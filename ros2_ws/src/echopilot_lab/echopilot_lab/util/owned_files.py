"""List of the files that our commands wrote into an output folder: nothing else is ever replaced or removed."""

import json
import os
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path

from echopilot_core import EchoPilotError
from echopilot_core.guarded.json_input import read_json
from echopilot_exam.record.files import clear_disk_errors, replace_file

LIST = ".echopilot.json"
UNLISTED = (LIST, f".{LIST}.new")  # the latter is left where its writer was killed

Stamp = tuple[int, int]
"""Size [bytes] and time of the last change [ns]: what tells a file that somebody changed since."""
Owned = Mapping[str, tuple[Stamp, ...]]
"""Files by their path in the folder, with the stamps under which each is ours; none: whatever it is."""


def stamp_of(path: Path) -> Stamp:
    """The stamp of a file as it is now."""
    status = path.lstat()
    return status.st_size, status.st_mtime_ns


def owned_files(folder: Path) -> dict[str, tuple[Stamp, ...]]:
    """The folder's list; nothing where there is none that can be read."""
    try:
        files = read_json(folder / LIST)["files"]
        return {str(name): tuple((int(s), int(t)) for s, t in stamps) for name, stamps in files.items()}
    except (EchoPilotError, OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}


def write_list(folder: Path, files: Owned) -> None:
    """Write the folder's list."""
    text = json.dumps({"what": "files that echopilot wrote here", "files": dict(sorted(files.items()))}, indent=1)
    replace_file(folder / LIST, text.encode())


def is_ours(folder: Path, name: str, ours: Owned) -> bool:
    """Whether a file is listed and nobody changed it since."""
    return name in ours and (not ours[name] or stamp_of(folder / name) in ours[name])


def check_output(out: Path) -> None:
    """Raise EchoPilotError unless `out` is new, empty, or holds nothing but files that we wrote, unchanged."""
    if not os.path.lexists(out):
        return
    choice = "give a new or empty folder with --out"
    if not out.is_dir():
        raise EchoPilotError(f"{out} is a file; {choice}")
    ours = owned_files(out)
    for path in sorted(out.rglob("*")):
        name = str(path.relative_to(out))
        if name in UNLISTED or (path.is_dir() and not path.is_symlink()):
            continue
        if not is_ours(out, name, ours):
            cause = "was changed since" if name in ours else "is no earlier result"
            raise EchoPilotError(f"{out} holds {name}, which {cause}; {choice}")


def claim(folder: Path, names: Iterable[str]) -> None:
    """Reserve file names in a folder that may hold other things, which stay; makes the folder.

    Raises EchoPilotError when one of them exists and was not claimed before.
    """
    ours, wanted = owned_files(folder), tuple(names)
    for name in wanted:
        if name not in ours and os.path.lexists(folder / name):
            raise EchoPilotError(f"{folder / name} is no earlier result, and would be replaced; give another --out")
    with clear_disk_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
        if not set(wanted) <= set(ours):
            write_list(folder, ours | dict.fromkeys(wanted, ()))


def remove_owned(folder: Path, names: Iterable[str], ours: Owned) -> None:
    """Remove those files that are still as we wrote them, and folders that are empty then."""
    for name in names:
        path = folder / name
        with suppress(OSError):
            if is_ours(folder, name, ours):
                path.unlink()
        for parent in list(path.relative_to(folder).parents)[:-1]:
            with suppress(OSError):
                (folder / parent).rmdir()
