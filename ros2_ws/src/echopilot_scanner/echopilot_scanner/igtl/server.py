"""A server of OpenIGTLink: images, poses, strings and states to 3D Slicer and others, commands from them."""

import selectors
import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field

import numpy as np

from echopilot_core import Array, EchoPilotError, Frame, se3
from echopilot_core.guarded.bounded import one_line
from echopilot_scanner.igtl.commands import ANSWER, COMMAND, Answer, answer_text
from echopilot_scanner.igtl.connection import MessageReader
from echopilot_wire.igtl import (
    IgtlImage,
    IgtlMessage,
    IgtlStatus,
    from_igtl_string,
    pack,
    to_igtl_image,
    to_igtl_status,
    to_igtl_string,
    to_igtl_transform,
)

MOST_CLIENTS = 8


@dataclass
class _Client:
    """A connected client: what it sends, what is under way to it, and the newest message of each device behind that."""

    reader: MessageReader = field(default_factory=MessageReader)
    under_way: memoryview = field(default_factory=lambda: memoryview(b""))
    waiting: dict[tuple[str, str], bytes] = field(default_factory=dict)


class IgtlServer:
    """Sends to every client the newest message of each device: a slow client skips messages and delays nobody.

    Whoever reaches the port sees the images; the protocol has no password. `commands` is called in the server's thread
    with the text of a command and gives the answer, or raises EchoPilotError with the reason of a refusal.
    """

    def __init__(self, host: str, port: int, commands: Callable[[str], str]) -> None:
        """Begin to listen (port 0: any free one); EchoPilotError when the port is not free."""
        try:
            self._listener = socket.create_server((host, port), backlog=MOST_CLIENTS)
        except OSError as error:
            raise EchoPilotError(f"cannot listen on {host}:{port}: {error.strerror or error}") from error
        self._listener.setblocking(False)
        self._commands = commands
        self._changed = threading.Condition()
        self._clients: dict[socket.socket, _Client] = {}
        self._wake_in, self._wake_out = socket.socketpair()
        self._wake_in.setblocking(False)
        self._selector = selectors.DefaultSelector()
        for listened in (self._listener, self._wake_out):
            self._selector.register(listened, selectors.EVENT_READ)
        self._ends = False
        self._thread = threading.Thread(target=self._serve, name="openigtlink", daemon=True)
        self._thread.start()

    @property
    def port(self) -> int:
        """Port that it listens on."""
        return int(self._listener.getsockname()[1])

    @property
    def clients(self) -> int:
        """How many clients are connected."""
        return len(self._clients)

    def send_frame(self, device: str, frame: Frame, T_base_probe: Array | None = None) -> None:
        """Send the image of a frame where it is in `base`, or in `probe` without a pose; with its stamp and spacing."""
        g = frame.geometry
        corner_m = [-g.origin_u_px * g.spacing_x_m, 0.0, -g.origin_v_px * g.spacing_y_m]
        T_probe_image = se3.transform(se3.R_PROBE_US_IMAGE, np.array(corner_m))
        T = T_probe_image if T_base_probe is None else T_base_probe @ T_probe_image
        image = IgtlImage(frame.image, (g.spacing_x_m, g.spacing_y_m), T)
        self.send(IgtlMessage("IMAGE", device, frame.stamp_ns, to_igtl_image(image)))

    def send_pose(self, device: str, stamp_ns: int, T: Array) -> None:
        """Send a pose (4, 4) [m]."""
        self.send(IgtlMessage("TRANSFORM", device, stamp_ns, to_igtl_transform(T)))

    def send_string(self, device: str, stamp_ns: int, text: str) -> None:
        """Send a text."""
        self.send(IgtlMessage("STRING", device, stamp_ns, to_igtl_string(text)))

    def send_status(self, device: str, stamp_ns: int, status: IgtlStatus) -> None:
        """Send the state of a device."""
        self.send(IgtlMessage("STATUS", device, stamp_ns, to_igtl_status(status)))

    def send(self, message: IgtlMessage) -> None:
        """Send a message to every client; an older one of its device that still waits is dropped."""
        if self._clients:
            data = pack(message)
            with self._changed:
                for client in self._clients.values():
                    client.waiting[message.kind, message.device] = data
            self._wake()

    def wait_for_client(self, timeout_s: float) -> bool:
        """Wait until a client connects; False when none did within the time."""
        with self._changed:
            return self._changed.wait(timeout_s)

    def close(self) -> None:
        """End every connection and give the port back."""
        self._ends = True
        self._wake()
        self._thread.join()
        for opened in (*self._clients, self._listener, self._wake_in, self._wake_out):
            opened.close()
        self._selector.close()

    def _wake(self) -> None:
        with suppress(BlockingIOError):  # it is awake
            self._wake_in.send(b"\0")

    def _serve(self) -> None:
        while not self._ends:
            for key, events in self._selector.select():
                found = key.fileobj
                assert isinstance(found, socket.socket)
                if found is self._listener:
                    self._accept()
                elif found is self._wake_out:
                    found.recv(4096)
                elif found in self._clients:
                    self._exchange(found, self._clients[found], events)
            for connection, client in list(self._clients.items()):
                if client.waiting and not client.under_way:
                    self._exchange(connection, client, selectors.EVENT_WRITE)

    def _accept(self) -> None:
        connection, _ = self._listener.accept()
        if len(self._clients) >= MOST_CLIENTS:
            connection.close()
            return
        connection.setblocking(False)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with self._changed:
            self._clients[connection] = _Client()
            self._changed.notify_all()
        self._selector.register(connection, selectors.EVENT_READ)

    def _exchange(self, connection: socket.socket, client: _Client, events: int) -> None:
        try:
            if events & selectors.EVENT_READ and (message := client.reader.read(connection)) is not None:
                self._heard(client, message)
            if events & selectors.EVENT_WRITE:
                self._write(connection, client)
            more = selectors.EVENT_WRITE if client.under_way else 0
            self._selector.modify(connection, selectors.EVENT_READ | more)
        except BlockingIOError:
            pass
        except OSError:
            self._selector.unregister(connection)
            with self._changed:
                del self._clients[connection]
            connection.close()

    def _write(self, connection: socket.socket, client: _Client) -> None:
        while True:
            if not client.under_way:
                with self._changed:
                    if not client.waiting:
                        return
                    oldest = next(iter(client.waiting))
                    client.under_way = memoryview(client.waiting.pop(oldest))
            try:
                client.under_way = client.under_way[connection.send(client.under_way) :]
            except BlockingIOError:
                return

    def _heard(self, client: _Client, message: IgtlMessage) -> None:
        number = message.device.removeprefix(COMMAND)
        if message.kind != "STRING" or not message.device.startswith(COMMAND):
            return
        try:
            answer = Answer(True, self._commands(from_igtl_string(message.content)))
        except (EchoPilotError, ValueError) as error:
            answer = Answer(False, one_line(error))
        reply = IgtlMessage("STRING", ANSWER + number, message.stamp_ns, to_igtl_string(answer_text(answer)))
        with self._changed:
            client.waiting["STRING", reply.device] = pack(reply)
