"""One connection of a client: its request is read within limits, then answered, passed on, or stopped with."""

import asyncio
import enum
from typing import Any, Protocol

from echopilot_report.page.gate import frames
from echopilot_report.page.gate.budget import Bucket
from echopilot_report.page.gate.head import LARGEST_HEAD, HeadError, RequestHead, answer, parse_head

MESSAGES_HZ, MESSAGES_BURST = 60.0, 120.0  # of one live socket; a page sends at most 20 a second
LARGEST_BACKLOG = 1 << 18  # bytes for a reader that does not read, before the application is paused


class Stage(enum.Enum):
    """How far a connection has come."""

    READING = enum.auto()
    WAITING = enum.auto()
    UNDER_WAY = enum.auto()
    LIVE = enum.auto()
    HELD = enum.auto()  # refused, and told so a little later, because too many are
    ENDING = enum.auto()  # answered: what still comes is read and thrown away


class Owner(Protocol):
    """What a connection asks of the gate that accepted it; see `server.Gate`."""

    def now_s(self) -> float: ...
    def may_refuse_now(self) -> bool: ...
    def hold(self, client: "Client") -> None: ...
    def judge(self, client: "Client", head: RequestHead) -> bool: ...
    def stop_by_socket(self, client: "Client") -> None: ...
    def line_up(self, client: "Client", head: RequestHead) -> None: ...
    def left_stage(self, client: "Client") -> None: ...
    def ending(self, client: "Client") -> None: ...
    def gone(self, client: "Client") -> None: ...


class Client(asyncio.Protocol):
    """Server side of one client's connection."""

    transport: asyncio.Transport

    def __init__(self, gate: "Owner", peer: str, now_s: float) -> None:
        self._gate, self.peer = gate, peer
        self.stage = Stage.READING
        self.since_s = now_s
        self.head: RequestHead | None = None
        self.body = b""
        self.last = b""  # the answer of a refusal that is held
        self.source = ""
        self.session_key = ""
        self.upstream: Upstream | None = None
        self._heard = bytearray()
        self._frames: frames.FrameReader | None = None
        self._messages = Bucket(MESSAGES_HZ, MESSAGES_BURST)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Limit what is kept for a slow reader."""
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        transport.set_write_buffer_limits(high=LARGEST_BACKLOG)

    def data_received(self, data: bytes) -> None:
        """Bytes of a request, or of a live socket."""
        if self.stage is Stage.LIVE:
            self._hear_frames(data)
        elif self.stage is Stage.READING:
            self._heard += data
            self._read()
        elif self.stage not in (Stage.HELD, Stage.ENDING) and len(data) > LARGEST_HEAD:
            self.transport.abort()  # nothing more is expected before the answer

    def _read(self) -> None:
        if self.head is None:
            end = self._heard.find(b"\r\n\r\n")
            if end < 0:
                if len(self._heard) > LARGEST_HEAD:
                    self.refuse(400, "the head of the request is too large")
                return
            try:
                self.head = parse_head(bytes(self._heard[: end + 4]))
            except HeadError as wrong:
                self.refuse(400, str(wrong))
                return
            del self._heard[: end + 4]
            if self._gate.judge(self, self.head):
                return
        if len(self._heard) >= self.head.body_length:
            self.body = bytes(self._heard[: self.head.body_length])
            self._heard.clear()
            self._gate.line_up(self, self.head)

    def refuse(self, status: int, detail: str, *headers: str) -> None:
        """Answer with the reason and end; later when many are refused, so that a flood waits for its answers."""
        if self.stage in (Stage.HELD, Stage.ENDING) or self.transport.is_closing():
            return
        last = answer(status, {"detail": detail}, *headers)
        if self._gate.may_refuse_now():
            self.end(last)
            return
        self._gate.left_stage(self)
        self.stage, self.last = Stage.HELD, last
        self._heard.clear()
        self._gate.hold(self)

    def end(self, last: bytes = b"") -> None:
        """Send the last bytes; then wait shortly for the client to close, so that they are not lost on their way."""
        if self.stage is Stage.ENDING or self.transport.is_closing():
            return
        self._gate.left_stage(self)
        self.stage, self.since_s = Stage.ENDING, self._gate.now_s()
        self._heard.clear()
        if last:
            self.transport.write(last)
        try:
            self.transport.write_eof()
        except (OSError, NotImplementedError):  # gone already, or TLS
            self.transport.close()
        self._gate.ending(self)

    def end_held(self) -> None:
        """Tell a refusal that was held."""
        if self.stage is Stage.HELD:
            self.end(self.last)

    def go_live(self) -> None:
        """From now on the client's bytes are frames."""
        self.stage, self._frames = Stage.LIVE, frames.FrameReader()

    def _hear_frames(self, data: bytes) -> None:
        reader = self._frames
        assert reader is not None
        reader.feed(data)
        passed = []
        try:
            while (frame := reader.next()) is not None:
                if frame.is_stop:
                    self._gate.stop_by_socket(self)
                elif self._messages.take(self._gate.now_s()):
                    passed.append(frame.raw)
                else:
                    raise frames.FrameError(frames.TOO_MANY)
        except frames.FrameError as wrong:
            self.end(frames.close_frame(wrong.code))
            self.transport.pause_reading()  # what a flood still sends costs it its time, not ours
            return
        if passed and self.upstream is not None:
            self.upstream.write(b"".join(passed))

    def pause_writing(self) -> None:
        """The client does not read: the application has to wait."""
        if self.upstream is not None:
            self.upstream.pause(True)

    def resume_writing(self) -> None:
        """The client reads again."""
        if self.upstream is not None:
            self.upstream.pause(False)

    def connection_lost(self, error: Exception | None) -> None:
        """The client has gone."""
        self._gate.gone(self)


class Upstream(asyncio.Protocol):
    """Connection to the application for one client."""

    transport: asyncio.Transport | None = None

    def __init__(self, client: Client, first: bytes) -> None:
        self._client, self._first = client, first
        self._answered = False

    def connection_made(self, transport: Any) -> None:
        """Send the request."""
        self.transport = transport
        transport.write(self._first)

    def data_received(self, data: bytes) -> None:
        """Part of the answer."""
        self._answered = True
        if not self._client.transport.is_closing():
            self._client.transport.write(data)

    def connection_lost(self, error: Exception | None) -> None:
        """The answer is complete, or the application has gone."""
        self._client.upstream = None
        if self._answered or self._client.stage is Stage.ENDING:
            self._client.end()
        else:
            self._client.refuse(502, "the page does not answer")

    def write(self, data: bytes) -> None:
        """Bytes for the application."""
        if self.transport is not None and not self.transport.is_closing():
            self.transport.write(data)

    def pause(self, paused: bool) -> None:
        """Stop or go on reading."""
        if self.transport is not None and not self.transport.is_closing():
            (self.transport.pause_reading if paused else self.transport.resume_reading)()

    def close(self) -> None:
        """The client has gone."""
        if self.transport is not None:
            self.transport.abort()
