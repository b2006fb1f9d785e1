"""Latency of perception by stage, and frames that were skipped."""

import time
from collections import deque
from collections.abc import Callable

import numpy as np

KEPT = 150  # frames over which percentiles are taken
LONGEST_NS = 10_000_000_000  # a longer way is another machine's clock


class FrameMeter:
    """Takes the times of each frame: from its acquisition to here, in the network, and until its result is sent."""

    def __init__(self, clock_ns: Callable[[], int] = time.monotonic_ns) -> None:
        self._clock_ns = clock_ns
        self._stages: dict[str, deque[float]] = {}
        self._sequence = -1
        self.skipped = 0

    def take(self, sequence: int, steady_ns: int) -> None:
        """A frame has arrived; `steady_ns` is the steady clock at its acquisition, 0 where it is not known."""
        if 0 <= self._sequence < sequence:
            self.skipped += sequence - self._sequence - 1
        self._sequence = sequence
        way_ns = self._clock_ns() - steady_ns
        if steady_ns > 0 and 0 <= way_ns < LONGEST_NS:
            self._add("acquired to taken", way_ns * 1e-9)

    def note(self, seen_s: float, sent_s: float) -> None:
        """Times [s] that a frame took in the network with all that belongs to it, and in being sent."""
        self._add("network", seen_s)
        self._add("sending", sent_s)

    def values(self) -> dict[str, object]:
        """Median and 95th percentile of each stage [ms], and the number of frames that were skipped."""
        values: dict[str, object] = {"skipped frames": self.skipped}
        for stage, seconds in self._stages.items():
            p50, p95 = np.percentile(seconds, (50, 95)) * 1e3
            values |= {f"{stage} p50 [ms]": float(p50), f"{stage} p95 [ms]": float(p95)}
        return values

    def _add(self, stage: str, seconds: float) -> None:
        self._stages.setdefault(stage, deque(maxlen=KEPT)).append(seconds)
