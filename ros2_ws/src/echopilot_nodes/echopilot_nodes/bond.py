"""Heart-beats without a clock: a socket from each process to safety, which the kernel closes when the process dies.

Under lockstep wall time says nothing, and under load every time-out is either slow or false. The end of a process is
seen at the next control tick, whatever killed it. Linux only, one host; elsewhere nodes just have no bond.
"""

import os
import socket
import struct
import sys
from collections.abc import Callable

from rclpy.node import Node

from echopilot_nodes.clock import wall_clock

RETRY_S = 0.5
_NAME_BYTES = 64


def address(namespace: str) -> str:
    """Abstract socket of the graph in this ROS domain and namespace."""
    return f"\0echopilot/{os.getuid()}/{os.environ.get('ROS_DOMAIN_ID', '0')}{namespace}"


class Bond:
    """One node's end: connects to safety, and again when safety was restarted."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self._socket: socket.socket | None = None
        if sys.platform == "linux":
            node.create_timer(RETRY_S, self._hold, clock=wall_clock())

    def _hold(self) -> None:
        if self._socket is not None and _is_open(self._socket):
            return
        self._socket = None
        end = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        end.setblocking(False)
        try:
            end.connect(address(self._node.get_namespace()))
            end.sendall(self._node.get_name().encode()[:_NAME_BYTES])
        except OSError:  # safety is not there yet
            end.close()
            return
        self._socket = end


class Bonds:
    """Safety's end: who has been there, and who is gone."""

    def __init__(self, namespace: str, complain: Callable[[str], object]) -> None:
        self._alive: dict[str, socket.socket] = {}
        self._unnamed: list[socket.socket] = []
        self._lost: dict[str, None] = {}
        self._server: socket.socket | None = None
        if sys.platform != "linux":
            return
        self._server = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._server.setblocking(False)
        try:
            self._server.bind(address(namespace))
            self._server.listen(16)
        except OSError as error:
            complain(f"no heart-beats: {error}; is another safety running in this domain?")
            self._server.close()
            self._server = None

    def lost(self) -> tuple[str, ...]:
        """Names of processes that were bound and have died; one that comes back is no longer lost."""
        if self._server is None:
            return ()
        self._accept(self._server)
        for name, end in list(self._alive.items()):
            if not _is_open(end):
                end.close()
                del self._alive[name]
                self._lost[name] = None
        return tuple(self._lost)

    def close(self) -> None:
        """Leave the address."""
        if self._server is not None:
            self._server.close()

    def _accept(self, server: socket.socket) -> None:
        try:
            while True:
                end, _ = server.accept()
                end.setblocking(False)
                if _user(end) == os.getuid():
                    self._unnamed.append(end)
                else:
                    end.close()
        except BlockingIOError:
            pass
        for end in list(self._unnamed):
            try:
                name = end.recv(_NAME_BYTES).decode(errors="replace")
            except BlockingIOError:
                continue
            except OSError:
                name = ""
            self._unnamed.remove(end)
            if name:
                self._alive[name] = end
                self._lost.pop(name, None)


def _user(end: socket.socket) -> int:
    """User id of the process at the other end."""
    credentials = end.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
    return int(struct.unpack("3i", credentials)[1])


def _is_open(end: socket.socket) -> bool:
    try:
        return end.recv(1) != b""
    except BlockingIOError:
        return True
    except OSError:
        return False
