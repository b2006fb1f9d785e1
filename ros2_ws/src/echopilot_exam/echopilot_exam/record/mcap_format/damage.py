"""Damaged spans of a recording, with the messages lost in them and the stamps that these lie between."""

from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Damage:
    """A span of the file that cannot be read.

    `messages` counts those lost in it (None: unknown, 0: only index data); their stamps lie between the two.
    """

    offset: int
    bytes: int
    what: str
    messages: int | None = None
    start_ns: int | None = None
    end_ns: int | None = None

    def __str__(self) -> str:
        where = f"{self.what} at byte {self.offset} ({self.bytes} bytes)"
        if self.messages == 0:
            return f"{where}: no message lost"
        ends = [f"{word} {1e-9 * ns:.3f} s" for word, ns in (("from", self.start_ns), ("to", self.end_ns)) if ns]
        count = "an unknown number of" if self.messages is None else self.messages
        return " ".join([f"{where}: {count} messages lost", *ends])


class DamageLog:
    """Collects the damages of one file, in order; `last_ns` is the newest stamp of a message that was read."""

    def __init__(self) -> None:
        self.found: list[Damage] = []
        self.last_ns: int | None = None
        self._waiting: list[Damage] = []  # for the stamps of what follows
        self._is_counting = False

    def add_index(self, offset: int, size: int, what: str) -> None:
        """Damage of something that holds no message."""
        self.found.append(Damage(offset, size, what, 0))
        if what == "message index" and self._is_counting:  # that of a lost chunk: its messages cannot be counted
            self._waiting[-1] = replace(self._waiting[-1], messages=None)
            self._is_counting = False

    def add_chunk(self, offset: int, size: int, start_ns: int | None = None, end_ns: int | None = None) -> None:
        """A chunk of known extent; the index records behind it tell its messages to `count`."""
        self.add_records(offset, size, "chunk", start_ns, end_ns)
        self._is_counting = True

    def add_records(
        self, offset: int, size: int, what: str, start_ns: int | None = None, end_ns: int | None = None
    ) -> None:
        """Records of any kind and number."""
        self._waiting.append(Damage(offset, size, what, None, self.last_ns if start_ns is None else start_ns, end_ns))
        self._is_counting = False

    def count(self, messages: int) -> None:
        """An index record that follows a lost chunk names as many messages."""
        if self._is_counting:
            bad = self._waiting[-1]
            self._waiting[-1] = replace(bad, messages=(bad.messages or 0) + messages)

    def settle(self, next_ns: int | None) -> None:
        """Messages are read again, from this stamp on."""
        self.found += [replace(bad, end_ns=next_ns) if bad.end_ns is None else bad for bad in self._waiting]
        self._waiting, self._is_counting = [], False

    def reconcile(self, missing: int) -> None:
        """As many messages are missing by the file's own count: fills in a number that was unknown."""
        unknown = [k for k, bad in enumerate(self.found) if bad.messages is None]
        missing -= sum(bad.messages or 0 for bad in self.found)
        if missing == 0 or len(unknown) == 1:
            for k in unknown:
                self.found[k] = replace(self.found[k], messages=max(missing, 0))
