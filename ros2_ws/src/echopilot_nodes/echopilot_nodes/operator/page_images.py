"""Images of the page: paired with their results, packed once, and some kept for the acquired views."""

import time
from collections import deque

from echopilot_core import ExamPhase, Frame, PerceptionResult
from echopilot_exam.machine.states import FULL_RATE_PHASES
from echopilot_nodes.display.recent_frames import RecentFrames
from echopilot_nodes.graph.inlet import Inlet
from echopilot_report.page.live.image import packed
from echopilot_wire import peek_stamp

WATCHED_S = 1.0 / 16.0  # wall time between images for the pages
KEPT_S = 0.2  # ... and between those kept for the views
SILENT_S = 0.4  # after so long without results, images are shown without outlines
KEEP_STATES = FULL_RATE_PHASES | {ExamPhase.MEASURE}


class PageImages:
    """Works on serialized messages, so that only the shown ones are decoded."""

    def __init__(self, frames: Inlet[Frame], results: Inlet[PerceptionResult]) -> None:
        self._inlets = frames, results
        self._frames = RecentFrames()
        self._kept: deque[tuple[int, bytes]] = deque(maxlen=150)
        self._packed_s = self._kept_s = self._result_s = 0.0
        self.quality = float("nan")
        self.frozen = False

    def frame(self, raw: bytes, watched: bool) -> bytes | None:
        """Add a frame; returns it packed without outlines when perception is silent, else None."""
        self._frames.add(raw)
        now_s = time.monotonic()
        if not watched or now_s - self._result_s < SILENT_S or now_s - self._packed_s < WATCHED_S:
            return None
        frame = self._inlets[0].read(raw)
        if frame is None:
            return None
        self._packed_s, self.quality = now_s, float("nan")
        self.frozen = frame.imaging.frozen
        return packed(frame, None)

    def result(self, raw: bytes, watched: bool, keep: bool) -> bytes | None:
        """Add a result; returns the packed image when one is due, else None."""
        now_s = self._result_s = time.monotonic()
        is_kept = keep and now_s - self._kept_s >= KEPT_S
        is_shown = watched and now_s - self._packed_s >= WATCHED_S
        if not is_kept and not is_shown:
            return None
        matching = self._frames.at(peek_stamp(raw))
        if matching is None:
            return None
        frame, result = self._inlets[0].read(matching), self._inlets[1].read(raw)
        if frame is None or result is None:
            return None
        self.quality, self.frozen, self._packed_s = result.quality, frame.imaging.frozen, now_s
        image = packed(frame, result)
        if is_kept:
            self._kept_s = now_s
            self._kept.append((frame.sequence, image))
        return image

    def near(self, sequence: int) -> bytes | None:
        """The kept image nearest to this frame; the newest one for -1."""
        if not self._kept:
            return None
        if sequence < 0:
            return self._kept[-1][1]
        return min(self._kept, key=lambda kept: abs(kept[0] - sequence))[1]
