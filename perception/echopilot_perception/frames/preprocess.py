"""Frame -> network picture: one resampling for rendered frames and real clips alike."""

from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from echopilot_core import Frame, ProbeGeometry, ProbeKind
from echopilot_perception import grid
from echopilot_perception.frames.checks import check

MAX_OVERSAMPLING = 6
EDGE_MARGIN_M = grid.SPACING_M  # the sector's outline is known to about one cell of a label map


def to_network(frame: Frame) -> NDArray[np.float32]:
    """Resample `frame` to (256, 256) float32 in 0..1 on the picture cells of `echopilot_perception.grid`.

    Every cell is the mean of the picture over its area; cells outside the sector or outside the picture are 0.
    Raises EchoPilotError when the frame holds no usable picture or geometry.
    """
    check(frame)
    geometry, n, spacing_m = frame.geometry, grid.PICTURE_CELLS, grid.PICTURE_SPACING_M
    finest_m = min(geometry.spacing_x_m, geometry.spacing_y_m)
    k = int(np.clip(round(spacing_m / finest_m), 1, MAX_OVERSAMPLING))
    step_m = spacing_m / k
    left_m = -0.5 * n * spacing_m
    column = [step_m / geometry.spacing_x_m, 0.0, (left_m + step_m / 2) / geometry.spacing_x_m + geometry.origin_u_px]
    row = [0.0, step_m / geometry.spacing_y_m, step_m / 2 / geometry.spacing_y_m + geometry.origin_v_px]
    box = frame.sector
    crop = frame.image[box.top_px : box.bottom_px, box.left_px : box.right_px]
    to_source = np.array([column, row])
    to_source[:, 2] -= (box.left_px, box.top_px)
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    fine = cv2.warpAffine(np.ascontiguousarray(crop), to_source, (n * k, n * k), flags=flags)
    cells = fine if k == 1 else cv2.resize(fine, (n, n), interpolation=cv2.INTER_AREA)
    picture = np.asarray(cells, dtype=np.float32) / np.float32(255.0)
    picture[~sector_cells(geometry)] = 0.0
    return picture


@lru_cache(maxsize=8)
def sector_cells(geometry: ProbeGeometry) -> NDArray[np.bool_]:
    """Picture cells (256, 256) whose centre lies in the sector of `geometry`, widened by 1.25 mm; not to be changed."""
    steps = (np.arange(grid.PICTURE_CELLS) + 0.5) * grid.PICTURE_SPACING_M
    x, y = np.meshgrid(steps - 0.5 * grid.PICTURE_CELLS * grid.PICTURE_SPACING_M, steps)
    if geometry.kind == ProbeKind.LINEAR:
        return _fixed((np.abs(x) <= geometry.aperture_m / 2 + EDGE_MARGIN_M) & (y <= geometry.depth_m))
    range_m = np.hypot(x, y + geometry.radius_m)
    angle = np.abs(np.arctan2(x, y + geometry.radius_m))
    margin = EDGE_MARGIN_M / np.maximum(range_m, EDGE_MARGIN_M)
    return _fixed(
        (angle <= geometry.opening_angle_rad / 2 + margin) & (range_m <= geometry.radius_m + geometry.depth_m)
    )


def _fixed(cells: NDArray[np.bool_]) -> NDArray[np.bool_]:
    cells.flags.writeable = False
    return cells
