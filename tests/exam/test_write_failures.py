"""Every way in which a write can fail: what existed is still there, nothing half is left, one line says it."""

import errno
import json
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from disk_limits import largest_file, small_disk
from test_record_mcap import begin, numbers, text

from echopilot_core import EchoPilotError, WriteError
from echopilot_exam.record import files
from echopilot_exam.record.files import clear_disk_errors, free_file, merge_json, place_new, replace_file

BIG = os.urandom(60_000)


@contextmanager
def fsync_fails(_: Path) -> Iterator[None]:
    def fails(_: int) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(files.os, "fsync", fails)
        yield


@contextmanager
def rename_fails(_: Path) -> Iterator[None]:
    def fails(*_: object) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(files.Path, "replace", fails)
        yield


@contextmanager
def too_large(_: Path) -> Iterator[None]:
    with largest_file(20_000):
        yield


@contextmanager
def read_only(folder: Path) -> Iterator[None]:
    """Bind the folder over itself, read-only."""
    for options in ("bind", "remount,ro,bind"):
        done = subprocess.run(["mount", "-o", options, str(folder), str(folder)], capture_output=True, check=False)
        if done.returncode != 0:
            subprocess.run(["umount", "-l", str(folder)], capture_output=True, check=False)
            pytest.skip("a read-only mount needs root")
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


WAYS = {"fsync": fsync_fails, "rename": rename_fails, "full": too_large, "read-only": read_only}


def replace(path: Path) -> None:
    with clear_disk_errors(path):
        replace_file(path, BIG)


def merge(path: Path) -> None:
    merge_json(path, {"new": BIG.hex()})


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("writer", [replace, merge])
def test_the_old_file_stays_whole(writer: Callable[[Path], None], way: str, tmp_path: Path) -> None:
    folder = tmp_path / "record"
    folder.mkdir()
    path = folder / "summary.json"
    path.write_text('{"old": 1}')
    with WAYS[way](folder), pytest.raises(WriteError) as error:
        writer(path)
    assert "\n" not in str(error.value) and str(folder) in str(error.value)
    assert path.read_text() == '{"old": 1}' and list(folder.iterdir()) == [path]


def test_a_folder_that_is_gone_or_full_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(WriteError, match="cannot be written"):
        replace(tmp_path / "gone" / "exam.json")
    with small_disk(tmp_path / "disk", "100k"):
        path = tmp_path / "disk" / "summary.json"
        path.write_text('{"old": 1}')
        with pytest.raises(WriteError, match="no space left"):
            merge(path)
        assert path.read_text() == '{"old": 1}' and [p.name for p in path.parent.iterdir()] == ["summary.json"]


def test_keys_of_others_stay_and_what_is_no_summary_is_not_replaced(tmp_path: Path) -> None:
    path = tmp_path / "summary.json"
    merge_json(path, {"views": {"A4C": 1}, "outcome": "completed"})
    merge_json(path, {"views": {"PLAX": 2}, "files": []})
    assert json.loads(path.read_text()) == {"views": {"A4C": 1, "PLAX": 2}, "outcome": "completed", "files": []}
    for content in ("my notes", "[1, 2]"):
        path.write_text(content)
        with pytest.raises(EchoPilotError):
            merge_json(path, {"outcome": "aborted"})
        assert path.read_text() == content


def test_a_new_file_never_takes_the_place_of_another(tmp_path: Path) -> None:
    target = tmp_path / "exam.mcap"
    for number in range(3):
        made = tmp_path / "made"
        made.write_text(str(number))
        place_new(made, free_file(target))
    made = tmp_path / "made"
    made.write_text("late")
    place_new(made, target)  # taken since
    found = {path.name: path.read_text() for path in tmp_path.iterdir()}
    assert found == {"exam.mcap": "0", "exam-2.mcap": "1", "exam-3.mcap": "2", "exam-4.mcap": "late"}


@pytest.mark.parametrize("way", ["fsync", "full", "folder removed"])
def test_a_recording_keeps_its_whole_chunks(way: str, tmp_path: Path) -> None:
    folder = tmp_path / "record"
    folder.mkdir()
    recording, channel = begin(folder / "exam.mcap")
    for number in range(20):
        recording.write(channel, number, text(number))
    recording.sync()
    kept = os.open(folder / "exam.mcap", os.O_RDONLY)
    with ExitStack() as stack:
        if way == "folder removed":
            shutil.rmtree(folder)
        else:
            stack.enter_context(WAYS[way](folder))
        for number in range(20, 100):
            recording.write(channel, number, text(number))
        recording.close()
    (tmp_path / "copy.mcap").write_bytes(os.pread(kept, 10_000_000, 0))
    os.close(kept)
    read, scan = numbers(tmp_path / "copy.mcap")
    assert read[:20] == list(range(20)) and read == list(range(len(read))) and scan.damage == []
    if way != "folder removed":
        assert recording.stopped and "\n" not in recording.stopped
