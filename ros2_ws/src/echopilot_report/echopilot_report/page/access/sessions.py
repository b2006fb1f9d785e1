"""Sessions and one-time confirmations, kept as hashes in memory: they end with the process."""

import secrets
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from echopilot_core import Clock, to_ns
from echopilot_report.page.access.request_checks import session_key
from echopilot_report.page.access.roles import Role

IDLE_S = 30 * 60.0
LONGEST_S = 8 * 3600.0
CONFIRM_S = 30.0
MOST_OF_A_ROLE = 24


@dataclass(frozen=True)
class PageSession:
    """One sign-in. `token` is required in a header of every state-changing request."""

    key: str
    role: Role
    name: str
    token: str
    since_ns: int
    seen_ns: int

    @property
    def label(self) -> str:
        """Name and role, for the log."""
        return f"{self.name} ({self.role.value})" if self.name else self.role.value


@dataclass(frozen=True)
class Confirmation:
    """The right to start one exam once, for a few seconds."""

    session_key: str
    protocol: str
    patient: str
    until_ns: int


@dataclass
class Sessions:
    """All sign-ins of this process; not thread safe, lives in the server's loop."""

    clock: Clock
    _by_key: dict[str, PageSession] = field(default_factory=dict)
    _confirmations: dict[str, Confirmation] = field(default_factory=dict)
    on_change: Callable[[PageSession, bool], None] = lambda _session, _is_open: None
    """Called with every session that begins (True) or ends (False)."""
    pages: Counter[str] = field(default_factory=Counter)
    """Open pages by session."""

    def open(self, role: Role, name: str) -> tuple[str, PageSession]:
        """A new session and the secret for its cookie.

        When a role has too many, one of it ends: without an open page before those with one, then the oldest.
        """
        secret, now_ns = secrets.token_urlsafe(32), self.clock.now_ns()
        of_role = [s for s in self._by_key.values() if s.role is role]
        if len(of_role) >= MOST_OF_A_ROLE:
            self.close(min(of_role, key=lambda s: (self.pages[s.key] > 0, s.seen_ns)).key)
        session = PageSession(session_key(secret), role, name, secrets.token_urlsafe(32), now_ns, now_ns)
        self._by_key[session.key] = session
        self.on_change(session, True)
        return secret, session

    def all(self) -> list[PageSession]:
        """Every session that lasts; those that are too old end."""
        return [s for s in (self.alive(key, touch=False) for key in list(self._by_key)) if s is not None]

    def of(self, secret: str | None, touch: bool = True) -> PageSession | None:
        """The session of a cookie; None when it is unknown, signed out or too old."""
        return self.alive(session_key(secret), touch) if secret else None

    def alive(self, key: str, touch: bool) -> PageSession | None:
        """The session with this key while it lasts; `touch` starts its idle time anew."""
        session, now_ns = self._by_key.get(key), self.clock.now_ns()
        if session is None:
            return None
        if now_ns - session.seen_ns > to_ns(IDLE_S) or now_ns - session.since_ns > to_ns(LONGEST_S):
            self.close(key)
            return None
        if touch:
            session = self._by_key[key] = replace(session, seen_ns=now_ns)
        return session

    def close(self, key: str) -> None:
        """End a session and its confirmations."""
        session = self._by_key.pop(key, None)
        self._confirmations = {k: c for k, c in self._confirmations.items() if c.session_key != key}
        if session is not None:
            self.on_change(session, False)

    def confirm(self, session: PageSession, protocol: str, patient: str) -> str:
        """A secret that starts this exam once; it replaces an earlier one of the session."""
        self._confirmations = {k: c for k, c in self._confirmations.items() if c.session_key != session.key}
        secret = secrets.token_urlsafe(32)
        until_ns = self.clock.now_ns() + to_ns(CONFIRM_S)
        self._confirmations[session_key(secret)] = Confirmation(session.key, protocol, patient, until_ns)
        return secret

    def redeem(self, session: PageSession, secret: str) -> Confirmation | None:
        """The confirmed exam, once; None when used, expired, or of another session."""
        confirmation = self._confirmations.get(session_key(secret))
        if confirmation is None or confirmation.session_key != session.key:
            return None
        del self._confirmations[session_key(secret)]
        return confirmation if self.clock.now_ns() <= confirmation.until_ns else None
