"""The heart rate as the pictures show it, and how long a recording has to last."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from echopilot_core import Seen, Tissue

MIN_RECORD_S = 3.0
"""Clinical note 1.5: three beats, or three seconds."""

_STEP_S = 0.04
_PERIODS_S = (0.35, 1.6)
_MIN_SPAN_S = 1.6
_ENOUGH_FRAMES = 15
_LIKE = 0.4  # correlation of the curve with itself one beat later
_MARGIN_BEATS = 0.3  # a recording begins and ends in the middle of a beat


def beat_period_s(times_s: Sequence[float], areas_m2: Sequence[float]) -> float | None:
    """Seconds per beat from the area (N,) of a chamber at times (N,), or None when nothing beats regularly.

    The first clear maximum of the autocorrelation, that is also nearly the highest: a whole beat, never two.
    """
    times, areas = np.asarray(times_s, dtype=np.float64), np.asarray(areas_m2, dtype=np.float64)
    known = np.isfinite(times) & np.isfinite(areas)
    if known.sum() < _ENOUGH_FRAMES or times[known][-1] - times[known][0] < _MIN_SPAN_S:
        return None
    grid = np.arange(times[known][0], times[known][-1], _STEP_S)
    curve = np.interp(grid, times[known], areas[known])
    curve = curve - np.polyval(np.polyfit(grid, curve, 1), grid)
    likeness = np.array([_correlation(curve, lag) for lag in range(round(_PERIODS_S[1] / _STEP_S) + 2)])
    first = round(_PERIODS_S[0] / _STEP_S)
    peaks = [
        lag
        for lag in range(first, len(likeness) - 1)
        if likeness[lag] >= _LIKE and likeness[lag] >= likeness[lag - 1] and likeness[lag] > likeness[lag + 1]
    ]
    highest = max((likeness[lag] for lag in peaks), default=0.0)
    return next((lag * _STEP_S for lag in peaks if likeness[lag] >= 0.8 * highest), None)


def enough_recorded(frames: Sequence[Seen], beats: int, elapsed_s: float, longest_s: float) -> bool:
    """True once `beats` beats of the left ventricle lie in the recording, or without a rhythm after `longest_s`."""
    if elapsed_s < MIN_RECORD_S:
        return False
    if elapsed_s >= max(longest_s, MIN_RECORD_S):
        return True
    period_s = beat_period_s([s.stamp_ns * 1e-9 for s in frames], [_lv_m2(s) for s in frames])
    return period_s is not None and elapsed_s >= (beats + _MARGIN_BEATS) * period_s


def _lv_m2(seen: Seen) -> float:
    extent = seen.extent(Tissue.LV)
    return extent.area_m2 if extent is not None else float("nan")


def _correlation(curve: NDArray[np.float64], lag: int) -> float:
    """Correlation of the curve with itself `lag` samples later; 0 where less than a third overlaps or nothing moves."""
    early, late = curve[: len(curve) - lag], curve[lag:]
    if len(early) < max(len(curve) / 3, 4):
        return 0.0
    power = float(np.sqrt((early @ early) * (late @ late)))
    return float(early @ late) / power if power > 0.0 else 0.0
