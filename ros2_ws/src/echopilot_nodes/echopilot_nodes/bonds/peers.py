"""The watcher's end of bonds: which peers live, answer, went on or are gone."""

import contextlib
import os
import secrets
import select
import socket
import struct
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from echopilot_nodes.bonds.bond import NONCE_BYTES
from echopilot_nodes.bonds.folder import graph_folder, graph_key, proof
from echopilot_nodes.bonds.state import BondState, decoded

RETRY_S = 0.1
_PACKET_BYTES = 4096
SAME_SESSION = "ECHOPILOT_BONDS"  # environment: "session" where one launcher starts all nodes in a session of its own


@dataclass
class _Tie:
    """A connection: `nonce` was received, `state` is known once the holder has proved that it knows the key."""

    end: socket.socket
    process: int
    nonce: bytes
    greeted: bool = False
    proved: bool = False
    state: BondState | None = None

    def close(self) -> None:
        self.end.close()
        os.close(self.process)


class Peers:
    """Watches roles of a graph. Every answer is as of the last `poll`, which costs one system call.

    A role is bonded once its process has proved that it knows the graph's key; it stays with that process until the
    process ends: nobody can take it over. `refused` counts holders that could not prove it.
    """

    def __init__(self, namespace: str, roles: Iterable[str], say: Callable[[str], object]) -> None:
        """`say` takes one line for holders that are refused. Raises EchoPilotError for a folder that is not private."""
        self._ties: dict[str, _Tie] = {}
        self._last: dict[str, BondState] = {}
        self._gone: dict[str, bool] = {}  # role: it left in order
        self._roles = tuple(roles)
        self._say, self.refused = say, 0
        self._retry_s = -RETRY_S
        self._poll = select.poll() if sys.platform == "linux" else None
        self._folder = graph_folder(namespace) if self._poll is not None else Path()
        self._key = graph_key(self._folder) if self._poll is not None else b""

    def poll(self) -> None:
        """Look at all sockets, and for peers that are new or back."""
        if self._poll is None:
            return
        if self._ties and self._poll.poll(0):
            for role in list(self._ties):
                self._read(role)
        now_s = time.monotonic()
        if len(self._ties) < len(self._roles) and now_s - self._retry_s >= RETRY_S:
            self._retry_s = now_s
            for role in self._roles:
                if role not in self._ties:
                    self._connect(role)

    def is_bonded(self, role: str) -> bool:
        """Whether the process lives, as its socket says."""
        tie = self._ties.get(role)
        return tie is not None and tie.state is not None

    def state(self, role: str) -> BondState | None:
        """What a process said of itself last, also after its end; None for one that never was bonded."""
        return self._last.get(role)

    def lost(self) -> tuple[str, ...]:
        """Roles whose process was bonded and has ended, and is not back."""
        return tuple(self._gone)

    def has_left(self, role: str) -> bool:
        """Whether a lost process ended in order."""
        return self._gone.get(role, False)

    def is_away(self, role: str) -> bool:
        """Whether a process will not answer: it has ended, or it was stopped."""
        state = self._last.get(role)
        return role in self._gone or (state is not None and not state.active)

    def close(self) -> None:
        """End all connections."""
        for tie in self._ties.values():
            tie.close()
        self._ties.clear()

    def _connect(self, role: str) -> None:
        end = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        end.setblocking(False)
        try:
            end.connect(str(self._folder / f"{role}.socket"))
            pid, uid, _ = struct.unpack("3i", end.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))
            if uid != os.getuid() or not _is_ours(pid):
                self._refuse(role, end, f"process {pid} is not one of this graph")
                return
            process = os.pidfd_open(pid)
        except OSError:  # it is not there yet
            end.close()
            return
        self._ties[role] = _Tie(end, process, secrets.token_bytes(NONCE_BYTES))
        assert self._poll is not None
        self._poll.register(end, select.POLLIN)
        self._poll.register(process, select.POLLIN)

    def _read(self, role: str) -> None:
        tie = self._ties[role]
        with contextlib.suppress(BlockingIOError):
            while True:
                try:
                    packet = tie.end.recv(_PACKET_BYTES)
                except ConnectionError:
                    packet = b""
                if not packet:
                    self._end(role)
                    return
                if not self._take(role, tie, packet):
                    return
        if select.select([tie.process], [], [], 0)[0]:  # a child of it may still hold the socket
            self._end(role)

    def _take(self, role: str, tie: _Tie, packet: bytes) -> bool:
        """One packet: the holder's nonce, its proof, then its states."""
        try:
            if not tie.greeted:
                tie.greeted = True
                tie.end.send(tie.nonce + proof(self._key, role, "watcher", packet))
            elif not tie.proved:
                if packet != proof(self._key, role, "holder", tie.nonce):
                    raise ValueError("it does not know the graph's key")
                tie.proved = True
            else:
                tie.state = self._last[role] = decoded(packet)
                if not tie.state.leaving:
                    self._gone.pop(role, None)
        except (ValueError, OSError) as error:
            self._drop(role)
            if isinstance(error, ValueError):
                self._refuse(role, None, str(error))
            return False
        return True

    def _end(self, role: str) -> None:
        state = self._ties[role].state
        self._drop(role)
        if state is not None:
            self._gone[role] = state.leaving

    def _drop(self, role: str) -> None:
        assert self._poll is not None
        tie = self._ties.pop(role)
        self._poll.unregister(tie.end)
        self._poll.unregister(tie.process)
        tie.close()

    def _refuse(self, role: str, end: socket.socket | None, why: str) -> None:
        if end is not None:
            end.close()
        self.refused += 1
        if self.refused == 1 or self.refused % 100 == 0:
            self._say(f"a bond as {role} is refused ({self.refused} so far): {why}")


def _is_ours(pid: int) -> bool:
    """Whether a process may belong to this graph: where one launcher started all, it is of the same session."""
    if os.environ.get(SAME_SESSION) != "session":
        return True
    try:
        return os.getsid(pid) == os.getsid(0)
    except OSError:
        return False
