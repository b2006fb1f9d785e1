"""Pairs each picture with its result, packs it once, and keeps some for the views that the exam acquires."""

import time
from collections import deque

from echopilot_msgs.msg import PerceptionResult, UltrasoundFrame
from rclpy.serialization import deserialize_message

from echopilot_nodes import conversions as conv
from echopilot_report.page.picture import packed

WATCHED_S = 1.0 / 16.0  # wall time between pictures for the pages
KEPT_S = 0.2  # ... and between those kept for the views
SILENT_S = 0.4  # without results for so long, pictures are shown as they are
KEEP_STATES = frozenset({"HOLD", "RECORD", "MEASURE", "SWEEP"})
_STAMP = slice(4, 12)  # of a serialised message that begins with a header, after the CDR encapsulation


class PagePictures:
    """Works on serialised messages, so that only those that are shown are ever unpacked."""

    def __init__(self) -> None:
        self._frames: deque[bytes] = deque(maxlen=8)
        self._kept: deque[tuple[int, bytes]] = deque(maxlen=150)
        self._packed_s = self._kept_s = self._result_s = 0.0
        self.quality = float("nan")
        self.frozen = False

    def frame(self, raw: bytes, watched: bool) -> bytes | None:
        """A frame; packed without outlines when perception is silent, else None until its result is here."""
        self._frames.append(raw)
        now_s = time.monotonic()
        if not watched or now_s - self._result_s < SILENT_S or now_s - self._packed_s < WATCHED_S:
            return None
        self._packed_s, self.quality = now_s, float("nan")
        frame = conv.from_frame(deserialize_message(raw, UltrasoundFrame))
        self.frozen = frame.imaging.frozen
        return packed(frame, None)

    def result(self, raw: bytes, watched: bool, keep: bool) -> bytes | None:
        """A result; the packed picture when one is due, else None. Raises ValueError for a message that is wrong."""
        now_s = self._result_s = time.monotonic()
        is_kept = keep and now_s - self._kept_s >= KEPT_S
        is_shown = watched and now_s - self._packed_s >= WATCHED_S
        if not is_kept and not is_shown:
            return None
        matching = [f for f in self._frames if bytes(f[_STAMP]) == bytes(raw[_STAMP])]
        if not matching:
            return None
        frame = conv.from_frame(deserialize_message(matching[-1], UltrasoundFrame))
        seen = conv.from_result(deserialize_message(raw, PerceptionResult))
        self.quality, self.frozen, self._packed_s = seen.quality, frame.imaging.frozen, now_s
        picture = packed(frame, seen)
        if is_kept:
            self._kept_s = now_s
            self._kept.append((frame.sequence, picture))
        return picture

    def near(self, sequence: int) -> bytes | None:
        """The kept picture nearest to this frame; the newest one for -1."""
        if not self._kept:
            return None
        if sequence < 0:
            return self._kept[-1][1]
        return min(self._kept, key=lambda kept: abs(kept[0] - sequence))[1]
