"""From the graph's thread to many watchers: each gets the newest picture and state, nobody gets a queue of old ones."""

import asyncio
import contextlib
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

MOST_EVENTS = 400  # log lines, pictures of views, findings and measurements kept for whoever comes later
IN_FLIGHT = 2  # pictures that a watcher has not confirmed yet; then it is left out until it has


@dataclass(eq=False)
class Watcher:
    """What one open page is still to be sent; touched in the server's loop alone."""

    wake: asyncio.Event = field(default_factory=asyncio.Event)
    frame: bytes | None = None
    newest: dict[str, str] = field(default_factory=dict)  # by name: a state replaces the one before
    events: deque[str] = field(default_factory=lambda: deque(maxlen=MOST_EVENTS))
    unconfirmed: int = 0

    def take_frame(self) -> bytes | None:
        """The newest picture, if the last ones have arrived."""
        if self.frame is None or self.unconfirmed >= IN_FLIGHT:
            return None
        frame, self.frame = self.frame, None
        self.unconfirmed += 1
        return frame

    def take_texts(self) -> list[str]:
        """Events in order, then the newest states."""
        texts = [*self.events, *self.newest.values()]
        self.events.clear()
        self.newest.clear()
        return texts

    def confirm(self) -> None:
        """A picture has arrived."""
        self.unconfirmed = max(0, self.unconfirmed - 1)
        self.wake.set()


class Hub:
    """`put_*` and `forget_events` may be called from any thread; a picture is encoded once, all share its bytes."""

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._bound = threading.Event()
        self._watchers: set[Watcher] = set()
        self._frame: bytes | None = None
        self._newest: dict[str, str] = {}
        self._events: deque[str] = deque(maxlen=MOST_EVENTS)
        self.is_watched = False

    def bind(self, loop: asyncio.AbstractEventLoop) -> None:
        """Call once, in the loop that the watchers live in; what is put before is lost."""
        self._loop = loop
        self._bound.set()

    def wait_bound(self, timeout_s: float) -> bool:
        """Wait in another thread until the server has started; False when it does not."""
        return self._bound.wait(timeout_s)

    def put_frame(self, frame: bytes) -> None:
        """A new picture replaces the last one."""
        self._in_loop(lambda: self._spread_frame(frame))

    def put_newest(self, name: str, text: str) -> None:
        """A state; it replaces the last one of this name."""
        self._in_loop(lambda: self._spread_newest(name, text))

    def put_event(self, text: str) -> None:
        """Something that every watcher gets, also those who come later."""
        self._in_loop(lambda: self._spread_event(text))

    def forget_events(self) -> None:
        """A new exam begins: late-comers are not told of the last one."""
        self._in_loop(self._events.clear)

    def join(self) -> Watcher:
        """Somebody opens the page."""
        watcher = Watcher(frame=self._frame, newest=dict(self._newest), events=deque(self._events, MOST_EVENTS))
        watcher.wake.set()
        self._watchers.add(watcher)
        self.is_watched = True
        return watcher

    def leave(self, watcher: Watcher) -> None:
        """Somebody closes the page."""
        self._watchers.discard(watcher)
        self.is_watched = bool(self._watchers)

    def _in_loop(self, work: Callable[[], None]) -> None:
        if self._loop is not None:
            with contextlib.suppress(RuntimeError):  # the loop has been closed: the page is ending
                self._loop.call_soon_threadsafe(work)

    def _spread_frame(self, frame: bytes) -> None:
        self._frame = frame
        for watcher in self._watchers:
            watcher.frame = frame
            watcher.wake.set()

    def _spread_newest(self, name: str, text: str) -> None:
        self._newest[name] = text
        for watcher in self._watchers:
            watcher.newest[name] = text
            watcher.wake.set()

    def _spread_event(self, text: str) -> None:
        self._events.append(text)
        for watcher in self._watchers:
            watcher.events.append(text)
            watcher.wake.set()
