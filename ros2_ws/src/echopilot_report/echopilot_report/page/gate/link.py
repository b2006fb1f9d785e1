"""Channel between the page and its gate: lines of JSON over a pair of sockets."""

import asyncio
import contextlib
import json
import socket
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

LARGEST_LINE = 1 << 16


@dataclass(frozen=True)
class GateConfig:
    """What the gate needs to know at its start.

    Attributes:
        hosts: Allowed values of the Host header.
        tls: Whether browsers reach the page by TLS.
        certificate: PEM file of the certificate; empty without TLS.
        key: PEM file of its key.
        cookie: Name of the session cookie.
        application: Path of the Unix socket on which the application listens.
        secret: Proof towards the application that a request came through the gate.
        audit: File of the audit log.
    """

    hosts: tuple[str, ...]
    tls: bool
    certificate: str
    key: str
    cookie: str
    application: str
    secret: str
    audit: str

    def line(self) -> dict[str, Any]:
        """As a message."""
        return {"config": asdict(self)}

    @staticmethod
    def of(message: dict[str, Any]) -> "GateConfig":
        """From a message."""
        return GateConfig(**(message["config"] | {"hosts": tuple(message["config"]["hosts"])}))


class Link:
    """One end of the channel; `heard` is called in the loop with every message, `ended` once."""

    def __init__(self, heard: Callable[[dict[str, Any]], None]) -> None:
        self._heard = heard
        self._writer: asyncio.StreamWriter | None = None
        self.ended = asyncio.Event()
        self._reading: asyncio.Task[None] | None = None

    async def open(self, end: socket.socket) -> None:
        """Begin to read."""
        reader, self._writer = await asyncio.open_connection(sock=end, limit=LARGEST_LINE)
        self._reading = asyncio.ensure_future(self._read(reader))

    def send(self, message: dict[str, Any]) -> None:
        """Send one message; dropped when the other end has gone."""
        if self._writer is not None and not self._writer.is_closing():
            self._writer.write(json.dumps(message).encode() + b"\n")

    def close(self) -> None:
        """End the channel."""
        if self._writer is not None:
            self._writer.close()
        if self._reading is not None:
            self._reading.cancel()
        self.ended.set()

    async def _read(self, reader: asyncio.StreamReader) -> None:
        with contextlib.suppress(OSError):
            while line := await reader.readline():
                self._heard(json.loads(line))
        self.ended.set()
