"""Shared state of the page's application: sessions, holds, passwords' turns, and what is written down."""

import asyncio
import secrets
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from starlette.requests import HTTPConnection

from echopilot_core import Clock
from echopilot_report.page.access import audit, request_checks
from echopilot_report.page.access.holds import Holds
from echopilot_report.page.access.password_turns import PasswordTurns
from echopilot_report.page.access.roles import Action, Role
from echopilot_report.page.access.sessions import PageSession, Sessions
from echopilot_report.page.graph import Graph
from echopilot_report.page.live.hub import Hub
from echopilot_report.page.live.messages import log_line, message

WATCH_S = 0.5
REPEAT_S = 10.0  # wrong passwords within it are one line of the page's log


@dataclass
class PageState:
    """State shared by all routes of one application; used in the server's loop alone.

    Attributes:
        hub: Distributes images, states and log lines to the open pages.
        graph: Carries out the requests.
        hashes: Argon2id hash per role.
        address: Where the page is served.
        protocols: Names of the protocols that an operator may start.
        clock: Time of sessions, confirmations and hand-overs.
        audit: File of the audit log.
    """

    hub: Hub
    graph: Graph
    hashes: dict[Role, str]
    address: request_checks.Address
    protocols: tuple[str, ...]
    clock: Clock
    audit: Path
    sessions: Sessions = field(init=False)
    holds: Holds = field(init=False)
    sign_ins: PasswordTurns = field(init=False)
    confirms: PasswordTurns = field(init=False)
    """Of signed-in sessions: no sign-in delays them."""
    wrong_confirms: Counter[str] = field(default_factory=Counter)
    secret: str = field(default_factory=lambda: secrets.token_urlsafe(24))
    """Proof of the gate that a request came through it."""
    _writing: set["asyncio.Future[None]"] = field(default_factory=set)
    _wrong: int = 0
    _wrong_s: float = -REPEAT_S

    def __post_init__(self) -> None:
        self.sessions, self.holds = Sessions(self.clock), Holds(self.clock)
        self.sign_ins, self.confirms = PasswordTurns(time.monotonic), PasswordTurns(time.monotonic)

    @property
    def port(self) -> int:
        """Port on which the page is served."""
        return int(min(self.address.hosts).rpartition(":")[2])

    @property
    def cookie(self) -> str:
        """Name of the session cookie; it contains the port, because cookies are shared by all ports of a host."""
        return f"echopilot_{self.port}"

    def session_of(self, connection: HTTPConnection) -> PageSession | None:
        """The session of a connection's cookie; None without a valid one."""
        return self.sessions.of(connection.cookies.get(self.cookie))

    def log(self, text: str, level: str = "info") -> None:
        """A line in the log of every page."""
        self.hub.put_log(log_line(text, level))

    def wrong_password(self, what: str) -> None:
        """Log a wrong password; many within a short time are one line, so that they push nothing out of the log."""
        self._wrong += 1
        now_s = time.monotonic()
        if now_s - self._wrong_s >= REPEAT_S:
            self.log(f"wrong password for {what}" + (f", {self._wrong} times" if self._wrong > 1 else ""), "warn")
            self._wrong, self._wrong_s = 0, now_s

    # Commands

    async def write(self, line: dict[str, object], in_audit: bool = True) -> None:
        """Write a command to the audit log and to the record of the running exam, before it is answered."""
        folder = self.graph.record_folder
        files = ([self.audit] if in_audit else []) + ([folder / audit.NAME] if folder is not None else [])
        for path in files:
            if reason := await asyncio.to_thread(audit.append, path, line):
                self.log(f"a command is not written down: {reason}", "alarm")

    async def commanded(self, command: str, session: PageSession, done: bool, outcome: str, **more: object) -> None:
        """Write down a command of a session and its outcome, and log it."""
        await self.write(audit.entry(command, session.label, session.key, done, outcome, **more))
        self.log(f"{command} by {session.label}: {outcome}", "info" if done else "warn")

    def stopped(self, key: str, line: dict[str, object]) -> None:
        """A STOP that the gate has carried out and written into the audit log."""
        session = self.sessions.alive(key, touch=True)
        times = f", {line['times']} times" if "times" in line else ""
        self.log(f"stop by {line['by']}{times}: {line['outcome']}", "alarm")
        if session is not None:
            self.hold(session)
        writing = asyncio.ensure_future(self.write(line, in_audit=False))
        self._writing.add(writing)
        writing.add_done_callback(self._writing.discard)

    # Holds

    def hold(self, session: PageSession) -> None:
        """What a session stopped is its own until it resumes; what a viewer stopped, any operator may resume."""
        if session.role is not Role.VIEWER:
            self.holds.stopped(session.key, session.label)
            self.show_holds()

    def is_present(self, key: str) -> bool:
        """Whether a session lasts and has the page open."""
        return self.sessions.pages[key] > 0 and self.sessions.alive(key, touch=False) is not None

    def show_holds(self) -> None:
        """Tell every page who has stopped, and who asks for a hand-over."""
        request, by = self.holds.request, self.holds.by
        self.hub.put_newest(
            "hold",
            message(
                "hold",
                by=[{"id": key[:12], "label": label, "present": self.is_present(key)} for key, label in by.items()],
                ask=request and {"id": request.key[:12], "label": request.label, "seconds": round(self.holds.left_s())},
            ),
        )

    async def watch(self) -> None:
        """End holds with the stop, requests with their time, and sessions with theirs; runs until cancelled."""
        shown: object = None
        while True:
            self.sessions.all()
            self.holds.observe(self.graph.is_stopped)
            request = self.holds.request
            now = (
                tuple(self.holds.by),
                [self.is_present(k) for k in self.holds.by],
                request and round(self.holds.left_s()),
            )
            if now != shown:
                shown = now
                self.show_holds()
            await asyncio.sleep(WATCH_S)

    def restore_hold(self) -> None:
        """Take up the stop of an operator that was in force when this process began."""
        for line in reversed(audit.tail(self.audit)):
            command, done = line.get("command"), line.get("done")
            if command in (Action.RESUME.value, Action.START.value, Action.SKIP.value) and done:
                return
            if command in (Action.STOP.value, Action.PAUSE.value) and "viewer" not in str(line.get("by")):
                self.holds.restore(str(line.get("by")))
                return
