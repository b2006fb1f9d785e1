"""A process that ends is known at once, whatever ended it; nobody else can hold its bond, and it says what it does."""

import signal
import socket
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

pytest.importorskip("rclpy", reason="needs rclpy")

from echopilot_core import EchoPilotError
from echopilot_nodes.bonds import Bond, BondState, BreakCount, Peers
from echopilot_nodes.bonds.bond import WATCHERS
from echopilot_nodes.bonds.folder import graph_folder, graph_key
from echopilot_nodes.bonds.peers import SAME_SESSION

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="bonds are Linux's own")

HOLDER = """
import sys
from echopilot_nodes.bonds import Bond
bond = Bond(sys.argv[1], sys.argv[2])
print("bound", flush=True)
sys.stdin.read()
bond.close()
"""
NAMESPACE = "/test_bond"
PATIENCE_S = 20.0


@pytest.fixture(autouse=True)
def runtime(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A runtime folder of the test's own; sockets need a short path."""
    with tempfile.TemporaryDirectory(prefix="bond-") as folder:
        monkeypatch.setenv("XDG_RUNTIME_DIR", folder)
        yield Path(folder)


@pytest.fixture
def hold() -> Iterator[Callable[..., "subprocess.Popen[bytes]"]]:
    """Starts processes that hold a role."""
    started: list[subprocess.Popen[bytes]] = []

    def start(role: str, session: bool = False) -> "subprocess.Popen[bytes]":
        holder = subprocess.Popen(
            [sys.executable, "-c", HOLDER, NAMESPACE, role],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=session,
        )  # fmt: skip
        assert holder.stdout is not None and holder.stdout.readline() == b"bound\n"
        started.append(holder)
        return holder

    yield start
    for holder in started:
        holder.kill()
        holder.wait()
        for pipe in (holder.stdin, holder.stdout):
            if pipe is not None:
                pipe.close()


def test_a_runtime_folder_too_long_for_a_socket_is_not_used(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path / ("x" * 60)))
    assert not graph_folder(NAMESPACE).is_relative_to(tmp_path)


def watch(*roles: str) -> Peers:
    return Peers(NAMESPACE, roles, lambda _: None)


def until(peers: Peers, condition: Callable[[], bool]) -> None:
    """Poll until it holds."""
    last_s = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < last_s
        peers.poll()


def test_a_killed_process_is_lost_until_it_is_back(hold: Callable[..., "subprocess.Popen[bytes]"]) -> None:
    peers = watch("exam", "controller")
    first = hold("exam")
    until(peers, lambda: peers.is_bonded("exam"))
    assert peers.lost() == () and not peers.is_away("exam")
    first.send_signal(signal.SIGKILL)
    first.wait()
    peers.poll()
    assert peers.lost() == ("exam",) and peers.is_away("exam") and not peers.has_left("exam")
    second = hold("exam")
    until(peers, lambda: peers.lost() == ())
    assert second.stdin is not None
    second.stdin.close()  # ends in order: gone all the same
    until(peers, lambda: peers.lost() == ("exam",))
    assert peers.has_left("exam") and peers.state("controller") is None
    peers.close()


def test_a_stopped_process_lives(hold: Callable[..., "subprocess.Popen[bytes]"]) -> None:
    peers = watch("exam")
    holder = hold("exam")
    until(peers, lambda: peers.is_bonded("exam"))
    holder.send_signal(signal.SIGSTOP)
    for _ in range(20):
        peers.poll()
    assert peers.is_bonded("exam") and not peers.is_away("exam")
    peers.close()


def test_what_a_process_says_is_there_at_the_next_look() -> None:
    bond, peers = Bond(NAMESPACE, "robot", BondState(active=False, session="a")), watch("robot")
    until(peers, lambda: peers.is_bonded("robot"))
    assert peers.is_away("robot")
    bond.say(active=True, session="b", breaks={"safety": 3})
    peers.poll()
    assert peers.state("robot") == BondState(session="b", breaks={"safety": 3}) and not peers.is_away("robot")
    bond.say(faults=("TARE", "JOINT_LIMIT"))
    peers.poll()
    assert peers.state("robot").faults == ("TARE", "JOINT_LIMIT")
    peers.close()
    bond.close()


