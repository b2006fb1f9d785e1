"""Connections of OpenIGTLink: messages out of a socket, and the two ways to get one."""

import select
import socket
import time
from contextlib import suppress

from echopilot_core import EchoPilotError
from echopilot_wire.igtl import HEADER_BYTES, IgtlHeader, IgtlMessage, open_body, read_header

SEND_TIMEOUT_S = 2.0
CONNECT_TIMEOUT_S = 1.0
RECEIVE_BYTES = 4_000_000  # an image waits here rather than at a sender that gives up after some milliseconds


class MessageReader:
    """Cuts the bytes of a connection into messages. A damaged one is passed over; its reason is in `refusals`."""

    def __init__(self) -> None:
        self._header: IgtlHeader | None = None
        self._data = bytearray(HEADER_BYTES)
        self._filled = 0
        self.refusals: list[str] = []

    def read(self, connection: socket.socket) -> IgtlMessage | None:
        """Take what has arrived; the message that it completes, or None.

        Raises:
            ConnectionError: the other side closed, or what comes is no OpenIGTLink.
        """
        with memoryview(self._data) as view:
            count = connection.recv_into(view[self._filled :])
        if count == 0:
            raise ConnectionError("the other side closed the connection")
        self._filled += count
        if self._filled < len(self._data):
            return None
        data, header = bytes(self._data), self._header
        if header is None:
            try:
                self._header = read_header(data)
            except ValueError as error:
                raise ConnectionError(str(error)) from error
            if self._header.body_bytes:
                self._expect(self._header.body_bytes)
                return None
            header, data = self._header, b""
        self._header = None
        self._expect(HEADER_BYTES)
        try:
            return open_body(header, data)
        except ValueError as error:
            self.refusals.append(str(error))
            return None

    def _expect(self, count: int) -> None:
        self._data, self._filled = bytearray(count), 0


class IgtlConnection:
    """A connected socket. One thread receives; others may send and close."""

    def __init__(self, connection: socket.socket) -> None:
        connection.settimeout(SEND_TIMEOUT_S)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BYTES)
        self._socket = connection
        self._reader = MessageReader()
        self._poll = select.poll()
        self._poll.register(connection, select.POLLIN)

    def receive(self, timeout_s: float) -> IgtlMessage | None:
        """The next message, None when none was complete within the time; ConnectionError when the connection ended."""
        end_s = time.monotonic() + timeout_s
        while self._poll.poll(1e3 * max(end_s - time.monotonic(), 0.0)):
            message = self._reader.read(self._socket)
            if message is not None:
                return message
        return None

    def take_refusals(self) -> list[str]:
        """Reasons of the damaged messages since the last call."""
        refusals, self._reader.refusals = self._reader.refusals, []
        return refusals

    def send(self, data: bytes) -> None:
        """Send the bytes of a message; ConnectionError when the other side does not take them in 2 s."""
        try:
            self._socket.sendall(data)
        except TimeoutError as error:
            raise ConnectionError(f"the other side took nothing for {SEND_TIMEOUT_S:.0f} s") from error

    def close(self) -> None:
        """End it; a `receive` under way raises ConnectionError."""
        with suppress(OSError):  # it has ended already
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()


class Dial:
    """Connects to a server of OpenIGTLink, such as Plus or 3D Slicer."""

    def __init__(self, host: str, port: int) -> None:
        self._address = (host, port)

    def open(self) -> None:
        """Check the host's name; EchoPilotError when it is none."""
        try:
            socket.getaddrinfo(*self._address, type=socket.SOCK_STREAM)
        except OSError as error:
            raise EchoPilotError(f"host {self._address[0]!a} is not known: {error.strerror}") from error

    def connect(self, timeout_s: float) -> IgtlConnection | None:
        """A connection; OSError when the server does not take it."""
        return IgtlConnection(socket.create_connection(self._address, min(timeout_s, CONNECT_TIMEOUT_S)))

    def close(self) -> None:
        """Nothing is held."""


class Listen:
    """Waits for a client of OpenIGTLink that sends, one at a time."""

    def __init__(self, host: str, port: int) -> None:
        self._address = (host, port)
        self._socket: socket.socket | None = None

    def open(self) -> None:
        """Take the port; EchoPilotError when it is not free or the host is none of this machine."""
        try:
            self._socket = socket.create_server(self._address, backlog=1)
        except OSError as error:
            host, port = self._address
            raise EchoPilotError(f"cannot listen on {host}:{port}: {error.strerror or error}") from error

    def connect(self, timeout_s: float) -> IgtlConnection | None:
        """The connection of the next client; None when none called within the time."""
        assert self._socket is not None, "open it first"
        self._socket.settimeout(max(timeout_s, 1e-3))
        try:
            return IgtlConnection(self._socket.accept()[0])
        except TimeoutError:
            return None

    def close(self) -> None:
        """Give the port back."""
        if self._socket is not None:
            self._socket.close()
