"""Distribution of images and states from the graph's thread to many watchers, newest only."""

import asyncio
import contextlib
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

MOST_EVENTS = 400  # images of views, findings and measurements kept for later watchers
MOST_LINES = 300  # log lines kept for them, apart, so that many lines push no result out
IN_FLIGHT = 2  # unconfirmed images of a watcher; above it, the watcher gets no more until it confirms


@dataclass(eq=False)
class Watcher:
    """Pending messages of one open page; accessed in the server's loop alone."""

    wake: asyncio.Event = field(default_factory=asyncio.Event)
    frame: bytes | None = None
    newest: dict[str, str] = field(default_factory=dict)  # by name: a state replaces the one before
    events: deque[str] = field(default_factory=lambda: deque(maxlen=MOST_EVENTS))
    lines: deque[str] = field(default_factory=lambda: deque(maxlen=MOST_LINES))
    unconfirmed: int = 0

    def take_frame(self) -> bytes | None:
        """The newest image, if the last ones are confirmed."""
        if self.frame is None or self.unconfirmed >= IN_FLIGHT:
            return None
        frame, self.frame = self.frame, None
        self.unconfirmed += 1
        return frame

    def take_texts(self) -> list[str]:
        """Events in order, log lines in order, then the newest states."""
        texts = [*self.events, *self.lines, *self.newest.values()]
        self.events.clear()
        self.lines.clear()
        self.newest.clear()
        return texts

    def confirm(self) -> None:
        """Confirm the arrival of an image."""
        self.unconfirmed = max(0, self.unconfirmed - 1)
        self.wake.set()


class Hub:
    """`put_*` and `forget_events` may be called from any thread; an image is encoded once and shared by all."""

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._bound = threading.Event()
        self._watchers: set[Watcher] = set()
        self._frame: bytes | None = None
        self._newest: dict[str, str] = {}
        self._events: deque[str] = deque(maxlen=MOST_EVENTS)
        self._lines: deque[str] = deque(maxlen=MOST_LINES)
        self.is_watched = False

    def bind(self, loop: asyncio.AbstractEventLoop) -> None:
        """Call once, in the loop that the watchers live in; what was put before is lost."""
        self._loop = loop
        self._bound.set()

    def wait_bound(self, timeout_s: float) -> bool:
        """Wait in another thread until the server has started; False when it does not."""
        return self._bound.wait(timeout_s)

    def put_frame(self, frame: bytes) -> None:
        """A new image replaces the last one."""
        self._in_loop(lambda: self._spread_frame(frame))

    def put_newest(self, name: str, text: str) -> None:
        """A state; it replaces the last one of this name."""
        self._in_loop(lambda: self._spread_newest(name, text))

    def put_event(self, text: str) -> None:
        """An event for every watcher, including later ones."""
        self._in_loop(lambda: self._spread_event(text))

    def put_log(self, text: str) -> None:
        """A log line for every watcher, including later ones."""
        self._in_loop(lambda: self._spread_line(text))

    def forget_events(self) -> None:
        """Forget events and log lines of the last exam when a new one begins."""
        self._in_loop(self._forget)

    def join(self) -> Watcher:
        """Add a watcher for a page that was opened."""
        watcher = Watcher(frame=self._frame, newest=dict(self._newest))
        watcher.events.extend(self._events)
        watcher.lines.extend(self._lines)
        watcher.wake.set()
        self._watchers.add(watcher)
        self.is_watched = True
        return watcher

    def leave(self, watcher: Watcher) -> None:
        """Remove the watcher of a page that was closed."""
        self._watchers.discard(watcher)
        self.is_watched = bool(self._watchers)

    def _in_loop(self, work: Callable[[], None]) -> None:
        if self._loop is not None:
            with contextlib.suppress(RuntimeError):  # the loop has been closed: the page is ending
                self._loop.call_soon_threadsafe(work)

    def _forget(self) -> None:
        self._events.clear()
        self._lines.clear()

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

    def _spread_line(self, text: str) -> None:
        self._lines.append(text)
        for watcher in self._watchers:
            watcher.lines.append(text)
            watcher.wake.set()
