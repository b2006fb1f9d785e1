"""Sessions and one-time confirmations, kept as hashes in memory: they end with the process."""

import hashlib
import secrets
from dataclasses import dataclass, field, replace

from echopilot_core import Clock, to_ns
from echopilot_report.page.roles import Role

IDLE_S = 30 * 60.0
LONGEST_S = 8 * 3600.0
CONFIRM_S = 30.0
MOST = 64


@dataclass(frozen=True)
class Session:
    """One sign-in. `token` must come back in a header of every request that changes something."""

    key: str
    role: Role
    name: str
    token: str
    since_ns: int
    seen_ns: int


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
    _by_key: dict[str, Session] = field(default_factory=dict)
    _confirmations: dict[str, Confirmation] = field(default_factory=dict)

    def open(self, role: Role, name: str) -> tuple[str, Session]:
        """A new session and the secret for its cookie; the oldest one goes when there are too many."""
        secret, now_ns = secrets.token_urlsafe(32), self.clock.now_ns()
        while len(self._by_key) >= MOST:
            self.close(min(self._by_key.values(), key=lambda s: s.seen_ns).key)
        session = Session(_hash(secret), role, name, secrets.token_urlsafe(32), now_ns, now_ns)
        self._by_key[session.key] = session
        return secret, session

    def of(self, secret: str | None, touch: bool = True) -> Session | None:
        """The session of a cookie; None when it is unknown, signed out or too old."""
        return self.alive(_hash(secret), touch) if secret else None

    def alive(self, key: str, touch: bool) -> Session | None:
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
        """Sign out; its confirmations go too."""
        self._by_key.pop(key, None)
        self._confirmations = {k: c for k, c in self._confirmations.items() if c.session_key != key}

    def confirm(self, session: Session, protocol: str, patient: str) -> str:
        """A secret that starts this exam once; an earlier one of the session no longer counts."""
        self._confirmations = {k: c for k, c in self._confirmations.items() if c.session_key != session.key}
        secret = secrets.token_urlsafe(32)
        until_ns = self.clock.now_ns() + to_ns(CONFIRM_S)
        self._confirmations[_hash(secret)] = Confirmation(session.key, protocol, patient, until_ns)
        return secret

    def redeem(self, session: Session, secret: str) -> Confirmation | None:
        """The confirmed exam, once; None when used before, too late, or of somebody else."""
        confirmation = self._confirmations.get(_hash(secret))
        if confirmation is None or confirmation.session_key != session.key:
            return None
        del self._confirmations[_hash(secret)]
        return confirmation if self.clock.now_ns() <= confirmation.until_ns else None


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
