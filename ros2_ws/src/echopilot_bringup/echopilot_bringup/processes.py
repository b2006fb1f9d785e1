"""ROS graphs under supervisor: start, end and processor time of their processes; imports no ROS itself."""

import contextlib
import os
import random
import select
import signal
import socket
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from echopilot_core import EchoPilotError
from echopilot_core.paths import share_file
from echopilot_lab.util.parallel import unwound_by_signals
from echopilot_nodes.graph.parent_death import end_with_parent

DISCOVERY_PORT, PORTS_PER_DOMAIN = 7400, 250  # RTPS 2.5, section 9.6.2.3
DOMAINS = range(1, 101)  # above, the ports reach into Linux's ephemeral range
LAST_DOMAIN = 232  # whose ports are below 65536
TRIES = 20
STOP_S = 45.0
INTERRUPTED = 130  # exit code of a foreground node that Ctrl-C ended
LOST = -1  # exit code of one that was ended, a node that it needs being lost
ORPHANS_S = 10.0
POLL_S = 1.0
GONE_S = 5.0
SOCKET = "supervisor.sock"
CONTROL = "log/control"  # holds the path of the socket
LONGEST_SOCKET = 100  # bytes; sun_path of a Unix socket holds 108
IMPORTS = "import rclpy, rclpy.node, echopilot_msgs.msg, ultrasound_msgs.msg, std_msgs.msg"


def chosen_domain() -> int:
    """ROS_DOMAIN_ID where it is set, else a free domain; raises EchoPilotError for a value that is no domain."""
    text = os.environ.get("ROS_DOMAIN_ID", "")
    if not text:
        return free_domain()
    if not (text.isdecimal() and int(text) <= LAST_DOMAIN):
        raise EchoPilotError(f"ROS_DOMAIN_ID is {text!r}; valid: 0 to {LAST_DOMAIN}, or unset for a free one")
    return int(text)


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


def config_file(name: str) -> Path:
    """Path of a file in `config/` of this package: parameters (sim.yaml) or programs (supervisord.conf)."""
    return share_file("echopilot_bringup", f"config/{name}")


def graph_environment(out: Path, domain: int, parameters: Path, extra: Mapping[str, str]) -> dict[str, str]:
    """Environment of every process of one graph; the keys are those that supervisord*.conf ask for.

    Each graph is a run of its own: latches of safety outlive its processes, and end with the simulated robot.
    """
    return {
        **os.environ,
        "ECHOPILOT_PARAMS": str(parameters),
        "ECHOPILOT_PYTHON": sys.executable,
        "ECHOPILOT_OUT": str(out),
        "ECHOPILOT_SOCKET": control_socket(out),
        "ECHOPILOT_NS": "/",
        "ROS_DOMAIN_ID": str(domain),
        "ROS_AUTOMATIC_DISCOVERY_RANGE": "LOCALHOST",
        "OMP_NUM_THREADS": "1",
        "ECHOPILOT_RUN": uuid.uuid4().hex,
        "ECHOPILOT_STATE": str((out / "log").resolve()),
        "ECHOPILOT_PAGE": "false",
        "ECHOPILOT_PAGE_PORT": "0",
        **extra,
    }


def control_socket(out: Path) -> str:
    """Path of supervisor's control socket: in the run folder, or in a short one where that is too long for a socket."""
    path = str(out / "log" / SOCKET)
    return path if len(path.encode()) < LONGEST_SOCKET else f"{tempfile.mkdtemp(prefix='echopilot-')}/{SOCKET}"


@contextmanager
def supervised(config: str, environment: Mapping[str, str]) -> Iterator["subprocess.Popen[bytes]"]:
    """Run the programs of `config` under supervisor while the block runs; afterwards no process of it is left.

    Also not where this process is killed outright, or supervisor is: each ends with the one that started it. Yields
    supervisor's process, which leads the session that all of them belong to.
    """
    programs = config_file(config)
    out = Path(environment["ECHOPILOT_OUT"])
    (out / "log").mkdir(parents=True, exist_ok=True)
    (out / CONTROL).write_text(environment["ECHOPILOT_SOCKET"] + "\n")
    command = [sys.executable, "-m", "supervisor.supervisord", "-n", "-c", str(programs)]
    with (out / "log" / "supervisor.out").open("w") as log, unwound_by_signals():
        process = subprocess.Popen(
            command,
            env=dict(environment),
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=partial(end_with_parent, signal.SIGTERM, os.getpid()),
        )
        try:
            yield process
        finally:
            stop(process)
            socket_path = Path(environment["ECHOPILOT_SOCKET"])
            socket_path.unlink(missing_ok=True)
            if socket_path.parent != out / "log":
                socket_path.parent.rmdir()


