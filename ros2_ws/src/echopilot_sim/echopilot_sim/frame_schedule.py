"""Acquisition times of the frames, and the frame that is due at a control tick."""

import math
from dataclasses import dataclass

STEP_NS = 1_000_000  # of the physics


@dataclass(frozen=True)
class FrameSchedule:
    """Frames at `frame_hz`, stamped at the nearest step of `step_ns`; their results are due `latency_ns` later."""

    frame_hz: float
    latency_ns: int
    step_ns: int = STEP_NS

    def stamp_ns(self, sequence: int) -> int:
        """Acquisition stamp of a frame [ns]."""
        return round(sequence * 1e9 / self.frame_hz / self.step_ns) * self.step_ns

    def due_sequence(self, now_ns: int) -> int:
        """Newest frame whose result is due at a time [ns]; -1 before the first."""
        due_ns = now_ns - self.latency_ns
        due = math.floor(due_ns * 1e-9 * self.frame_hz) + 1
        while due >= 0 and self.stamp_ns(due) > due_ns:
            due -= 1
        return due
