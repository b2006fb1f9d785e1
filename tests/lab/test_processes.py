"""Whatever ends the command, nothing that it started stays behind."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from echopilot_core import EchoPilotError
from echopilot_lab.processes import INTERRUPTED, check_exit, session_members, stop, unwound_by_signals

PARENT = """
import os, subprocess, sys
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"], preexec_fn=os.setpgrp)
print(child.pid, flush=True)
if sys.argv[1] == "waits":
    child.wait()
"""


@pytest.mark.parametrize("parent", ["waits", "dies first"])
def test_stop_ends_children_in_process_groups_of_their_own(parent: str) -> None:
    process = subprocess.Popen([sys.executable, "-c", PARENT, parent], stdout=subprocess.PIPE, start_new_session=True)
    assert process.stdout is not None
    child = int(process.stdout.readline())
    assert child in session_members(process.pid)
    if parent == "dies first":
        process.wait()
    stop(process)
    assert session_members(process.pid) == []


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_kill_unwinds_like_ctrl_c(number: signal.Signals, request: pytest.FixtureRequest) -> None:
    inherited = signal.signal(number, signal.SIG_DFL)  # nohup and some runners ignore SIGHUP
    request.addfinalizer(lambda: signal.signal(number, inherited))
    before = signal.getsignal(number)
    cleaned = []
    with pytest.raises(SystemExit) as ended, unwound_by_signals():
        try:
            os.kill(os.getpid(), number)
            signal.pause()
        finally:
            cleaned.append(True)
    assert cleaned
    assert ended.value.code == 128 + number
    assert signal.getsignal(number) == before


def test_a_failed_graph_leaves_its_logs_and_names_the_last_words(tmp_path: Path) -> None:
    (tmp_path / "simulator.log").write_text("fine\nno patient\n")
    with pytest.raises(EchoPilotError, match="simulator: no patient") as error:
        check_exit(1, "the demo graph", tmp_path)
    kept = Path(str(error.value).splitlines()[0].rpartition(" ")[2])
    assert (kept / "simulator.log").read_text() == "fine\nno patient\n"
    check_exit(0, "the demo graph", tmp_path)
    with pytest.raises(KeyboardInterrupt):
        check_exit(INTERRUPTED, "the demo graph", tmp_path)
