"""A log that says what is new at once and what repeats once a second."""

import time
from collections.abc import Callable

QUIET_S = 1.0


class RepeatFilter:
    """Passes a line unless the same was passed within the last second; then it counts.

    A state that a jittery driver toggles fifty times a second is said twice a second, with the number of changes.
    """

    def __init__(self, clock_s: Callable[[], float] = time.monotonic) -> None:
        self._clock_s = clock_s
        self._passed_s: dict[str, float] = {}
        self._held: dict[str, int] = {}

    def line(self, text: str) -> str | None:
        """The line to log, with the number of repeats that were held back; None when it is held back itself."""
        now_s = self._clock_s()
        if now_s - self._passed_s.get(text, -QUIET_S) < QUIET_S:
            self._held[text] = self._held.get(text, 0) + 1
            return None
        self._passed_s = {known: at_s for known, at_s in self._passed_s.items() if now_s - at_s < QUIET_S}
        self._passed_s[text] = now_s
        held = self._held.pop(text, 0)
        return f"{text} (and {held} times since it was last said)" if held else text
