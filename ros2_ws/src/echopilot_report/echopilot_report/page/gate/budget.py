"""Token buckets, one per source, and a queue that serves its sources in turn."""

from collections import OrderedDict, deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass
class Bucket:
    """At most `burst` at once and `rate_hz` a second in the long run."""

    rate_hz: float
    burst: float
    _level: float = field(init=False)
    _at_s: float = 0.0

    def __post_init__(self) -> None:
        self._level = self.burst

    def take(self, now_s: float, count: float = 1.0) -> bool:
        """Take `count` if there are as many at `now_s` [s]; nothing is taken otherwise."""
        self._level = min(self.burst, self._level + max(0.0, now_s - self._at_s) * self.rate_hz)
        self._at_s = max(now_s, self._at_s)
        if self._level < count:
            return False
        self._level -= count
        return True

    def wait_s(self, count: float = 1.0) -> float:
        """Seconds from the last `take` until `count` are there."""
        return max(0.0, (count - self._level) / self.rate_hz)


@dataclass(frozen=True)
class Allowance:
    """What one source may have: requests a second, how many at once unpaced, under way, and waiting."""

    rate_hz: float
    burst: float
    under_way: int
    waiting: int


@dataclass
class _Source(Generic[T]):
    allowance: Allowance
    bucket: Bucket
    waiting: deque[T] = field(default_factory=deque)
    under_way: int = 0


class TurnQueue(Generic[T]):
    """Requests of many sources; each is served in order, all are served in turn, none faster than its allowance."""

    def __init__(self, under_way: int) -> None:
        self._free = under_way
        self._sources: OrderedDict[str, _Source[T]] = OrderedDict()

    def add(self, source: str, allowance: Allowance, item: T) -> bool:
        """Let a request wait; False when its source has too many that wait already."""
        entry = self._sources.get(source)
        if entry is None:
            entry = self._sources[source] = _Source(allowance, Bucket(allowance.rate_hz, allowance.burst))
        if len(entry.waiting) >= allowance.waiting:
            return False
        entry.waiting.append(item)
        return True

    def due(self, now_s: float) -> Iterator[tuple[str, T]]:
        """Requests that may go now, with their sources; each is under way until `done`."""
        found = True
        while found and self._free > 0:
            found = False
            for name, entry in list(self._sources.items()):
                if self._free <= 0:
                    return
                if entry.waiting and entry.under_way < entry.allowance.under_way and entry.bucket.take(now_s):
                    self._sources.move_to_end(name)
                    entry.under_way += 1
                    self._free -= 1
                    found = True
                    yield name, entry.waiting.popleft()

    def done(self, source: str) -> None:
        """A request of this source has been answered."""
        self._sources[source].under_way -= 1
        self._free += 1

    def drop(self, source: str, item: T) -> None:
        """A request that waited has gone away."""
        entry = self._sources.get(source)
        if entry is not None and item in entry.waiting:
            entry.waiting.remove(item)

    def forget_idle(self, now_s: float) -> None:
        """Forget the sources that have nothing to do and their whole allowance back."""
        for name, entry in list(self._sources.items()):
            if not entry.waiting and not entry.under_way and entry.bucket.take(now_s, entry.allowance.burst):
                del self._sources[name]

    @property
    def wait_s(self) -> float:
        """Seconds until the next waiting request may go by its allowance; infinite when none waits."""
        waits = [s.bucket.wait_s() for s in self._sources.values() if s.waiting]
        return min(waits, default=float("inf"))
