"""Renders frozen moments in order beside the physics; a picture depends on its record alone, not on when."""

import queue
import threading
from collections.abc import Callable
from dataclasses import replace

from echopilot_core import Frame, SteadyClock
from echopilot_sim.moment import Moment

BACKLOG = 2  # without lockstep, older moments are dropped beyond this


class PictureThread:
    """One worker; `publish(moment, frame)` is called from it. Exceptions surface in `check`."""

    def __init__(
        self, render: Callable[[Moment], Frame], publish: Callable[[Moment, Frame], None], lossless: bool
    ) -> None:
        self._render = render
        self._publish = publish
        self._lossless = lossless
        self._clock = SteadyClock()
        self._queue: queue.Queue[tuple[Moment, int] | None] = queue.Queue()
        self._error: BaseException | None = None
        self.published_sequence = -1
        self.dropped = 0
        self._thread = threading.Thread(target=self._work, name="pictures", daemon=True)
        self._thread.start()

    def put(self, moments: tuple[Moment, ...]) -> None:
        """Queue moments for rendering; now is when they were acquired on the steady clock."""
        for moment in moments:
            self._queue.put((moment, self._clock.now_ns()))
        while not self._lossless and self._queue.qsize() > BACKLOG:
            self._queue.get_nowait()
            self.dropped += 1

    def check(self) -> None:
        """Raise what went wrong in the worker."""
        if self._error is not None:
            raise self._error

    def close(self) -> None:
        """End the worker after the picture in work."""
        with self._queue.mutex:
            self._queue.queue.clear()
        self._queue.put(None)
        self._thread.join(timeout=5.0)

    def _work(self) -> None:
        try:
            while (job := self._queue.get()) is not None:
                moment, acquired_ns = job
                self._publish(moment, replace(self._render(moment), steady_ns=acquired_ns))
                self.published_sequence = moment.sequence
        except BaseException as error:
            self._error = error
