"""Output folders: whole or not at all, and no file that we did not write is ever touched."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from echopilot_core import EchoPilotError, WriteError
from echopilot_lab.util.atomic_output import staged_folder
from echopilot_lab.util.owned_files import LIST, UNLISTED, check_output, claim

WORKS = """
import sys, time
from pathlib import Path
from echopilot_lab.cli.shared import one_line_errors
from echopilot_lab.util.atomic_output import staged_folder

@one_line_errors
def command():
    with staged_folder(Path(sys.argv[1])) as folder:
        (folder / "summary.json").write_text("half")
        print("works", flush=True)
        time.sleep(60)

command()
"""
PUBLISHES = """
import os, sys
from pathlib import Path
from echopilot_lab.util import atomic_output
from echopilot_lab.util.atomic_output import staged_folder

replaced, replace = 0, os.replace

def dies(path, target):
    global replaced
    if replaced == int(sys.argv[2]):
        os.kill(os.getpid(), 9)
    replaced += 1
    replace(path, target)

with staged_folder(Path(sys.argv[1])) as folder:
    for name in ("a", "b", "c"):
        (folder / name).write_text("new")
    os.replace = dies
"""


def make(out: Path, text: str, *names: str) -> None:
    with staged_folder(out) as folder:
        for name in names:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(text)


def not_ignored() -> None:
    """As in a terminal: some runners ignore these signals, and children inherit that."""
    for number in (signal.SIGHUP, signal.SIGINT):
        signal.signal(number, signal.SIG_DFL)


def visible(folder: Path) -> dict[str, str]:
    return {
        str(p.relative_to(folder)): p.read_text() for p in folder.rglob("*") if p.is_file() and p.name not in UNLISTED
    }


def test_new_results_replace_ours_and_remove_those_that_are_no_more(tmp_path: Path) -> None:
    out = tmp_path / "out"
    make(out, "old", "a", "deep/b", "deep/er/c")
    make(out, "new", "a", "d")
    assert visible(out) == {"a": "new", "d": "new"} and not (out / "deep").exists()
    assert list(tmp_path.iterdir()) == [out]


def test_random_files_of_a_user_are_refused_and_stay(tmp_path: Path) -> None:
    rng = random.Random(4)
    for case in range(20):
        out = tmp_path / f"out{case}"
        if rng.random() < 0.5:
            make(out, "old", "summary.json", "deep/b")
        name = rng.choice(["summary.json", "notes.txt", "deep/b", "deep/mine", "truth.json", ".hidden", "a/b/c/d"])
        mine = out / name
        mine.parent.mkdir(parents=True, exist_ok=True)
        mine.write_text("mine and only mine")
        before = visible(out)
        with pytest.raises(EchoPilotError, match="give a new or empty folder") as error:
            make(out, "new", "summary.json", "deep/b")
        assert "\n" not in str(error.value) and name in str(error.value), case
        assert visible(out) == before, case


@pytest.mark.parametrize("kind", ["file", "dangling link", "link in it"])
def test_other_things_are_refused_too(kind: str, tmp_path: Path) -> None:
    out = tmp_path / "out"
    if kind == "file":
        out.write_text("mine")
    elif kind == "dangling link":
        out.mkdir()
        (out / "mine").symlink_to(tmp_path / "nowhere")
    else:
        out.mkdir()
        (out / "mine").symlink_to(tmp_path)
    with pytest.raises(EchoPilotError, match="give a new or empty folder"):
        check_output(out)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT, signal.SIGKILL])
def test_whatever_ends_a_command_leaves_no_half_folder(number: signal.Signals, tmp_path: Path) -> None:
    command = [sys.executable, "-c", WORKS, str(tmp_path / "out")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, preexec_fn=not_ignored) as child:
        assert child.stdout is not None and child.stdout.readline() == b"works\n"
        assert any(tmp_path.iterdir())
        child.send_signal(number)
    end_s = time.monotonic() + 10.0
    while any(tmp_path.iterdir()) and time.monotonic() < end_s:  # the guard of a killed one is a process of its own
        time.sleep(0.02)
    assert list(tmp_path.iterdir()) == []
    assert child.returncode != 0


@pytest.mark.parametrize("step", range(5))
def test_a_kill_while_results_take_their_place_loses_none(step: int, tmp_path: Path) -> None:
    out = tmp_path / "out"
    make(out, "old", "a", "b", "c")
    subprocess.run([sys.executable, "-c", PUBLISHES, str(out), str(step)], check=False, timeout=60)
    assert set(visible(out)) == {"a", "b", "c"} and set(visible(out).values()) <= {"old", "new"}
    make(out, "newer", "a", "b", "c")  # all of them are still known as ours
    assert visible(out) == dict.fromkeys("abc", "newer")
    assert list(tmp_path.iterdir()) == [out]


def test_a_folder_that_cannot_be_written_is_one_line_and_leaves_the_old_results(tmp_path: Path) -> None:
    out = tmp_path / "out"
    make(out, "old", "a")
    replace = os.replace

    def fails(path: Path, target: Path) -> None:
        if Path(target).parent == out and Path(target).name != LIST:
            raise OSError(28, "No space left on device")
        replace(path, target)

    with pytest.MonkeyPatch.context() as patch, pytest.raises(WriteError, match="no space left"):
        patch.setattr("echopilot_lab.util.atomic_output.os.replace", fails)
        make(out, "new", "a")
    assert visible(out) == {"a": "old"} and list(tmp_path.iterdir()) == [out]


def test_a_claimed_name_is_ours_and_every_other_file_stays(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    claim(tmp_path, ["plot.png"])
    (tmp_path / "plot.png").write_text("ours")
    claim(tmp_path, ["plot.png", "more.png"])
    with pytest.raises(EchoPilotError, match=r"notes\.txt is no earlier result"):
        claim(tmp_path, ["notes.txt"])
    assert (tmp_path / "notes.txt").read_text() == "mine"
