"""Period of the heart beat, from the size of a chamber over time."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

_STEP_S = 0.04
_PERIODS_S = (0.35, 1.6)
_SEARCHED_S = (0.20, 2.4)  # a beat outside _PERIODS_S is recognized, and not taken for a part or a multiple of it
_FRAMES_PER_BEAT = 6
_MIN_SPAN_S = 1.6
_ENOUGH_FRAMES = 15
_MIN_CORRELATION = 0.4  # correlation of the curve with itself one beat later
_STILL = 1e-6  # of the area: a smaller variation is rounding error


def beat_period_s(times_s: Sequence[float], areas_m2: Sequence[float]) -> float | None:
    """Period of the heart beat [s] from the area (N,) of a chamber at times (N,), or None without a regular rhythm.

    The first clear maximum of the autocorrelation that is also nearly the highest: one beat, never two. None also for a
    beat outside _PERIODS_S, and where there are fewer than _FRAMES_PER_BEAT frames in it.
    """
    times, areas = np.asarray(times_s, dtype=np.float64), np.asarray(areas_m2, dtype=np.float64)
    known = np.isfinite(times) & np.isfinite(areas)
    if known.sum() < _ENOUGH_FRAMES or times[known][-1] - times[known][0] < _MIN_SPAN_S:
        return None
    grid = np.arange(times[known][0], times[known][-1], _STEP_S)
    curve = np.interp(grid, times[known], areas[known])
    curve = curve - np.polyval(np.polyfit(grid, curve, 1), grid)
    if np.ptp(curve) <= _STILL * np.abs(areas[known]).max():
        return None
    correlation = np.array([_correlation(curve, lag) for lag in range(round(_SEARCHED_S[1] / _STEP_S) + 2)])
    first = round(_SEARCHED_S[0] / _STEP_S)
    peaks = [
        lag
        for lag in range(first, len(correlation) - 1)
        if correlation[lag] >= _MIN_CORRELATION
        and correlation[lag] >= correlation[lag - 1]
        and correlation[lag] > correlation[lag + 1]
    ]
    highest = max((correlation[lag] for lag in peaks), default=0.0)
    period_s = next((lag * _STEP_S for lag in peaks if correlation[lag] >= 0.8 * highest), None)
    if period_s is None or not _PERIODS_S[0] <= period_s <= _PERIODS_S[1]:
        return None
    return period_s if period_s >= _FRAMES_PER_BEAT * float(np.median(np.diff(times[known]))) else None


def _correlation(curve: NDArray[np.float64], lag: int) -> float:
    """Correlation of the curve with itself `lag` samples later; 0 where less than a third overlaps or nothing moves."""
    early, late = curve[: len(curve) - lag], curve[lag:]
    if len(early) < max(len(curve) / 3, 4):
        return 0.0
    power = float(np.sqrt((early @ early) * (late @ late)))
    return float(early @ late) / power if power > 0.0 else 0.0
