"""Starts and ends the ROS graph under supervisor; knows no ROS itself."""

import contextlib
import os
import random
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from echopilot_core import EchoPilotError

ROOT = Path(__file__).resolve().parents[4]
CONFIG = ROOT / "ros2_ws" / "src" / "echopilot_nodes" / "config"
DISCOVERY_PORT, PORTS_PER_DOMAIN = 7400, 250  # RTPS 2.5, section 9.6.2.3
DOMAINS = range(1, 101)  # above, the ports reach into Linux's ephemeral range
TRIES = 20
STOP_S = 45.0
INTERRUPTED = 130  # exit code of a foreground node that Ctrl-C ended


def free_domain() -> int:
    """A random ROS domain whose discovery ports nobody uses; raises EchoPilotError when there is none."""
    for domain in random.sample(DOMAINS, TRIES):
        with contextlib.ExitStack() as stack:
            try:
                for offset in (10, 11, 12, 13):
                    port = stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
                    port.bind(("127.0.0.1", DISCOVERY_PORT + PORTS_PER_DOMAIN * domain + offset))
            except OSError:
                continue
        return domain
    raise EchoPilotError(f"no free port: {TRIES} ROS domains between 1 and 100 are all in use; end other ROS graphs")


def graph_environment(out: Path, domain: int, extra: Mapping[str, str]) -> dict[str, str]:
    """Environment of every process of one graph."""
    return {
        **os.environ,
        "ECHOPILOT_PYTHON": sys.executable,
        "ECHOPILOT_OUT": str(out),
        "ECHOPILOT_NS": "/",
        "ROS_DOMAIN_ID": str(domain),
        "ROS_AUTOMATIC_DISCOVERY_RANGE": "LOCALHOST",
        "OMP_NUM_THREADS": "1",
        "ECHOPILOT_PAGE": "false",
        "ECHOPILOT_PAGE_PORT": "0",
        **extra,
    }


@contextmanager
def supervised(config: str, environment: Mapping[str, str]) -> Iterator[None]:
    """Run `launch/<config>` under supervisor while the block runs; afterwards no process of it is left."""
    out = Path(environment["ECHOPILOT_OUT"])
    (out / "log").mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "supervisor.supervisord", "-n", "-c", str(ROOT / "launch" / config)]
    with (out / "log" / "supervisor.out").open("w") as log, unwound_by_signals():
        process = subprocess.Popen(
            command, env=dict(environment), stdout=log, stderr=subprocess.STDOUT, start_new_session=True
        )
        try:
            yield
        finally:
            stop(process)


@contextmanager
def unwound_by_signals() -> Iterator[None]:
    """Let SIGTERM and SIGHUP unwind the block as Ctrl-C does, so that what it started ends with it."""

    def leave(number: int, _: FrameType | None) -> None:
        raise SystemExit(128 + number)

    ours = threading.current_thread() is threading.main_thread()
    heard = [s for s in (signal.SIGTERM, signal.SIGHUP) if ours and signal.getsignal(s) is not signal.SIG_IGN]
    before = {s: signal.signal(s, leave) for s in heard}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def stop(process: "subprocess.Popen[bytes]") -> None:
    """Ask supervisor to end its processes, then end it; its whole session dies in any case, also on a second Ctrl-C."""
    try:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(STOP_S)
    finally:
        for member in session_members(process.pid):
            with contextlib.suppress(ProcessLookupError):
                _kill(member)
        process.wait()


def _kill(pid: int) -> None:
    """Kill a process and wait until it is dead: a busy machine takes a while. Raises ProcessLookupError without one."""
    handle = os.pidfd_open(pid)
    try:
        os.kill(pid, signal.SIGKILL)
        select.select([handle], [], [], STOP_S)
    finally:
        os.close(handle)


def session_members(session: int) -> list[int]:
    """Living processes of a session: supervisor gives every node a process group of its own."""
    members = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            state, _, _, session_id = stat.read_text().rpartition(")")[2].split()[:4]
            if int(session_id) == session and state != "Z":
                members.append(int(stat.parent.name))
    return members


def run_foreground(module: str, arguments: list[str], environment: Mapping[str, str]) -> int:
    """Run a node in the foreground until it ends; Ctrl-C reaches it too and its exit code comes back."""
    process = subprocess.Popen([sys.executable, "-m", module, *arguments], env=dict(environment))
    try:
        while True:
            try:
                return process.wait()
            except KeyboardInterrupt:
                continue
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()


def check_exit(code: int, what: str, logs: Path) -> None:
    """Raise KeyboardInterrupt after Ctrl-C, EchoPilotError after any other failure; the logs are kept for it."""
    if code == INTERRUPTED:
        raise KeyboardInterrupt
    if code != 0:
        kept = Path(tempfile.mkdtemp(prefix="echopilot-log-"))
        shutil.copytree(logs, kept, dirs_exist_ok=True)
        raise EchoPilotError(f"{what} failed; logs are in {kept}\n{last_lines(logs)}")


def last_lines(logs: Path) -> str:
    """The last line of every log, so that the failed node is seen at once."""
    lines = []
    for log in sorted(logs.glob("*.log")):
        text = log.read_text(errors="replace").strip().splitlines()
        if text:
            lines.append(f"  {log.stem}: {text[-1][:160]}")
    return "\n".join(lines)
