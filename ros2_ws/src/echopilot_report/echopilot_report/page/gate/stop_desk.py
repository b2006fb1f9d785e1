"""STOP of signed-in pages: sent at once, one at a time for each session, and written down."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from echopilot_report.page.access.audit import append, entry
from echopilot_report.page.gate.budget import Bucket

RATE_HZ, BURST = 20.0, 20.0
SUMMARY_S = 1.0  # STOPs of one session within it are one line of the audit log, with their number
UNANSWERED = (False, "STOP is not confirmed: use the emergency stop")

Stop = Callable[[str], Awaitable[tuple[bool, str]]]
"""Stops the robot for somebody (name and role): whether it is stopped, and one line for the user."""


@dataclass(frozen=True)
class KnownSession:
    """A session as the gate knows it."""

    key: str
    label: str
    token: str


@dataclass
class _Line:
    """STOPs of one session: the one under way, and those that came since and get one more between them."""

    session: KnownSession
    bucket: Bucket = field(default_factory=lambda: Bucket(RATE_HZ, BURST))
    sending: "asyncio.Task[tuple[bool, str]] | None" = None
    next: "asyncio.Future[tuple[bool, str]] | None" = None
    written_s: float = -SUMMARY_S
    unwritten: int = 0


class StopDesk:
    """Sends STOP; each STOP is followed by a sending that began after it had come."""

    def __init__(self, stop: Stop, audit: Path, tell: Callable[[dict[str, object]], None]) -> None:
        self._stop, self._audit, self._tell = stop, audit, tell
        self._lines: dict[str, _Line] = {}
        self._writing: set[asyncio.Future[str]] = set()

    async def press(self, session: KnownSession) -> tuple[bool, str]:
        """STOP by a session; returns when it has been carried out, or the reason why not."""
        line = self._lines.setdefault(session.key, _Line(session))
        line.unwritten += 1
        if line.sending is None and line.bucket.take(time.monotonic()):
            line.sending = asyncio.ensure_future(self._send(line, 0.0))
            return await asyncio.shield(line.sending)
        if line.next is None:
            line.next = asyncio.get_running_loop().create_future()
            if line.sending is None:
                line.sending = asyncio.ensure_future(self._send_next(line))
        return await asyncio.shield(line.next)

    def forget(self, key: str) -> None:
        """A session has ended."""
        line = self._lines.get(key)
        if line is not None and line.sending is None:
            del self._lines[key]

    async def _send_next(self, line: _Line) -> tuple[bool, str]:
        waiting = line.next
        now_s = time.monotonic()
        pause_s = 0.0 if line.bucket.take(now_s) else line.bucket.wait_s()
        if pause_s:
            await asyncio.sleep(pause_s)
            line.bucket.take(time.monotonic())
        line.next = None
        result = await self._send(line, pause_s)
        if waiting is not None and not waiting.done():
            waiting.set_result(result)
        return result

    async def _send(self, line: _Line, paused_s: float) -> tuple[bool, str]:
        began_s = time.monotonic()
        try:
            result = await self._stop(line.session.label)
        except Exception as error:
            result = (UNANSWERED[0], f"{UNANSWERED[1]} ({type(error).__name__})")
        spent_ms = round(1e3 * (time.monotonic() - began_s + paused_s), 1)
        line.sending = asyncio.ensure_future(self._send_next(line)) if line.next is not None else None
        if began_s - line.written_s >= SUMMARY_S or not result[0]:
            self._write(line, result, began_s, spent_ms)
        else:
            asyncio.get_running_loop().call_later(SUMMARY_S, self._write, line, result, began_s, spent_ms)
        return result

    def _write(self, line: _Line, result: tuple[bool, str], began_s: float, spent_ms: float) -> None:
        """Write what is not written yet; the disk is waited for in a thread."""
        if not line.unwritten:
            return
        count, line.unwritten, line.written_s = line.unwritten, 0, began_s
        more: dict[str, Any] = {"ms": spent_ms} | ({"times": count} if count > 1 else {})
        text = entry("stop", line.session.label, line.session.key, result[0], result[1], **more)
        self._tell({"stopped": text, "key": line.session.key})
        written = asyncio.get_running_loop().run_in_executor(None, append, self._audit, text)
        self._writing.add(written)
        written.add_done_callback(self._written)

    def _written(self, written: "asyncio.Future[str]") -> None:
        self._writing.discard(written)
        if reason := written.result():
            self._tell({"unwritten": reason})
