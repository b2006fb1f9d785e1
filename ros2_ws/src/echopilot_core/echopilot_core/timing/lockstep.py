"""Lockstep: the barrier that waits for peers, and the buffer of what they say."""

from collections import Counter
from typing import Generic, Protocol, TypeVar

from echopilot_core.timing.clocks import Clock, to_ns, to_s
from echopilot_core.timing.ordering import Order, StreamOrder

T = TypeVar("T")

TIMEOUT_S = 0.5
CONNECT_S = 5.0  # for a peer that was never heard
AHEAD = 64
"""How far a peer may be ahead of what is asked of it, in numbers; stamps count ticks."""
KEPT = 128


class PeerLife(Protocol):
    """What is known of the processes of peers without asking them."""

    def is_bonded(self, peer: str) -> bool:
        """Whether its process lives, as the kernel says."""
        ...

    def is_away(self, peer: str) -> bool:
        """Whether it will not answer: its process has ended, or it was stopped."""
        ...


class NoBonds:
    """Nothing is known of any process."""

    def is_bonded(self, peer: str) -> bool:
        """Never."""
        return False

    def is_away(self, peer: str) -> bool:
        """Never."""
        return False


class LockstepBarrier:
    """Waits for keys (tick or sequence numbers, or stamps, rising) from named peers.

    A peer whose process is known to live is waited for, however long it takes; one that has ended or was stopped is
    not. Wall time counts only for a peer of whose process nothing is known. `breaks` counts the waits that ended
    without an answer, by peer; `refused` the answers from farther ahead than any peer can be.
    """

    def __init__(
        self, clock: Clock, timeout_s: float = TIMEOUT_S, first_s: float | None = None, life: PeerLife | None = None
    ) -> None:
        """A peer that was never heard gets `first_s` (default: `timeout_s`): it may still be connecting.

        `life` knows of the peers' processes; None: nothing is known of any.
        """
        self._clock = clock
        self._timeout_ns = to_ns(timeout_s)
        self._first_ns = to_ns(timeout_s if first_s is None else max(first_s, timeout_s))
        self._life: PeerLife = life or NoBonds()
        self._newest: dict[str, int] = {}
        self._limit: dict[str, int] = {}  # no peer can be farther ahead
        self._early: dict[str, dict[int, None]] = {}  # beyond the limit, or before anything was asked; newest last
        self._waiting: dict[str, tuple[int, int]] = {}  # peer: (key, since_ns)
        self._absent: set[str] = set()
        self.breaks: Counter[str] = Counter()
        self.refused: Counter[str] = Counter()

    def received(self, peer: str, key: int) -> bool:
        """Note an answer; an absent peer counts as present again. False for a key from too far ahead.

        Of those that came too early the last KEPT different ones are kept: repeats push nothing out.
        """
        limit = self._limit.get(peer)
        if limit is not None and key <= limit:
            self._newest[peer] = max(key, self._newest.get(peer, key))
            self._absent.discard(peer)
            return True
        early = self._early.setdefault(peer, {})
        early.pop(key, None)  # a repeat takes no second place
        early[key] = None
        if len(early) > KEPT:
            del early[next(iter(early))]
        if limit is None:
            return True
        self.refused[peer] += 1
        return False

    def expect(self, peer: str, key: int, unit: int = 1) -> None:
        """From now on `is_open` waits until `peer` was heard with `key` or a later one; `unit` is from key to key."""
        since_ns = self._waiting[peer][1] if peer in self._waiting else self._clock.now_ns()
        self._waiting[peer] = (key, since_ns)
        self.bound(peer, key, unit)

    def bound(self, peer: str, key: int, unit: int = 1) -> None:
        """Nothing is waited for, but `peer` cannot be much farther than at `key` now."""
        limit = self._limit[peer] = key + AHEAD * unit
        early = self._early.pop(peer, {})
        for heard in early:
            if heard <= limit:
                self._newest[peer] = max(heard, self._newest.get(peer, heard))
                self._absent.discard(peer)
        if rest := {heard: None for heard in early if heard > limit}:
            self._early[peer] = rest

    def is_open(self) -> bool:
        """True when nothing is waited for any more; drops what was heard, is away, absent or timed out."""
        for peer, (key, since_ns) in list(self._waiting.items()):
            heard = self._newest.get(peer)
            if heard is not None and heard >= key:
                del self._waiting[peer]
            elif self._life.is_away(peer) or (peer in self._absent and not self._life.is_bonded(peer)):
                self._go_on_without(peer)
            elif not self._life.is_bonded(peer):
                patience_ns = self._first_ns if heard is None else self._timeout_ns
                if self._clock.now_ns() - since_ns >= patience_ns:
                    self._go_on_without(peer)
        return not self._waiting

    def _go_on_without(self, peer: str) -> None:
        self._absent.add(peer)
        self.breaks[peer] += 1
        del self._waiting[peer]

    def missing(self) -> tuple[str, ...]:
        """Peers that are still waited for."""
        return tuple(self._waiting)

    def waited_s(self) -> float:
        """For how long the oldest wait has lasted [s] of the barrier's clock; 0 without any."""
        since_ns = min((since for _, since in self._waiting.values()), default=None)
        return 0.0 if since_ns is None else to_s(self._clock.now_ns() - since_ns)

    def absent(self) -> frozenset[str]:
        """Peers given up until they are heard again."""
        return frozenset(self._absent)

    def forget(self) -> None:
        """Forget keys and waits (the numbering starts anew); absence and counts stay."""
        for book in (self._newest, self._limit, self._early, self._waiting):
            book.clear()


class StampedBuffer(Generic[T]):
    """Numbered items, handed out up to a due number so that a fast peer is never seen too early.

    An item from the far future waits without keeping others out; when there is no room, the farthest gives way.
    """

    def __init__(self, capacity: int = 64, order: StreamOrder | None = None) -> None:
        """`order` is for buffers that are emptied without a due number: it keeps stray numbers out."""
        self._items: list[tuple[int, T]] = []
        self._capacity = capacity
        self._order = order
        self._taken: int | None = None

    def put(self, key: int, item: T) -> bool:
        """Add an item; False for a key that the order refuses.

        A repeat, or what is not above those taken, is ignored.
        """
        if self._order is not None:
            verdict = self._order.judge(key)
            if verdict is Order.REFUSED:
                return False
            if verdict is Order.ANEW:
                self._items, self._taken = [], None
        place = len(self._items)
        while place and self._items[place - 1][0] > key:
            place -= 1
        repeated = (place and self._items[place - 1][0] == key) or (self._taken is not None and key <= self._taken)
        if not repeated:
            self._items.insert(place, (key, item))
            del self._items[self._capacity :]
        return True

    def take_until(self, due: int | None) -> list[T]:
        """Remove and return, oldest first, the items with key <= `due` (None: all)."""
        count = 0
        while count < len(self._items) and (due is None or self._items[count][0] <= due):
            count += 1
        if count:
            self._taken = self._items[count - 1][0]
        taken = [item for _, item in self._items[:count]]
        del self._items[:count]
        return taken

    def newest_until(self, due: int | None, otherwise: T | None) -> T | None:
        """Like `take_until`, but only the newest of them, or `otherwise` when there is none."""
        taken = self.take_until(due)
        return taken[-1] if taken else otherwise
