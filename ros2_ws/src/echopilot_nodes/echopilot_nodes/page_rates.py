"""How fast a counter or a clock runs against wall time, over the last second or two."""

import math
from collections import deque

WINDOW_S = 2.0


class Rate:
    """Slope of a rising value; starts anew when it falls."""

    def __init__(self) -> None:
        self._seen: deque[tuple[float, float]] = deque()

    def add(self, value: float, now_s: float) -> None:
        """Note the value at wall time `now_s`."""
        if self._seen and value < self._seen[-1][1]:
            self._seen.clear()
        self._seen.append((now_s, value))
        while now_s - self._seen[0][0] > WINDOW_S:
            self._seen.popleft()

    @property
    def value(self) -> float:
        """Units per second; NaN before there is an interval."""
        (first_s, first), (last_s, last) = (self._seen[0], self._seen[-1]) if self._seen else ((0.0, 0.0), (0.0, 0.0))
        return (last - first) / (last_s - first_s) if last_s > first_s else math.nan
