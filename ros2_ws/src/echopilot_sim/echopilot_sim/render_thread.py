"""Render thread: renders frame states in order beside the physics."""

import contextlib
import queue
import sys
import threading
from collections.abc import Callable
from dataclasses import replace

from echopilot_core import Frame, SteadyClock
from echopilot_sim.frame_state import FrameState

SWITCH_S = 0.001
"""Longest that a thread of this process keeps the interpreter from the other: the renderer needs it between kernels."""


class RenderThread:
    """One worker; `publish(frame_state, frame)` is called from it. Exceptions surface in `put` and `wait`.

    Unless `lossless`, only the newest frame state waits for it; an older one that still waits is dropped.
    """

    def __init__(
        self, render: Callable[[FrameState], Frame], publish: Callable[[FrameState, Frame], None], lossless: bool
    ) -> None:
        self._render = render
        self._publish = publish
        self._lossless = lossless
        self._clock = SteadyClock()
        self._queue: queue.Queue[tuple[FrameState, int] | None] = queue.Queue()
        self._error: BaseException | None = None
        self._published_sequence = -1
        self._published = threading.Condition()
        sys.setswitchinterval(min(sys.getswitchinterval(), SWITCH_S))
        self._thread = threading.Thread(target=self._work, name="images", daemon=True)
        self._thread.start()

    def put(self, frame_states: tuple[FrameState, ...]) -> None:
        """Queue frame states for rendering; now is when they were acquired on the steady clock."""
        if self._error is not None:
            raise self._error
        for frame_state in frame_states:
            if not self._lossless:
                with contextlib.suppress(queue.Empty):
                    self._queue.get_nowait()
            self._queue.put((frame_state, self._clock.now_ns()))

    def wait(self, sequence: int, timeout_s: float) -> bool:
        """Wait until the image is published; False when it takes longer. Raises what went wrong in the worker."""
        with self._published:
            self._published.wait_for(lambda: self._published_sequence >= sequence or self._error is not None, timeout_s)
        if self._error is not None:
            raise self._error
        return self._published_sequence >= sequence

    def close(self) -> None:
        """End the worker after the image in work."""
        with self._queue.mutex:
            self._queue.queue.clear()
        self._queue.put(None)
        self._thread.join(timeout=5.0)

    def _work(self) -> None:
        try:
            while (job := self._queue.get()) is not None:
                frame_state, acquired_ns = job
                self._publish(frame_state, replace(self._render(frame_state), steady_ns=acquired_ns))
                with self._published:
                    self._published_sequence = frame_state.sequence
                    self._published.notify_all()
        except BaseException as error:
            with self._published:
                self._error = error
                self._published.notify_all()
