"""Turns for checking passwords: few a second in all, each source served in turn, nobody locked out."""

import asyncio
import contextlib
from collections import OrderedDict, deque
from collections.abc import AsyncIterator, Callable

from echopilot_core import EchoPilotError
from echopilot_report.page.gate.budget import Bucket

RATE_HZ, BURST = 1.0, 5.0
MOST_OF_A_SOURCE, MOST = 16, 40


class WaitingLimitError(EchoPilotError):
    """This source, or the one with the most, has to come back later."""


class PasswordTurns:
    """One check at a time; after `BURST` checks one a second, however many processes try.

    A wrong password costs its source nothing but its turn: the next one of each source is checked after at most one
    of every other source. So a process that guesses delays others by a second, and guesses 86,400 a day at most.
    """

    def __init__(self, now_s: Callable[[], float], rate_hz: float = RATE_HZ, burst: float = BURST) -> None:
        self._now_s = now_s
        self._bucket = Bucket(rate_hz, burst)
        self._waiting: OrderedDict[str, deque[asyncio.Future[None]]] = OrderedDict()
        self._is_busy = False
        self._timer: asyncio.TimerHandle | None = None

    @contextlib.asynccontextmanager
    async def turn(self, source: str) -> AsyncIterator[None]:
        """Wait for the turn of a source and hold it. Raises WaitingLimitError."""
        mine: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._line_up(source, mine)
        self._next()
        try:
            await mine
        except asyncio.CancelledError:  # the page ends
            self._leave(source, mine)
            raise WaitingLimitError("the page ends") from None
        try:
            yield
        finally:
            self._is_busy = False
            self._next()

    def _line_up(self, source: str, mine: "asyncio.Future[None]") -> None:
        own = self._waiting.get(source, deque())
        if len(own) >= MOST_OF_A_SOURCE:
            raise WaitingLimitError("too many passwords wait to be checked; try again in a few seconds")
        if sum(map(len, self._waiting.values())) >= MOST:
            greediest = max(self._waiting, key=lambda name: len(self._waiting[name]))
            if len(self._waiting[greediest]) <= len(own) + 1:
                raise WaitingLimitError("too many passwords wait to be checked; try again in a few seconds")
            last = self._waiting[greediest].pop()
            if not last.done():
                last.set_exception(WaitingLimitError("too many passwords of one process wait to be checked"))
        self._waiting.setdefault(source, own).append(mine)

    def _leave(self, source: str, mine: "asyncio.Future[None]") -> None:
        with contextlib.suppress(KeyError, ValueError):
            self._waiting[source].remove(mine)
            if not self._waiting[source]:
                del self._waiting[source]

    def _next(self) -> None:
        """Give the turn to the source that has waited longest for one."""
        if self._is_busy or not self._waiting:
            return
        if not self._bucket.take(self._now_s()):
            if self._timer is None:
                self._timer = asyncio.get_running_loop().call_later(self._bucket.wait_s() + 0.001, self._on_time)
            return
        source, own = next(iter(self._waiting.items()))
        mine = own.popleft()
        self._waiting.move_to_end(source)
        if not own:
            del self._waiting[source]
        if mine.done():
            self._next()
            return
        self._is_busy = True
        mine.set_result(None)

    def _on_time(self) -> None:
        self._timer = None
        self._next()
