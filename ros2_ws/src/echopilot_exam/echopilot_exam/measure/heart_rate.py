"""Length of a recording, in beats of the heart."""

from collections.abc import Sequence

from echopilot_core import PerceptionResult, SegmentationClass
from echopilot_core.beat_period import beat_period_s

MIN_RECORD_S = 3.0
"""Shortest recording [s]: three beats, or three seconds."""
_MARGIN_BEATS = 0.3  # a recording begins and ends in the middle of a beat


def enough_recorded(frames: Sequence[PerceptionResult], beats: int, elapsed_s: float, longest_s: float) -> bool:
    """True once `beats` beats of the left ventricle lie in the recording, or without a rhythm after `longest_s`."""
    if elapsed_s < MIN_RECORD_S:
        return False
    if elapsed_s >= max(longest_s, MIN_RECORD_S):
        return True
    period_s = beat_period_s([s.stamp_ns * 1e-9 for s in frames], [_lv_m2(s) for s in frames])
    return period_s is not None and elapsed_s >= (beats + _MARGIN_BEATS) * period_s


def _lv_m2(frame: PerceptionResult) -> float:
    extent = frame.extent(SegmentationClass.LV)
    return extent.area_m2 if extent is not None else float("nan")
