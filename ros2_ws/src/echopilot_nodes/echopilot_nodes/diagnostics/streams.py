"""Counts of the messages that a node hears and says, by topic, and their rates."""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from weakref import WeakKeyDictionary

from echopilot_nodes.diagnostics.health import Health, Severity


@dataclass
class Stream:
    """Messages of one topic since the node started; `refused` of them were not used."""

    clock_s: Callable[[], float] = time.monotonic
    count: int = 0
    refused: int = 0
    last_s: float = math.nan
    stamp_ns: int = 0  # of the last message

    def note(self, stamp_ns: int = 0) -> None:
        """Count a message with its stamp [ns]."""
        self.count += 1
        self.last_s = self.clock_s()
        self.stamp_ns = stamp_ns


@dataclass
class Streams:
    """All topics that a node hears and says through an Inlet or an Outlet."""

    heard: dict[str, Stream] = field(default_factory=dict)
    said: dict[str, Stream] = field(default_factory=dict)

    @property
    def stamp_ns(self) -> int:
        """Stamp [ns] of the last message heard; 0 before the first."""
        heard = [stream for stream in self.heard.values() if stream.count]
        return max(heard, key=lambda stream: stream.last_s).stamp_ns if heard else 0


_STREAMS: "WeakKeyDictionary[object, Streams]" = WeakKeyDictionary()


def streams_of(node: object) -> Streams:
    """The streams of a node, the same at every call; they end with it."""
    return _STREAMS.setdefault(node, Streams())


class StreamHealth:
    """Rates of a node's streams between two looks at them."""

    def __init__(self, streams: Streams, clock_s: Callable[[], float] = time.monotonic) -> None:
        self._streams, self._clock_s = streams, clock_s
        self._counts: dict[tuple[str, str], int] = {}
        self._refused = 0
        self._looked_s = clock_s()

    def look(self) -> Health:
        """Rate [Hz] of every topic since the last look, seconds since its last message, and what was refused."""
        now_s = self._clock_s()
        seconds, self._looked_s = max(now_s - self._looked_s, 1e-9), now_s
        values: dict[str, object] = {}
        for way, streams in (("heard", self._streams.heard), ("said", self._streams.said)):
            for topic, stream in streams.items():
                new = stream.count - self._counts.get((way, topic), 0)
                self._counts[way, topic] = stream.count
                values[f"{topic} {way} [Hz]"] = new / seconds
                if stream.count:
                    values[f"{topic} last {way} [s] ago"] = now_s - stream.last_s
                if stream.refused:
                    values[f"{topic} refused"] = stream.refused
        refused = sum(stream.refused for stream in self._streams.heard.values())
        new_refused, self._refused = refused - self._refused, refused
        if new_refused:
            return Health(f"{new_refused} messages refused in the last {seconds:.0f} s", Severity.WARN, values)
        return Health(f"{len(self._streams.heard)} topics heard, {len(self._streams.said)} said", Severity.OK, values)
