"""Holds: the operator who stopped the robot, and the hand-over by which another may let it move again."""

from collections.abc import Callable
from dataclasses import dataclass, field

from echopilot_core import Clock, to_ns, to_s

ANSWER_S = 30.0  # an unanswered request ends without effect
TAKE_S = 120.0  # afterwards the asking operator may take over by password


@dataclass(frozen=True)
class HandOverRequest:
    """One operator asks the others for the right to go on."""

    key: str
    label: str
    until_ns: int


@dataclass
class Holds:
    """Sessions whose STOP or pause is in force. Everything that sets the probe in motion needs their consent.

    A hand-over is asked for, and each of the others agrees or refuses. An answer that does not come within
    `ANSWER_S` is a refusal. `take` is the way past somebody who has gone: it is open when each of the others has no
    page open, or left the request of the asking operator unanswered; it needs the password again (the caller's duty).
    """

    clock: Clock
    _by: dict[str, str] = field(default_factory=dict)  # label by session
    _unanswered: dict[tuple[str, str], int] = field(default_factory=dict)  # (asking, silent): until [ns]
    _request: HandOverRequest | None = None
    _was_seen: bool = False

    def stopped(self, key: str, label: str) -> None:
        """A session has stopped or paused."""
        self._by[key] = label
        self._was_seen = False
        self._request = None

    def restore(self, label: str) -> None:
        """A stop from before this process began."""
        self._by[""] = label
        self._was_seen = True

    def observe(self, is_stopped: bool | None) -> None:
        """What the graph says: once it has shown the stop, its end ends all holds. None: nothing known."""
        if is_stopped:
            self._was_seen = True
        elif is_stopped is False and self._was_seen:
            self.clear()

    def clear(self) -> None:
        """The robot may move again."""
        self._by.clear()
        self._unanswered.clear()
        self._request = None

    def blocking(self, key: str) -> dict[str, str]:
        """Sessions other than this one whose stop is in force, with their labels."""
        return {k: label for k, label in self._by.items() if k != key}

    @property
    def by(self) -> dict[str, str]:
        """All sessions whose stop is in force, with their labels."""
        return dict(self._by)

    @property
    def request(self) -> HandOverRequest | None:
        """The open request; None without one or after its time."""
        request = self._request
        if request is not None and self.clock.now_ns() >= request.until_ns:
            until_ns = self.clock.now_ns() + to_ns(TAKE_S)
            self._unanswered |= {(request.key, silent): until_ns for silent in self.blocking(request.key)}
            self._request = request = None
        return request

    def left_s(self) -> float:
        """Seconds until the open request ends; 0.0 without one."""
        request = self.request
        return 0.0 if request is None else to_s(request.until_ns - self.clock.now_ns())

    def ask(self, key: str, label: str) -> str:
        """Ask for a hand-over; the reason why not, or ""."""
        if not self.blocking(key):
            return "nobody else has stopped"
        request = self.request
        if request is not None and request.key != key:
            return f"{request.label} has asked already"
        self._request = HandOverRequest(key, label, self.clock.now_ns() + to_ns(ANSWER_S))
        return ""

    def answer(self, key: str, agrees: bool) -> str:
        """Agree or refuse; the reason why it has no effect, or ""."""
        request = self.request
        if request is None or key == request.key or key not in self._by:
            return "nobody asks you for a hand-over"
        if not agrees:
            self._request = None
            self._unanswered = {pair: t for pair, t in self._unanswered.items() if pair[1] != key}
            return ""
        del self._by[key]
        self._by[request.key] = request.label
        if not self.blocking(request.key):
            self._request = None
        return ""

    def may_take(self, key: str, is_present: Callable[[str], bool]) -> str:
        """The reason why this session may not take over without an answer, or ""."""
        self.request  # noqa: B018 - an answer that is late becomes "unanswered" here
        for other, label in self.blocking(key).items():
            is_silent = self._unanswered.get((key, other), 0) > self.clock.now_ns()
            if is_present(other) and not is_silent:
                return f"{label} has the page open: ask for a hand-over first"
        return "" if self.blocking(key) else "nobody else has stopped"

    def take(self, key: str, label: str) -> None:
        """Take over from all others; `may_take` must hold, and the password must have been checked."""
        self._by = {key: label}
        self._request = None
        self._unanswered.clear()
