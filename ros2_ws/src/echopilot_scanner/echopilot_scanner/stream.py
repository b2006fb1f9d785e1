"""Frames of a live source: numbered, in order, each image once, with the state of the signal."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from echopilot_core import Clock, EchoPilotError, Frame, SteadyClock, to_s
from echopilot_scanner.interface import FrameSource, SourceImage
from echopilot_scanner.placer import ImagePlacer

LOST_NS = 500_000_000
"""Without a new image for so long the signal is lost [ns]."""


@dataclass(frozen=True)
class SignalState:
    """State of the signal: `reason` says in one line why no frames come, and is empty while they do."""

    reason: str
    frames: int = 0
    repeated: int = 0
    disordered: int = 0  # images whose stamp is not later than the one before

    @property
    def is_good(self) -> bool:
        """Whether frames come."""
        return not self.reason


class FrameStream:
    """Frames of a source. An image equal to the last one inside the sector is a repetition and gives no frame.

    So a scanner that is frozen, a grabber that samples faster than the scanner draws, and a screen without signal give
    none; when that lasts half a second the signal counts as lost, with a reason.

    `frozen` holds the image here, whatever the source can do: the next new image is the last one, flagged as frozen,
    until `frozen` is false again. It may be set in another thread than that of `next`.
    """

    def __init__(self, source: FrameSource, placer: ImagePlacer, clock: Clock | None = None) -> None:
        self.source = source
        self.placer = placer
        self._clock = clock or SteadyClock()
        self._new_ns = self._any_ns = self._clock.now_ns()
        self._last: NDArray[np.uint8] | None = None
        self._stamp_ns = 0
        self._refusal = ""
        self._frames = self._repeated = self._disordered = 0
        self._shows_frozen = False
        self.frozen = False

    def next(self, timeout_s: float) -> Frame | None:
        """The next frame, None when none came within `timeout_s` or the image was no new one."""
        image = self.source.read(timeout_s)
        if image is None:
            return None
        self._any_ns = self._clock.now_ns()
        if image.stamp_ns <= self._stamp_ns:
            if image.stamp_ns == self._stamp_ns:
                self._repeated += 1
            else:
                self._disordered += 1
            return None
        frame = self._frame(image)
        shown = image.pixels if frame is None else frame.image
        if self._last is not None and np.array_equal(self._last, shown):
            self._repeated += 1
            return None
        self._last = shown
        self._stamp_ns = image.stamp_ns
        if frame is None:
            return None
        self._new_ns = self._any_ns
        is_frozen = self.frozen
        if is_frozen and self._shows_frozen:
            return None
        self._shows_frozen = is_frozen
        self._frames += 1
        return replace(frame, imaging=replace(frame.imaging, frozen=True)) if is_frozen else frame

    def _frame(self, image: SourceImage) -> Frame | None:
        try:
            frame = self.placer.frame(image, self._frames)
            self._refusal = ""
        except EchoPilotError as error:
            self._refusal, frame = str(error), None
        return frame

    @property
    def signal(self) -> SignalState:
        """State of the signal now."""
        return SignalState(self._reason(), self._frames, self._repeated, self._disordered)

    def _reason(self) -> str:
        name, now_ns = self.source.name, self._clock.now_ns()
        if now_ns - self._new_ns < LOST_NS and self._frames:
            return ""
        if self.source.trouble:
            return self.source.trouble
        if self._refusal:
            return f"{name}: {self._refusal}"
        if now_ns - self._any_ns >= LOST_NS:
            return f"no image from {name} for {to_s(now_ns - self._any_ns):.1f} s; expected one every {to_s(LOST_NS)} s"
        if self.placer.waits_for:
            return f"{name}: {self.placer.waits_for}"
        if self._frames:
            still_s = to_s(now_ns - self._new_ns)
            return f"the image of {name} has not changed for {still_s:.1f} s: frozen, or without signal"
        return f"{name}: no image yet"
