"""Which answers a tick still waits for; pure logic on an injected wall clock, no ROS.

A peer that stays silent for `timeout_s` of wall time counts as absent and is not waited for again until it is
heard. So a slow machine makes the simulation slower, never different, and a killed node shows in simulated time.
"""

from collections import deque
from typing import Generic, TypeVar

from echopilot_core import Clock, to_ns

T = TypeVar("T")

TIMEOUT_S = 0.5
CONNECT_S = 5.0  # for a peer that was never heard


class Gate:
    """Waits for keys (tick or sequence numbers, rising) from named peers."""

    def __init__(self, clock: Clock, timeout_s: float = TIMEOUT_S, first_s: float | None = None) -> None:
        """A peer that was never heard gets `first_s` (default: `timeout_s`): it may still be connecting."""
        self._clock = clock
        self._timeout_ns = to_ns(timeout_s)
        self._first_ns = to_ns(timeout_s if first_s is None else max(first_s, timeout_s))
        self._newest: dict[str, int] = {}
        self._waiting: dict[str, tuple[int, int]] = {}  # peer: (key, since_ns)
        self._absent: set[str] = set()
        self.timeouts = 0

    def heard(self, peer: str, key: int) -> None:
        """Note an answer; an absent peer counts as present again."""
        self._newest[peer] = max(key, self._newest.get(peer, key))
        self._absent.discard(peer)

    def expect(self, peer: str, key: int) -> None:
        """From now on `is_open` waits until `peer` was heard with `key` or a later one."""
        since_ns = self._waiting[peer][1] if peer in self._waiting else self._clock.now_ns()
        self._waiting[peer] = (key, since_ns)

    def is_open(self) -> bool:
        """True when nothing is waited for any more; drops what was heard, is absent or timed out."""
        for peer, (key, since_ns) in list(self._waiting.items()):
            heard = self._newest.get(peer)
            if (heard is not None and heard >= key) or peer in self._absent:
                del self._waiting[peer]
            elif self._clock.now_ns() - since_ns >= (self._first_ns if heard is None else self._timeout_ns):
                self._absent.add(peer)
                self.timeouts += 1
                del self._waiting[peer]
        return not self._waiting

    def missing(self) -> tuple[str, ...]:
        """Peers that are still waited for."""
        return tuple(self._waiting)

    def absent(self) -> frozenset[str]:
        """Peers given up until they are heard again."""
        return frozenset(self._absent)

    def forget(self) -> None:
        """Forget keys and waits (the numbering starts anew); absence stays."""
        self._newest.clear()
        self._waiting.clear()


class Inbox(Generic[T]):
    """Numbered items, handed out up to a due number so that a fast peer is never seen too early."""

    def __init__(self, capacity: int = 64) -> None:
        self._items: deque[tuple[int, T]] = deque(maxlen=capacity)

    def put(self, key: int, item: T) -> None:
        """Add an item; a key that is not above the newest one is a repeat and is ignored."""
        if not self._items or key > self._items[-1][0]:
            self._items.append((key, item))

    def take_until(self, due: int | None) -> list[T]:
        """Remove and return, oldest first, the items with key <= `due` (None: all)."""
        taken: list[T] = []
        while self._items and (due is None or self._items[0][0] <= due):
            taken.append(self._items.popleft()[1])
        return taken

    def newest_until(self, due: int | None, otherwise: T | None) -> T | None:
        """Like `take_until`, but only the newest of them, or `otherwise` when there is none."""
        taken = self.take_until(due)
        return taken[-1] if taken else otherwise
