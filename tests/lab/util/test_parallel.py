"""Workers end with their parent, however it ends, and the first error of a worker is the error of the whole."""

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from rich.console import Console

from echopilot_core import EchoPilotError
from echopilot_lab.util.parallel import run_all

pytestmark = pytest.mark.alone

PROGRAM = """
import os, signal, sys, threading
from pathlib import Path
from rich.console import Console
from echopilot_lab.util.parallel import run_all

def work(path):
    Path(path).write_text(str(os.getpid()))
    os.write(1, b"begun\\n")  # one piece: two workers may write at once
    threading.Event().wait(120)

if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored where the tests were started in the background
    run_all(work, sys.argv[1:], 2, Console(quiet=True), "pieces")
"""


def finish(path: Path) -> None:
    if path.name == "bad":
        raise EchoPilotError("bad piece")
    path.write_text("done")


def gone(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return True


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_workers_end_with_their_parent(number: signal.Signals, tmp_path: Path) -> None:
    if not Path("/proc/self/stat").exists():
        pytest.skip("needs /proc")
    program = tmp_path / "program.py"
    program.write_text(PROGRAM)
    files = [tmp_path / name for name in ("a", "b", "c", "d")]
    parent = subprocess.Popen(
        [sys.executable, str(program), *map(str, files)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    )
    assert parent.stdout is not None
    assert [parent.stdout.readline() for _ in range(2)] == ["begun\n"] * 2
    workers = [int(f.read_text()) for f in files if f.exists()]
    assert len(workers) == 2
    os.kill(parent.pid, number)
    parent.wait(timeout=20)
    for _ in range(100):
        if all(gone(pid) for pid in workers):
            break
        threading.Event().wait(0.1)
    assert all(gone(pid) for pid in workers)
    assert sum(f.exists() for f in files) == 2  # no piece was begun after the end


def test_every_piece_is_done_and_an_error_comes_back(tmp_path: Path) -> None:
    quiet = Console(quiet=True)
    pieces = [tmp_path / name for name in "abc"]
    run_all(finish, pieces, 2, quiet, "pieces")
    assert all(p.read_text() == "done" for p in pieces)
    run_all(finish, [], 2, quiet, "nothing")
    with pytest.raises(EchoPilotError, match="bad piece"):
        run_all(finish, [tmp_path / "bad"], 1, quiet, "pieces")
