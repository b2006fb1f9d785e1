"""Schedule of a clip's frames: pacing, lossless replay and dropped frames, without ROS."""

from collections.abc import Sequence
from dataclasses import dataclass

LATE_PERIODS = 2.0  # paced replay: a frame this many periods late is dropped


@dataclass(frozen=True)
class Slot:
    """One frame to send: index in the clip, sequence on the wire, time since the first frame in clip time."""

    index: int
    sequence: int
    offset_ns: int


class ClipSchedule:
    """Frame i of `offsets_ns` (clip time, from 0) is due at `start + offset / rate`.

    Lossless: also the previous frame must have been answered, and lateness moves the later frames instead of dropping
    any. Otherwise a frame more than two periods late is dropped; its sequence number stays a gap.
    """

    def __init__(
        self, offsets_ns: Sequence[int], period_ns: int, start_ns: int, rate: float, lossless: bool, loop: bool
    ) -> None:
        self._offsets_ns = offsets_ns
        self._period_ns = period_ns
        self._start_ns = start_ns
        self._rate = rate
        self._lossless = lossless
        self._loop = loop
        self._sequence = 0
        self._answered = -1
        self.sent = 0
        self.dropped = 0

    def answered(self, sequence: int) -> bool:
        """Record that the result of frame `sequence` arrived; False for one that was not sent yet."""
        if sequence >= self._sequence:
            return False
        self._answered = max(self._answered, sequence)
        return True

    def is_over(self) -> bool:
        """True when every frame was sent or dropped, and answered where that is waited for."""
        if self._loop or self._sequence < len(self._offsets_ns):
            return False
        return not self._lossless or self._answered >= self._sequence - 1

    def due(self, now_ns: int) -> Slot | None:
        """The frame to send at `now_ns`, at most one per call."""
        while self._loop or self._sequence < len(self._offsets_ns):
            if self._lossless and self._answered < self._sequence - 1:
                return None
            slot = self._slot()
            late_ns = now_ns - self._start_ns - round(slot.offset_ns / self._rate)
            if late_ns < 0:
                return None
            self._sequence += 1
            if self._lossless:
                self._start_ns += late_ns
            elif late_ns > LATE_PERIODS * self._period_ns / self._rate:
                self.dropped += 1
                continue
            self.sent += 1
            return slot
        return None

    def _slot(self) -> Slot:
        turn, index = divmod(self._sequence, len(self._offsets_ns))
        turn_ns = self._offsets_ns[-1] + self._period_ns
        return Slot(index, self._sequence, turn * turn_ns + self._offsets_ns[index])
