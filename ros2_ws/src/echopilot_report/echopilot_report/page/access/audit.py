"""Audit log: one line of JSON for every command, on disk before the command is answered."""

import json
import os
import time
from collections.abc import Mapping
from pathlib import Path

from echopilot_core.guarded.json_input import parse_json

NAME = "commands.jsonl"


def default_audit() -> Path:
    """`$XDG_STATE_HOME/echopilot/commands.jsonl`."""
    base = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    return Path(base) / "echopilot" / NAME


def entry(command: str, by: str, session: str, done: bool, outcome: str, **more: object) -> dict[str, object]:
    """One line: the time [s since 1970], the command, who (name and role, first digits of the session), the outcome."""
    at = round(time.time(), 3)
    return {"at": at, "command": command, "by": by, "session": session[:12], "done": done, "outcome": outcome, **more}


def append(path: Path, line: Mapping[str, object]) -> str:
    """Write a line to the end of the file, through to the disk; the reason when it could not be written, or "".

    Lines of several processes do not mix: each is one write.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            size = os.fstat(descriptor).st_size
            torn = size > 0 and os.pread(descriptor, 1, size - 1) != b"\n"  # a line that a full disk cut off
            text = (b"\n" if torn else b"") + json.dumps(line, ensure_ascii=False).encode() + b"\n"
            if os.write(descriptor, text) != len(text):
                return f"{path}: the disk is full"
            os.fdatasync(descriptor)
        finally:
            os.close(descriptor)
    except OSError as error:
        return f"{path}: {error.strerror or error}"
    return ""


def tail(path: Path, size: int = 1 << 16) -> list[dict[str, object]]:
    """The last lines of the file, in order; lines that are damaged are left out."""
    try:
        with path.open("rb") as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - size))
            raw = file.read().splitlines()
    except OSError:
        return []
    found = []
    for line in raw:
        try:
            document = parse_json(line, "line")
        except (ValueError, RecursionError):
            continue
        if isinstance(document, dict):
            found.append(document)
    return found
