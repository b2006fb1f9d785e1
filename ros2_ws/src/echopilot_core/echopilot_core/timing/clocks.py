"""Clocks, and the periods of the closed loop."""

import time
from typing import Protocol

NS_PER_S = 1_000_000_000


class Clock(Protocol):
    """A source of "now" in nanoseconds; ROS time in simulation, the steady clock on hardware."""

    def now_ns(self) -> int:
        """Return the current time [ns]."""
        ...


class SteadyClock:
    """Monotonic wall clock, immune to NTP steps."""

    def now_ns(self) -> int:
        return time.monotonic_ns()


class ManualClock:
    """Simulated time, moved only by its owner."""

    def __init__(self, start_ns: int = 0) -> None:
        self._now_ns = start_ns

    def now_ns(self) -> int:
        return self._now_ns

    def advance_to(self, now_ns: int) -> None:
        """Move to `now_ns` [ns]; raises ValueError when that lies in the past."""
        if now_ns < self._now_ns:
            raise ValueError(f"clock cannot go back from {self._now_ns} to {now_ns} ns")
        self._now_ns = now_ns


def to_ns(seconds: float) -> int:
    """Convert [s] to [ns], rounded."""
    return round(seconds * NS_PER_S)


def to_s(nanoseconds: int) -> float:
    """Convert [ns] to [s]."""
    return nanoseconds / NS_PER_S


TICK_NS = 10_000_000
"""Control period [ns]: the robot publishes its state, and the controller and safety answer it, at 100 Hz."""

TICK_S = TICK_NS * 1e-9
"""Control period [s]."""

EXAM_TICKS = 5
"""Control ticks per exam tick (20 Hz); goals and imaging changes of the exam take effect on the same raster."""

SURFACE_TICKS = 20
"""Control ticks between two images of the depth camera (5 Hz)."""
