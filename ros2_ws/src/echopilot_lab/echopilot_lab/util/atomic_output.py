"""Output folders and files that appear whole or not at all, whatever ends the command."""

import fcntl
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from echopilot_exam.record.files import clear_disk_errors
from echopilot_lab.util.owned_files import check_output, owned_files, remove_owned, stamp_of, write_list

REMOVE_AT_THE_END = 'read -r _; rm -rf -- "$1"'
"""Shell line of the guard: its input ends when the command does, also by kill -9."""

RESULTS = "folder of results (--out)"


@contextmanager
def staged_folder(out: Path) -> Iterator[Path]:
    """Yield a temporary folder beside `out`; its files go into `out` only when the block ends without an error.

    They replace earlier results there. Nothing else is touched: where `out` holds a file that we did not write, or
    that was changed since, EchoPilotError is raised before anything is made.
    """
    with clear_disk_errors(out, RESULTS):
        out = out.resolve()
        check_output(out)
        out.parent.mkdir(parents=True, exist_ok=True)
        _sweep(out)
        staging = Path(tempfile.mkdtemp(prefix=f".{out.name}-", dir=out.parent))
    with _removed_at_the_end(staging):
        results = staging / "new"
        results.mkdir()
        yield results
        with clear_disk_errors(out, RESULTS):
            _publish(results, out)


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """Yield a file name beside `path`; what was written there takes its name when the block ends without an error."""
    partial = path.with_name(f".{path.name}.partial")
    try:
        yield partial
        with partial.open("rb") as file:
            os.fsync(file.fileno())
        os.replace(partial, path)
    finally:
        with suppress(OSError):
            partial.unlink(missing_ok=True)


def _publish(results: Path, out: Path) -> None:
    names = [str(path.relative_to(results)) for path in sorted(results.rglob("*")) if not path.is_dir()]
    _flush(results, names)
    written = {name: (stamp_of(results / name),) for name in names}
    if not out.exists():
        write_list(results, written)
        results.rename(out)
        return
    check_output(out)  # again: hours may have passed
    before = owned_files(out)
    both = {name: before.get(name, ()) + written.get(name, ()) for name in before | written}
    write_list(out, both)  # killed from here on, each is still known as ours, old or new
    for name in names:
        (out / name).parent.mkdir(parents=True, exist_ok=True)
        os.replace(results / name, out / name)
    remove_owned(out, set(before) - set(names), before)
    write_list(out, written)


def _flush(folder: Path, names: list[str]) -> None:
    for name in names:
        with (folder / name).open("rb") as file:
            os.fsync(file.fileno())


@contextmanager
def _removed_at_the_end(staging: Path) -> Iterator[None]:
    """Remove the folder when the block ends, or the process, in whatever way."""
    lock = os.open(staging, os.O_RDONLY)
    fcntl.flock(lock, fcntl.LOCK_EX)
    guard = None
    with suppress(OSError):
        guard = subprocess.Popen(
            ["/bin/sh", "-c", REMOVE_AT_THE_END, "sh", str(staging)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
    try:
        yield
    finally:
        shutil.rmtree(staging, ignore_errors=True)
        os.close(lock)
        if guard is not None and guard.stdin is not None:
            guard.stdin.close()
            guard.wait()


def _sweep(out: Path) -> None:
    """Remove what a command left that was killed together with its guard: nobody holds its lock."""
    for staging in out.parent.glob(f".{out.name}-*"):
        if not (staging.is_dir() and (staging / "new").is_dir()):
            continue
        lock = os.open(staging, os.O_RDONLY)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(staging, ignore_errors=True)
        except BlockingIOError:
            pass
        finally:
            os.close(lock)
