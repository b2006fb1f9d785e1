"""Whatever ends the command, nothing that it started stays behind."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from echopilot_bringup import processes
from echopilot_bringup.bench_kills import members
from echopilot_bringup.processes import DOMAINS, INTERRUPTED, check_exit, chosen_domain, session_members, stop
from echopilot_core import EchoPilotError

pytestmark = pytest.mark.alone

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


NODE = """
import time
from echopilot_nodes.graph.parent_death import end_with_supervisor
end_with_supervisor()
time.sleep(600)
"""
PROGRAMS = """
[supervisord]
nodaemon=true
logfile=%(ENV_ECHOPILOT_OUT)s/log/supervisord.log
pidfile=%(ENV_ECHOPILOT_OUT)s/log/supervisord.pid
environment=ECHOPILOT_END_WITH_PARENT="%(ENV_ECHOPILOT_OUT)s/log/supervisord.pid"
[program:one]
command={python} {node} --ros-args
[program:two]
command={python} {node} --ros-args
"""
DEMO = """
import sys, time
from pathlib import Path
from echopilot_bringup import processes
processes.config_file = Path
out = Path(sys.argv[1])
environment = processes.graph_environment(out, 42, out, {})
with processes.supervised(str(out / "programs.conf"), environment) as supervisor:
    while len(processes.session_members(supervisor.pid)) < 3:
        time.sleep(0.05)
    print(supervisor.pid, flush=True)
    processes.run_foreground("waits", [], environment, processes.LostNodes(supervisor, ()))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="uses prctl")
@pytest.mark.parametrize("killed", ["demo", "supervisor", "both", "demo, politely", "demo, by a closed terminal"])
def test_whatever_is_killed_no_process_is_left(killed: str, tmp_path: Path) -> None:
    (tmp_path / "node.py").write_text(NODE)
    (tmp_path / "waits.py").write_text("import time\ntime.sleep(600)\n")
    (tmp_path / "programs.conf").write_text(PROGRAMS.format(python=sys.executable, node=tmp_path / "node.py"))
    demo = subprocess.Popen(
        [sys.executable, "-c", DEMO, str(tmp_path)],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_DFL),
    )
    assert demo.stdout is not None
    supervisor = int(demo.stdout.readline())
    end_s = time.monotonic() + 30.0
    while len(members(tmp_path)) < 4 and time.monotonic() < end_s:  # supervisor, two nodes, the foreground
        time.sleep(0.02)
    assert len(members(tmp_path)) == 4
    if killed in ("supervisor", "both"):
        os.kill(supervisor, signal.SIGKILL)
    if killed != "supervisor":
        polite = {"demo, politely": signal.SIGTERM, "demo, by a closed terminal": signal.SIGHUP}
        demo.send_signal(polite.get(killed, signal.SIGKILL))
    demo.communicate(timeout=60)
    end_s = time.monotonic() + 30.0
    while members(tmp_path) and time.monotonic() < end_s:
        time.sleep(0.05)
    assert members(tmp_path) == []


def test_a_failed_graph_leaves_its_logs_and_names_the_last_words(tmp_path: Path) -> None:
    (tmp_path / "simulator.log").write_text("fine\nno patient\n")
    with pytest.raises(EchoPilotError, match="simulator: no patient") as error:
        check_exit(1, "the demo graph", tmp_path)
    assert str(error.value).splitlines()[0].endswith(f"logs are in {tmp_path}") and error.value.exit_code == 1
    assert (tmp_path / "simulator.log").read_text() == "fine\nno patient\n"
    check_exit(0, "the demo graph", tmp_path)
    with pytest.raises(KeyboardInterrupt):
        check_exit(INTERRUPTED, "the demo graph", tmp_path)


def test_the_domain_is_the_one_of_the_environment_or_a_free_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ROS_DOMAIN_ID", "42")
    assert chosen_domain() == 42
    monkeypatch.delenv("ROS_DOMAIN_ID")
    assert chosen_domain() in DOMAINS
    for wrong in ("233", "-1", "home"):
        monkeypatch.setenv("ROS_DOMAIN_ID", wrong)
        with pytest.raises(EchoPilotError, match="0 to 232"):
            chosen_domain()


def test_a_node_that_ends_before_anybody_saw_it_is_missed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(processes, "GONE_S", 0.0)
    (tmp_path / "safety.py").write_text("import time\ntime.sleep(600)\n")
    command = [sys.executable, "-m", "safety", "--ros-args"]
    session = "import os, subprocess, sys; os.setsid(); subprocess.run(sys.argv[1:])"
    supervisor = subprocess.Popen([sys.executable, "-c", session, *command], cwd=tmp_path)
    try:
        lost = processes.LostNodes(supervisor, ("safety", "simulator"))
        end_s = time.monotonic() + 30.0
        while not lost() and time.monotonic() < end_s:
            time.sleep(0.05)
        assert lost.names == "simulator"
    finally:
        stop(supervisor)
