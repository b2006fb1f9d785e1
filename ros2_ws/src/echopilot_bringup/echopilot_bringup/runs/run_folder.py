"""Folder of one run of a graph, written where it stays, and links to the newest run beside it."""

import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from echopilot_core import EchoPilotError
from echopilot_core.guarded.json_input import read_json
from echopilot_exam.record.files import SUMMARY, clear_disk_errors, free_folder, merge_json, replace_file
from echopilot_report.output import FILES

LINKED = (SUMMARY, *FILES)
"""Names in the output folder that always lead into the newest run, so nothing else may have them."""
UNLISTED = ("log", "keyframes", "clips")


def new_run(out: Path, name: str) -> Path:
    """Make OUT/NAME-NNN, a number that no run had; earlier runs and all other files in OUT stay.

    Its summary.json says `unfinished` until the run says how it ended. Links to earlier runs are taken away, so that
    nobody takes those results for the new ones.

    Raises:
        EchoPilotError: when OUT is a file, or holds one that would have to give way to a link.
    """
    out = out.resolve()
    if out.exists() and not out.is_dir():
        raise EchoPilotError(f"{out} is a file; give a new or empty folder with --out")
    for taken in LINKED:
        if os.path.lexists(out / taken) and not _is_our_link(out / taken):
            raise EchoPilotError(f"{out} holds {taken}, which is no link to a run of ours; give another --out")
    with clear_disk_errors(out):
        out.mkdir(parents=True, exist_ok=True)
        while True:
            run = free_folder(out, name)
            with suppress(FileExistsError):
                run.mkdir()
                break
        for link in out.iterdir():
            if _is_our_link(link):
                link.unlink()
        (run / "log").mkdir()
        replace_file(run / SUMMARY, b'{"outcome": "unfinished"}\n')
    return run


def link_newest(run: Path) -> None:
    """Let everything in a run be found beside it, as links; what has such a name already stays."""
    for path in sorted(path for path in run.iterdir() if not path.name.startswith(".")):
        link = run.parent / path.name
        with suppress(OSError):  # a file system without links: the run folder has it all
            if _is_our_link(link):
                link.unlink()
            if not os.path.lexists(link):
                link.symlink_to(Path(run.name) / path.name)


def _is_our_link(path: Path) -> bool:
    """Whether this is a link into a run folder beside it, as `link_newest` makes them."""
    if not path.is_symlink():
        return False
    target = Path(os.readlink(path))
    return len(target.parts) == 2 and target.name == path.name and target.parts[0].rpartition("-")[2].isdecimal()


def read_summary(run: Path) -> dict[str, Any]:
    """The summary as it is by now; empty where it cannot be read."""
    try:
        document = read_json(run / SUMMARY, finite=False)
    except (EchoPilotError, OSError):
        return {}
    return document if isinstance(document, dict) else {}


def note(run: Path, document: Mapping[str, Any]) -> dict[str, Any]:
    """Put keys into the summary, and the list of files; returns all of it."""
    files = sorted(str(path.relative_to(run)) for path in run.rglob("*") if _is_listed(path, run))
    merge_json(run / SUMMARY, {**document, "files": files})
    return read_summary(run)


def _is_listed(path: Path, run: Path) -> bool:
    """Files worth listing: neither logs nor single images."""
    return path.is_file() and path.relative_to(run).parts[0] not in UNLISTED
