"""Order of a numbered stream: what follows, what repeats, and what is refused without making its hearer deaf."""

from enum import Enum, auto

CONFIRMATIONS = 5
LEAP = 200
"""How many numbers of a stream may be lost at once."""
STEP_NS = 100_000_000
"""Longest time from one number to the next [ns], where messages are stamped."""


class Order(Enum):
    """How a number stands to those before."""

    FOLLOWS = auto()
    REPEATS = auto()
    REFUSED = auto()
    ANEW = auto()  # the stream goes on elsewhere: five in a row say so, and none of the old ones came between


class StreamOrder:
    """Judges the numbers of one stream, one after the other, with their stamps where it has any.

    A number that falls, or leaps farther than messages can be lost, is refused and counted: it may be a stray one. Only
    when five come in a row that follow each other (or repeat: an unanswered message is sent again), and none that
    follows the old ones, has the stream itself begun anew.
    """

    def __init__(self, leap: int = LEAP) -> None:
        """`leap` is the largest step between two numbers that follow each other."""
        self._leap = leap
        self._last: tuple[int, int] | None = None  # number and stamp
        self._candidate: tuple[int, int] | None = None
        self._run = 0
        self.refused = 0

    @property
    def newest(self) -> int | None:
        """The number that the next one follows; None before the first."""
        return None if self._last is None else self._last[0]

    def judge(self, number: int, stamp_ns: int = 0) -> Order:
        """Take or refuse the next number; `stamp_ns` is left out for a stream without stamps."""
        message = number, stamp_ns
        if self._last is None or self._follows(self._last, message):
            self._take(message)
            return Order.FOLLOWS
        if message == self._last:
            return Order.REPEATS
        before = self._candidate
        goes_on = before is not None and (message == before or self._follows(before, message))
        self._run = self._run + 1 if goes_on else 1
        self._candidate = message
        if self._run >= CONFIRMATIONS:
            self._take(message)
            return Order.ANEW
        self.refused += 1
        return Order.REFUSED

    def _follows(self, last: tuple[int, int], message: tuple[int, int]) -> bool:
        numbers, passed_ns = message[0] - last[0], message[1] - last[1]
        return 0 < numbers <= self._leap and 0 <= passed_ns <= numbers * STEP_NS

    def _take(self, message: tuple[int, int]) -> None:
        self._last, self._candidate, self._run = message, None, 0
