"""The filter of the force: a mean over a fixed time, whose delay is known."""

import numpy as np

from echopilot_core import Array


class MeanFilter:
    """Mean of the last n samples of a wrench: a delay of (n - 1) / 2 periods at every frequency."""

    def __init__(self, window_ns: int, period_ns: int) -> None:
        """A window of `window_ns` for samples that are `period_ns` apart; at least one sample."""
        n = max(1, round(window_ns / period_ns))
        self.delay_ns = (n - 1) * period_ns // 2
        self._samples = np.zeros((n, 6))
        self._taken = 0

    def take(self, wrench: Array) -> Array:
        """The mean (6,) after a new sample (6,), over those there are in the beginning."""
        n = len(self._samples)
        self._samples[self._taken % n] = wrench
        self._taken += 1
        mean: Array = self._samples[: min(self._taken, n)].mean(axis=0)
        return mean
