"""Keeper of the gate's process: starts it, tells it of the sessions, hears of STOPs, starts it again when it ends."""

import asyncio
import contextlib
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from echopilot_report.page.access.sessions import PageSession
from echopilot_report.page.gate.link import GateConfig, Link

if TYPE_CHECKING:
    from echopilot_report.page.state import PageState

COMMAND = (sys.executable, "-m", "echopilot_report.page.gate.process")
SHORTEST_LIFE_S, PAUSE_S, END_S = 1.0, 0.5, 3.0


class GateKeeper:
    """Keeps one gate running; used from the application's loop alone.

    Args:
        command: Starts the gate's process; two descriptors are added.
        listening: The bound socket.
        config: What the gate needs to know.
        started: Called when the gate has begun to accept.
    """

    def __init__(
        self, command: tuple[str, ...], listening: socket.socket, config: GateConfig, started: Callable[[], None]
    ) -> None:
        self._command, self._listening, self._config, self._started = command, listening, config, started
        self._link: Link | None = None
        self._state: PageState | None = None
        self._answering: set[asyncio.Future[None]] = set()
        self.process: subprocess.Popen[bytes] | None = None

    async def keep(self, state: "PageState") -> None:
        """Run the gate until cancelled."""
        self._state = state
        state.sessions.on_change = self._tell_session
        while True:
            began_s = time.monotonic()
            await self._one_life(state)
            state.log("the gate of the page has ended and begins again", "alarm")
            if time.monotonic() - began_s < SHORTEST_LIFE_S:
                await asyncio.sleep(PAUSE_S)

    async def _one_life(self, state: "PageState") -> None:
        ours, theirs = socket.socketpair()
        numbers = theirs.fileno(), self._listening.fileno()
        command = [self._command[0], *self._command[1:3], *map(str, numbers), *self._command[3:]]
        self.process = subprocess.Popen(command, pass_fds=numbers)
        theirs.close()
        ours.setblocking(False)
        self._link = Link(self._heard)
        await self._link.open(ours)
        self._link.send(self._config.line())
        for session in state.sessions.all():
            self._tell_session(session, True)
        try:
            await self._link.ended.wait()
        finally:
            with contextlib.suppress(OSError):
                ours.shutdown(socket.SHUT_RDWR)  # at once, also while this loop waits below
            self._link.close()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(END_S)
            if self.process.poll() is None:
                self.process.kill()
                self.process.wait()

    def _tell_session(self, session: PageSession, is_open: bool) -> None:
        if self._link is None:
            return
        known = {"key": session.key, "label": session.label, "token": session.token}
        self._link.send({"open": known} if is_open else {"close": session.key})

    def _heard(self, message: dict[str, Any]) -> None:
        state = self._state
        assert state is not None
        if message.get("ready"):
            self._started()
        elif "ask" in message:
            answering = asyncio.ensure_future(self._answer(message["ask"], message["by"]))
            self._answering.add(answering)
            answering.add_done_callback(self._answering.discard)
        elif "stopped" in message:
            state.stopped(message["key"], message["stopped"])
        elif "unwritten" in message:
            state.log(f"the audit log cannot be written: {message['unwritten']}", "alarm")

    async def _answer(self, number: int, by: str) -> None:
        from echopilot_report.page.access.roles import Action
        from echopilot_report.page.graph import PageRequest

        assert self._state is not None and self._link is not None
        result = await self._state.graph.ask(PageRequest(Action.STOP, by))
        self._link.send({"answer": number, "done": result.done, "message": result.message})