def test_a_role_is_held_by_one_process_and_the_second_is_told_which(
    hold: Callable[..., "subprocess.Popen[bytes]"], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("echopilot_nodes.bonds.bond._TAKE_S", 0.1)
    holder = hold("safety")
    with pytest.raises(EchoPilotError, match=f"held by process {holder.pid}"):
        Bond(NAMESPACE, "safety")


def test_a_bond_stays_with_its_process_when_another_takes_the_address(
    hold: Callable[..., "subprocess.Popen[bytes]"],
) -> None:
    """The address is taken over in the file system, by a process that does not know the key."""
    said: list[str] = []
    peers = Peers(NAMESPACE, ("controller",), said.append)
    real = hold("controller")
    until(peers, lambda: peers.is_bonded("controller"))
    address = graph_folder(NAMESPACE) / "controller.socket"
    address.unlink()
    fake = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    fake.bind(str(address))
    fake.listen(8)
    for _ in range(50):
        peers.poll()
    assert peers.is_bonded("controller") and peers.lost() == ()
    real.kill()
    until(peers, lambda: peers.lost() == ("controller",))

    def answer() -> bool:
        fake.setblocking(False)
        try:
            end, _ = fake.accept()
        except BlockingIOError:
            return False
        end.send(b"n" * 16)
        peers.poll()
        end.send(b"p" * 32)
        end.send(BondState().encoded())
        peers.poll()
        end.close()
        return True

    until(peers, answer)
    until(peers, lambda: peers.refused > 0)
    assert peers.lost() == ("controller",) and "does not know the graph's key" in said[0]
    fake.close()
    peers.close()


def test_nobody_learns_a_state_without_the_key_and_idle_strangers_keep_no_one_out() -> None:
    bond = Bond(NAMESPACE, "exam")
    address = str(graph_folder(NAMESPACE) / "exam.socket")
    strangers = []
    for _ in range(WATCHERS + 8):
        end = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        end.settimeout(2.0)
        end.connect(address)
        strangers.append(end)
        assert len(end.recv(64)) == 16
    strangers[-1].send(b"x" * 48)
    assert strangers[-1].recv(256) == b""
    peers = watch("exam")
    until(peers, lambda: peers.is_bonded("exam"))
    for end in strangers:
        end.close()
    peers.close()
    bond.close()


def test_a_process_of_another_session_is_refused_where_one_launcher_started_all(
    hold: Callable[..., "subprocess.Popen[bytes]"], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(SAME_SESSION, "session")
    hold("exam")
    hold("controller", session=True)
    peers = watch("exam", "controller")
    until(peers, lambda: peers.is_bonded("exam") and peers.refused > 1)
    assert not peers.is_bonded("controller")
    peers.close()


def test_a_folder_that_others_may_enter_is_refused(runtime: Path) -> None:
    folder = graph_folder(NAMESPACE)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700 and len(graph_key(folder)) == 32
    folder.chmod(0o755)
    with pytest.raises(EchoPilotError, match="not a private folder"):
        graph_folder(NAMESPACE)
    folder.chmod(0o700)
    (folder / "key").write_bytes(b"short")
    with pytest.raises(EchoPilotError, match="damaged"):
        graph_key(folder)
    folder.joinpath("key").unlink()
    folder.rename(runtime / "elsewhere")
    folder.symlink_to(runtime / "elsewhere")
    with pytest.raises(EchoPilotError, match="not a private folder"):
        graph_folder(NAMESPACE)


def test_breaks_are_counted_from_the_beginning_of_an_exam_over_restarts_of_a_node() -> None:
    count = BreakCount()
    count.note("controller", {"exam": 7})
    count.begin()
    count.note("controller", {"exam": 7})
    assert count.by_node == {}
    count.note("controller", {"exam": 8, "perception": 1})
    count.note("controller", {"exam": 1})  # restarted
    count.note("robot", {"safety": 4})
    assert count.by_node == {"controller": 3, "robot": 4}
