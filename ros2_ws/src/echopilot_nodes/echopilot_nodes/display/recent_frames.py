"""The last frames as bytes, to be found by the stamp of their result."""

from collections import deque

from echopilot_wire import peek_stamp

KEPT = 8


class RecentFrames:
    """The last frames as they came; only the one that is asked for needs decoding."""

    def __init__(self) -> None:
        self._frames: deque[bytes] = deque(maxlen=KEPT)

    def add(self, data: bytes) -> None:
        """Keep a frame; one that is no message with a header raises ValueError."""
        peek_stamp(data)
        self._frames.append(data)

    def at(self, stamp_ns: int) -> bytes | None:
        """The newest frame of this stamp [ns]; None when none is kept."""
        return next((f for f in reversed(self._frames) if peek_stamp(f) == stamp_ns), None)