def stop(process: "subprocess.Popen[bytes]") -> None:
    """Ask supervisor to end its processes, then end it; its whole session dies in any case, also on a second Ctrl-C."""
    try:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(STOP_S)
        else:  # killed: its nodes have been asked to end by the system
            end_s = time.monotonic() + ORPHANS_S
            while session_members(process.pid) and time.monotonic() < end_s:
                time.sleep(0.1)
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


def run_foreground(
    module: str,
    arguments: list[str],
    environment: Mapping[str, str],
    lost: Callable[[], str] = lambda: "",
) -> int:
    """Run a node in the foreground until it ends; Ctrl-C reaches it too and its exit code comes back.

    When `lost` names something without which it would wait in vain, it is ended, and the exit code is LOST.
    """
    process = subprocess.Popen(
        [sys.executable, "-m", module, *arguments],
        env=dict(environment),
        preexec_fn=partial(end_with_parent, signal.SIGKILL, os.getpid()),
    )
    try:
        while True:
            try:
                return process.wait(POLL_S)
            except subprocess.TimeoutExpired:
                if lost():
                    return LOST
            except KeyboardInterrupt:
                continue
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()


class LostNodes:
    """Tells when a node that nobody starts again has been gone for a while; the first node seen begins the graph."""

    def __init__(self, supervisor: "subprocess.Popen[bytes]", names: Collection[str]) -> None:
        self._supervisor, self._names = supervisor, frozenset(names)
        self._begun = False
        self._gone_since_s: float | None = None
        self.names = ""

    def __call__(self) -> str:
        """Names of the lost ones, or `supervisor`; empty while all are there."""
        self.names = self._lost()
        return self.names

    def _lost(self) -> str:
        if self._supervisor.poll() is not None:
            return "supervisor"
        there = set(processor_seconds(self._supervisor.pid))
        self._begun |= bool(there)
        gone = sorted(self._names - there) if self._begun else []
        now_s = time.monotonic()
        if not gone:
            self._gone_since_s = None
        elif self._gone_since_s is None:
            self._gone_since_s = now_s
        return ", ".join(gone) if gone and now_s - (self._gone_since_s or now_s) >= GONE_S else ""


def check_exit(code: int, what: str, logs: Path) -> None:
    """Raise KeyboardInterrupt after Ctrl-C, FailedGraphError after any other failure: the logs stay where they are."""
    if code == INTERRUPTED:
        raise KeyboardInterrupt
    if code != 0:
        raise FailedGraphError(f"{what} failed; logs are in {logs}\n{last_lines(logs)}")


class FailedGraphError(EchoPilotError):
    """The graph did not do its work; the command line prints the last lines of its logs and exits with 1."""

    exit_code = 1


def check_ros(environment: Mapping[str, str]) -> None:
    """Raise EchoPilotError in one line unless ROS 2 and the messages can be imported by this interpreter."""
    done = subprocess.run(
        [sys.executable, "-c", IMPORTS], env=dict(environment), capture_output=True, text=True, check=False
    )
    if done.returncode == 0:
        return
    words = done.stderr.strip().splitlines()
    foreign = [path for path in environment.get("PYTHONPATH", "").split(os.pathsep) if path]
    cause = words[-1] if words else f"exit code {done.returncode}"
    hint = f"PYTHONPATH holds {', '.join(foreign)}: unset it" if foreign else "run make setup"
    raise EchoPilotError(f"ROS 2 cannot be imported by {sys.executable} ({cause}); {hint}")


def last_lines(logs: Path) -> str:
    """The last line of every log, so that the failed node is seen at once."""
    lines = []
    for log in sorted(logs.glob("*.log")):
        text = log.read_text(errors="replace").strip().splitlines()
        if text:
            lines.append(f"  {log.stem}: {text[-1][:160]}")
    return "\n".join(lines)


TICKS_PER_S = os.sysconf("SC_CLK_TCK")


def processor_seconds(session: int) -> dict[str, float]:
    """Processor time [s] that each node of a session has used so far, all its threads together, by node name."""
    seconds = {}
    for pid in session_members(session):
        with contextlib.suppress(OSError):
            words = Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace").split("\0")
            if "--ros-args" in words:
                user, system = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:13]
                seconds[words[words.index("-m") + 1].rpartition(".")[2]] = (int(user) + int(system)) / TICKS_PER_S
    return seconds


def shares(before: dict[str, float], after: dict[str, float], seconds: float) -> dict[str, float]:
    """Share of one core that each node used between two readings, the largest first."""
    used = {name: (total - before.get(name, 0.0)) / seconds for name, total in after.items()}
    return dict(sorted(used.items(), key=lambda item: -item[1]))
