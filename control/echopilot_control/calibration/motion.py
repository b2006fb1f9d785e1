"""Motion signals, one number per sample, from images and from poses, for the correlation of the two streams."""

import cv2
import numpy as np
from numpy.typing import NDArray

from echopilot_core import Array, EchoPilotError

_BLUR_PX = 1.5
_LEAST_GRAY = 12.0
_SHARE = 0.35  # of the brightest column: columns that show the line
_LEAST_COLUMNS = 40
_ROUNDS = 5


def line_depth_px(image: NDArray[np.uint8]) -> float:
    """Depth [px] of the brightest straight line (the floor of a water tank) at the middle column; NaN without one.

    The brightest row of each bright column is fitted by a line, again and again without columns more than three robust
    standard deviations away.
    """
    soft = cv2.GaussianBlur(image, (0, 0), _BLUR_PX)
    brightest = soft.max(axis=0).astype(np.float64)
    columns = np.flatnonzero(brightest > max(_SHARE * brightest.max(), _LEAST_GRAY)).astype(np.float64)
    if len(columns) < _LEAST_COLUMNS:
        return float("nan")
    rows = soft.argmax(axis=0)[columns.astype(int)].astype(np.float64)
    x = columns - image.shape[1] / 2
    kept = np.ones(len(x), dtype=bool)
    slope, depth = 0.0, float("nan")
    for _ in range(_ROUNDS):
        slope, depth = np.polyfit(x[kept], rows[kept], 1)
        aside = np.abs(rows - slope * x - depth)
        kept = aside <= max(3.0 * 1.4826 * float(np.median(aside)), 2.0)
        if kept.sum() < _LEAST_COLUMNS:
            return float("nan")
    return float(depth)


def main_axis_m(positions_m: Array) -> Array:
    """Positions (N, 3) [m] along their direction of most spread, (N,) [m] about their mean; the sign is arbitrary."""
    if positions_m.ndim != 2 or positions_m.shape[1] != 3 or len(positions_m) < 3:
        raise EchoPilotError(f"at least 3 positions (N, 3) make a motion, got {positions_m.shape}")
    if not np.isfinite(positions_m).all():
        raise EchoPilotError("a tracked position is not a finite number")
    about = positions_m - positions_m.mean(axis=0)
    return np.asarray(about @ np.linalg.svd(about, full_matrices=False)[2][0])
