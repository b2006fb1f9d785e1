"""Frames that a WebSocket client sends (RFC 6455), read without decoding more than needed."""

import json
from dataclasses import dataclass, field

LARGEST_MESSAGE = 4096
TEXT, CLOSE = 1, 8
TOO_LARGE, BROKEN, TOO_MANY = 1009, 1002, 1008


class FrameError(Exception):
    """The connection has to end; `code` is for the close frame."""

    def __init__(self, code: int) -> None:
        super().__init__(str(code))
        self.code = code


@dataclass(frozen=True)
class ClientFrame:
    """One frame: its first byte, its payload, and the bytes it came in."""

    first: int
    payload: bytes
    raw: bytes

    @property
    def is_stop(self) -> bool:
        """Whether this is the page's STOP."""
        if self.first != (0x80 | TEXT) or b"stop" not in self.payload:
            return False
        try:
            heard = json.loads(self.payload)
        except (ValueError, RecursionError):
            return False
        return isinstance(heard, dict) and heard.get("kind") == "stop"


@dataclass
class FrameReader:
    """Takes bytes as they come and gives frames one by one."""

    _rest: bytearray = field(default_factory=bytearray)

    def feed(self, data: bytes) -> None:
        """More bytes."""
        self._rest += data

    def next(self) -> ClientFrame | None:
        """The next whole frame; None until more bytes come. Raises FrameError."""
        rest = self._rest
        if len(rest) < 2:
            return None
        length, start = rest[1] & 0x7F, 2
        if not rest[1] & 0x80:
            raise FrameError(BROKEN)
        if length == 127:
            raise FrameError(TOO_LARGE)
        if length == 126:
            if len(rest) < 4:
                return None
            length, start = int.from_bytes(rest[2:4], "big"), 4
        if length > LARGEST_MESSAGE:
            raise FrameError(TOO_LARGE)
        end = start + 4 + length
        if len(rest) < end:
            return None
        raw = bytes(rest[:end])
        del rest[:end]
        return ClientFrame(raw[0], unmasked(raw[start + 4 :], raw[start : start + 4]), raw)


def unmasked(payload: bytes, mask: bytes) -> bytes:
    """The payload with the client's mask taken off."""
    if not payload:
        return b""
    whole = (mask * (len(payload) // 4 + 1))[: len(payload)]
    return (int.from_bytes(payload, "big") ^ int.from_bytes(whole, "big")).to_bytes(len(payload), "big")


def close_frame(code: int) -> bytes:
    """The frame with which a server ends the connection."""
    return bytes([0x80 | CLOSE, 2]) + code.to_bytes(2, "big")
