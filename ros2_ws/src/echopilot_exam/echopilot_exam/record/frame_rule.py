"""Which frames go into the recording: all of them in sweep, hold and record, 5 a second otherwise."""

from dataclasses import dataclass

FULL_RATE_STATES = frozenset({"SWEEP", "HOLD", "RECORD"})


@dataclass
class FrameRule:
    """Follows the exam's state; `wants` is asked about every frame in order, by its stamp."""

    idle_hz: float = 5.0
    largest_bytes: int = 500_000_000
    every: bool = False  # as for a replayed clip
    state: str = ""
    is_full: bool = False
    _last_ns: int = -(2**62)

    def wants(self, stamp_ns: int, size: int) -> bool:
        """True when the frame of this stamp [ns] is to be written into a file of `size` bytes."""
        self.is_full = self.is_full or size > self.largest_bytes
        if self.is_full:
            return False
        due = self.idle_hz > 0.0 and abs(stamp_ns - self._last_ns) >= round(1e9 / self.idle_hz)
        if self.every or self.state in FULL_RATE_STATES or due:
            self._last_ns = stamp_ns
            return True
        return False
