"""Output folders and files that appear whole or not at all."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from echopilot_core import EchoPilotError

RESULTS = ("summary.json", "truth.json")  # every folder of ours holds one of them


@contextmanager
def staged_folder(out: Path) -> Iterator[Path]:
    """Yield a temporary folder beside `out`; it replaces `out` only when the block ends without an error.

    Raises EchoPilotError before anything is made when `out` is something else than a folder of earlier results.
    """
    out = out.resolve()
    check_replaceable(out)
    out.parent.mkdir(parents=True, exist_ok=True)
    staging = Path(tempfile.mkdtemp(prefix=f".{out.name}-", dir=out.parent))
    try:
        results = staging / "new"
        results.mkdir()
        yield results
        if out.exists():
            out.rename(staging / "old")
        results.rename(out)
    finally:
        shutil.rmtree(staging, ignore_errors=True)


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """Yield a file name beside `path`; what was written there takes its name when the block ends without an error."""
    partial = path.with_name(f".{path.name}.partial")
    try:
        yield partial
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)


def check_replaceable(out: Path) -> None:
    """Raise EchoPilotError unless `out` is new, empty, or holds earlier results: nothing else is ever deleted."""
    if not out.exists():
        return
    if out.is_dir() and (not any(out.iterdir()) or any((out / name).is_file() for name in RESULTS)):
        return
    raise EchoPilotError(f"{out} holds something else than earlier results; give a new or empty folder with --out")
