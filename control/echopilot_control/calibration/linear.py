"""Image plane -> marker by linear least squares over the middle wires, robust to wrong frames."""

import numpy as np

from echopilot_control.calibration.phantom import Flags
from echopilot_core import Array

_DRAWS = 200
_FRAMES_PER_DRAW = 4


def solve_linear(points_px: Array, points_marker_m: Array) -> Array:
    """Matrix M (3, 3) with M (u, v, 1) = point in the marker frame [m], from (..., 2) [px] and (..., 3) [m]."""
    pixels = np.concatenate([points_px.reshape(-1, 2), np.ones((points_px.size // 2, 1))], axis=1)
    solved: Array = np.linalg.lstsq(pixels, points_marker_m.reshape(-1, 3), rcond=None)[0]
    return solved.T


def frame_errors_m(M: Array, points_px: Array, points_marker_m: Array) -> Array:
    """Largest distance (F,) [m] between mapped middle points and where the phantom has them."""
    mapped = points_px @ M[:, :2].T + M[:, 2]
    return np.asarray(np.linalg.norm(mapped - points_marker_m, axis=-1).max(axis=1))


def robust_linear(points_px: Array, points_marker_m: Array) -> tuple[Array, Flags]:
    """M (3, 3) and the mask (F,) of frames that agree, from middle points (F, P, 2) [px] and (F, P, 3) [m].

    Least median of squares over small draws of frames, then least squares over the frames within 2.5 robust standard
    deviations of it (Rousseeuw 1984). Draws are seeded, so the same frames give the same answer.
    """
    count = len(points_px)
    rng = np.random.default_rng(0)
    best, least = solve_linear(points_px, points_marker_m), np.inf
    for _ in range(_DRAWS):
        drawn = rng.choice(count, min(_FRAMES_PER_DRAW, count), replace=False)
        M = solve_linear(points_px[drawn], points_marker_m[drawn])
        median = float(np.median(frame_errors_m(M, points_px, points_marker_m)))
        if median < least:
            best, least = M, median
    errors = frame_errors_m(best, points_px, points_marker_m)
    kept: Flags = errors <= max(2.5 * 1.4826 * least, 1e-6)
    return solve_linear(points_px[kept], points_marker_m[kept]), kept
