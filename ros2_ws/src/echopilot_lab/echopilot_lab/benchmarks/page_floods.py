"""Attacks on the operator's page by a local process, each by name: `python -m echopilot_lab.benchmarks.page_floods`."""

import asyncio
import base64
import json
import os
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial

ROUTES = (
    "/",
    "/web/main.js",
    "/api/me",
    "/api/sign-in",
    "/api/confirm",
    "/api/start",
    "/api/do/pause",
    "/api/do/resume",
)
ANSWER_S = 10.0


@dataclass
class Target:
    """The page under attack, seen by a signed-in viewer."""

    port: int
    cookie: str
    token: str
    sent: int = 0
    """Requests, frames and connections so far."""

    def head(self, method: str, path: str, length: int = 0, *more: str, session: bool = True) -> bytes:
        """Head of a request as a browser sends it; without `session` it has no cookie and no token."""
        lines = [f"{method} {path} HTTP/1.1", f"Host: 127.0.0.1:{self.port}", f"Origin: http://127.0.0.1:{self.port}"]
        lines += [f"Cookie: {self.cookie}", f"X-EchoPilot-Token: {self.token}"] if session else []
        lines += [f"Content-Length: {length}", "Content-Type: application/json"] if method == "POST" else []
        return "\r\n".join([*lines, *more, "", ""]).encode()

    async def connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """A connection to the page."""
        return await asyncio.open_connection("127.0.0.1", self.port)

    async def request(self, method: str, path: str, body: bytes = b"", session: bool = True) -> None:
        """One request on a connection of its own, its answer read to the end."""
        reader, writer = await self.connect()
        try:
            head = self.head(method, path, len(body), "Connection: close", session=session)
            writer.write(head + body)
            self.sent += 1
            await asyncio.wait_for(reader.read(1 << 20), ANSWER_S)
        finally:
            writer.close()

    async def socket(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """An open live socket; raises ConnectionError where the page refuses it."""
        reader, writer = await self.connect()
        key = base64.b64encode(os.urandom(16)).decode()
        upgrade = (
            "Upgrade: websocket",
            "Connection: Upgrade",
            "Sec-WebSocket-Version: 13",
            f"Sec-WebSocket-Key: {key}",
        )
        writer.write(self.head("GET", "/ws", 0, *upgrade))
        answer = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), ANSWER_S)
        self.sent += 1
        if b" 101 " not in answer[:20]:
            writer.close()
            raise ConnectionRefusedError(answer[:20].decode(errors="replace"))
        return reader, writer


def frame(payload: bytes, opcode: int = 1) -> bytes:
    """A final, masked frame of a client."""
    length = len(payload)
    size = bytes([0x80 | length]) if length < 126 else bytes([0xFE]) + length.to_bytes(2, "big")
    size = size if length < 1 << 16 else bytes([0xFF]) + length.to_bytes(8, "big")
    return bytes([0x80 | opcode]) + size + bytes(4) + payload  # a mask of zeros


async def small_messages(target: Target) -> None:
    """Small messages on a socket, as many as it takes."""
    reader, writer = await target.socket()
    reading = asyncio.ensure_future(_drain(reader))
    burst = frame(b'{"kind":"ping","at":1}') * 50
    try:
        while not reading.done():
            writer.write(burst)
            target.sent += 50
            await writer.drain()
            await asyncio.sleep(0)
    finally:
        reading.cancel()
        writer.close()


async def never_reads(target: Target) -> None:
    """A socket that is held open and never read."""
    reader, writer = await target.socket()
    writer.transport.pause_reading()  # type: ignore[attr-defined]
    while not writer.transport.is_closing():
        await asyncio.sleep(1.0)
    del reader


async def large_frames(target: Target) -> None:
    """Frames of a mebibyte."""
    reader, writer = await target.socket()
    reading = asyncio.ensure_future(_drain(reader))
    try:
        while not reading.done():
            writer.write(frame(bytes(1 << 20)))
            target.sent += 1
            await writer.drain()
    finally:
        reading.cancel()
        writer.close()


async def sockets_in_turn(target: Target) -> None:
    """Live sockets that are opened and closed at once."""
    _, writer = await target.socket()
    writer.close()


async def half_requests(target: Target) -> None:
    """A request whose head never ends."""
    reader, writer = await target.connect()
    writer.write(target.head("GET", "/api/me")[:-4])
    target.sent += 1
    await reader.read(1 << 16)
    writer.close()


async def slow_bodies(target: Target) -> None:
    """A body that comes a byte a second."""
    reader, writer = await target.connect()
    writer.write(target.head("POST", "/api/confirm", 4000))
    target.sent += 1
    answer = asyncio.ensure_future(reader.read(1 << 16))
    while not answer.done():
        writer.write(b" ")
        await asyncio.wait([answer], timeout=1.0)
    writer.close()


async def connections(target: Target) -> None:
    """Connections without a request."""
    _, writer = await target.connect()
    target.sent += 1
    writer.close()


async def wrong_passwords(target: Target) -> None:
    """Signing in with passwords that are wrong."""
    body = json.dumps({"role": "operator", "password": os.urandom(8).hex()}).encode()
    await target.request("POST", "/api/sign-in", body, session=False)


async def requests(target: Target, path: str, session: bool = True) -> None:
    """Requests to one route."""
    method = "GET" if path in ("/", "/web/main.js", "/api/me") else "POST"
    await target.request(method, path, b"{}" if method == "POST" else b"", session)


async def _drain(reader: asyncio.StreamReader) -> None:
    while await reader.read(1 << 16):
        pass


ATTACKS: dict[str, tuple[Callable[[Target], Awaitable[None]], int]] = {
    "small_messages": (small_messages, 4),
    "never_reads": (never_reads, 300),
    "large_frames": (large_frames, 8),
    "sockets_in_turn": (sockets_in_turn, 16),
    "half_requests": (half_requests, 600),
    "slow_bodies": (slow_bodies, 300),
    "connections": (connections, 64),
    "wrong_passwords": (wrong_passwords, 32),
    **{f"requests {path}": (partial(requests, path=path), 64) for path in ROUTES},
    "stop_of_nobody": (partial(requests, path="/api/do/stop", session=False), 64),
}
"""What one of many clients does again and again, and how many there are at once."""


async def attack(name: str, target: Target) -> None:
    """Run an attack until cancelled; a client whose connection breaks begins again."""
    act, clients = ATTACKS[name]

    async def client() -> None:
        while True:
            try:
                await act(target)
            except (OSError, asyncio.IncompleteReadError, asyncio.TimeoutError, asyncio.LimitOverrunError):
                await asyncio.sleep(0.01)

    await asyncio.gather(*(client() for _ in range(clients)))


def main() -> None:
    """Attack until standard input closes, then print how much was sent."""
    name, port, cookie, token = sys.argv[1:]
    target = Target(int(port), cookie, token)

    async def until_told() -> None:
        running = asyncio.ensure_future(attack(name, target))
        print("running", flush=True)
        await asyncio.to_thread(sys.stdin.read)
        running.cancel()

    asyncio.run(until_told())
    print(json.dumps({"sent": target.sent}), flush=True)
    os._exit(0)  # hundreds of connections need no goodbye


if __name__ == "__main__":
    main()
