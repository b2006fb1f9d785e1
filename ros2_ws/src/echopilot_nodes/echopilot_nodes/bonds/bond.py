"""The holder's end of a bond: one role of one graph, taken by at most one process at a time."""

import contextlib
import fcntl
import os
import secrets
import selectors
import socket
import sys
import threading
import time
from dataclasses import dataclass, replace
from io import FileIO
from typing import Any

from echopilot_core import EchoPilotError
from echopilot_nodes.bonds.folder import graph_folder, graph_key, proof
from echopilot_nodes.bonds.state import BondState

WATCHERS = 64
NONCE_BYTES = 16
RUNNING = BondState()
_TAKE_S = 3.0  # a predecessor that was killed may still be on its way out
_LOOK_S = 0.05


@dataclass
class _Watcher:
    nonce: bytes
    knows: bool = False
    pending: bool = False


class Bond:
    """Holds a role until the process ends, and says its state to whoever watches and knows the graph's key.

    A thread of its own answers, so that a busy node is not taken for a dead one. Where there are no bonds (not Linux)
    nothing happens.
    """

    def __init__(self, namespace: str, role: str, state: BondState = RUNNING) -> None:
        """Raises EchoPilotError when another process of this graph holds the role, or the folder is not private."""
        self.state = state
        self._watchers: dict[socket.socket, _Watcher] = {}
        self._lock = threading.Lock()
        self._socket: socket.socket | None = None
        if sys.platform != "linux":
            return
        folder = graph_folder(namespace)
        self._role, self._key = role, graph_key(folder)
        self._taken = _take(folder / f"{role}.lock", role)
        self._path = folder / f"{role}.socket"
        self._path.unlink(missing_ok=True)
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._socket.setblocking(False)
        self._socket.bind(str(self._path))
        self._socket.listen(WATCHERS)
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._socket, selectors.EVENT_READ)
        self._wake, wake = socket.socketpair()
        self._selector.register(wake, selectors.EVENT_READ)
        self._woken = wake
        self._thread = threading.Thread(target=self._serve, name="bond", daemon=True)
        self._thread.start()

    def say(self, **changes: Any) -> None:
        """Change fields of the state; watchers have them when this returns, those that do not read a little later."""
        with self._lock:
            state = replace(self.state, **changes)
            if state == self.state:
                return
            self.state = state
            for end, watcher in self._watchers.items():
                if watcher.knows:
                    self._send(end, watcher)
        if self._socket is not None:
            self._wake.send(b".")

    def close(self) -> None:
        """Say goodbye and let a successor have the role."""
        if self._socket is None:
            return
        self.say(leaving=True, active=False)
        listening, self._socket = self._socket, None
        self._wake.close()  # ends the thread
        self._thread.join()
        for end in (listening, self._woken, *self._watchers):
            end.close()
        self._watchers.clear()
        self._selector.close()
        self._path.unlink(missing_ok=True)
        self._taken.close()

    def _send(self, end: socket.socket, watcher: _Watcher) -> None:
        try:
            end.send(self.state.encoded())
            watcher.pending = False
        except BlockingIOError:
            watcher.pending = True
        except OSError:
            watcher.pending = False  # the thread hears of its end

    def _serve(self) -> None:
        with contextlib.suppress(OSError, ValueError):  # closed by the owner
            while True:
                for found, events in self._selector.select():
                    end = found.fileobj
                    if end is self._woken:
                        if not self._woken.recv(64):
                            return
                        self._await_room()
                    elif end is self._socket:
                        self._accept()
                    elif isinstance(end, socket.socket):
                        self._hear(end, events)

    def _await_room(self) -> None:
        with self._lock:
            for end, watcher in self._watchers.items():
                both = selectors.EVENT_READ | (selectors.EVENT_WRITE if watcher.pending else 0)
                self._selector.modify(end, both)

    def _accept(self) -> None:
        assert self._socket is not None
        try:
            end, _ = self._socket.accept()
        except BlockingIOError:
            return
        end.setblocking(False)
        nonce = secrets.token_bytes(NONCE_BYTES)
        with self._lock:
            strangers = [other for other, watcher in self._watchers.items() if not watcher.knows]
            if len(self._watchers) >= WATCHERS and strangers:
                self._drop(strangers[0])
            if len(self._watchers) >= WATCHERS:
                end.close()
                return
            self._watchers[end] = _Watcher(nonce)
            self._selector.register(end, selectors.EVENT_READ)
        with contextlib.suppress(OSError):
            end.send(nonce)

    def _hear(self, end: socket.socket, events: int) -> None:
        with self._lock:
            watcher = self._watchers[end]
            if events & selectors.EVENT_WRITE and watcher.pending:
                self._send(end, watcher)
                if not watcher.pending:
                    self._selector.modify(end, selectors.EVENT_READ)
            if not events & selectors.EVENT_READ:
                return
            try:
                packet = end.recv(256)
            except BlockingIOError:
                return
            except OSError:
                packet = b""
            theirs, answer = packet[:NONCE_BYTES], packet[NONCE_BYTES:]
            if watcher.knows or answer != proof(self._key, self._role, "watcher", watcher.nonce):
                self._drop(end)
                return
            watcher.knows = True
            with contextlib.suppress(OSError):
                end.send(proof(self._key, self._role, "holder", theirs))
            self._send(end, watcher)

    def _drop(self, end: socket.socket) -> None:
        self._selector.unregister(end)
        del self._watchers[end]
        end.close()


def _take(path: Any, role: str) -> FileIO:
    """The lock of a role, which the kernel gives back when the process ends; EchoPilotError when it is held."""
    file = FileIO(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600), "r+")
    last_s = time.monotonic() + _TAKE_S
    while True:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            break
        except BlockingIOError:
            if time.monotonic() > last_s:
                holder = file.read().decode(errors="replace").strip()
                file.close()
                domain = os.environ.get("ROS_DOMAIN_ID", "0")
                raise EchoPilotError(
                    f"{role} of this graph (ROS domain {domain}) is held by process {holder or '?'}: end it first"
                ) from None
            time.sleep(_LOOK_S)
    file.truncate(0)
    file.write(f"{os.getpid()}\n".encode())
    return file
