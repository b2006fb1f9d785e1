"""Rate of a counter or a clock against wall time, over the last two seconds."""

import math
from collections import deque

WINDOW_S = 2.0


class SlopeEstimator:
    """Slope of a rising value; starts anew when it falls."""

    def __init__(self) -> None:
        self._samples: deque[tuple[float, float]] = deque()

    def add(self, value: float, now_s: float) -> None:
        """Add the value at wall time `now_s`."""
        if self._samples and value < self._samples[-1][1]:
            self._samples.clear()
        self._samples.append((now_s, value))
        while now_s - self._samples[0][0] > WINDOW_S:
            self._samples.popleft()

    @property
    def value(self) -> float:
        """Units per second; NaN before there is an interval."""
        if not self._samples:
            return math.nan
        (first_s, first), (last_s, last) = self._samples[0], self._samples[-1]
        return (last - first) / (last_s - first_s) if last_s > first_s else math.nan
