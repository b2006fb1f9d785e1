"""Frame -> network picture: one resampling for rendered frames and real clips alike."""

import cv2
import numpy as np
from numpy.typing import NDArray

from echopilot_core import EchoPilotError, Frame, ProbeGeometry, ProbeKind
from echopilot_perception import grid

MAX_OVERSAMPLING = 6
EDGE_MARGIN_M = grid.SPACING_M  # the sector's outline is known to about one cell


def to_network(frame: Frame) -> NDArray[np.float32]:
    """Resample `frame` to (128, 128) float32 in 0..1 on the grid of `echopilot_perception.grid`.

    Every cell is the mean of the picture over its area; cells outside the sector or outside the picture are 0.
    Raises EchoPilotError when the frame holds no usable picture or geometry.
    """
    check(frame)
    geometry = frame.geometry
    finest_m = min(geometry.spacing_x_m, geometry.spacing_y_m)
    k = int(np.clip(round(grid.SPACING_M / finest_m), 1, MAX_OVERSAMPLING))
    step_m = grid.SPACING_M / k
    column = [step_m / geometry.spacing_x_m, 0.0, (-0.08 + step_m / 2) / geometry.spacing_x_m + geometry.origin_u_px]
    row = [0.0, step_m / geometry.spacing_y_m, step_m / 2 / geometry.spacing_y_m + geometry.origin_v_px]
    box = frame.sector
    crop = frame.image[box.top_px : box.bottom_px, box.left_px : box.right_px]
    to_source = np.array([column, row])
    to_source[:, 2] -= (box.left_px, box.top_px)
    size = (grid.CELLS * k, grid.CELLS * k)
    fine = cv2.warpAffine(np.ascontiguousarray(crop), to_source, size, flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP)
    cells = fine if k == 1 else cv2.resize(fine, (grid.CELLS, grid.CELLS), interpolation=cv2.INTER_AREA)
    picture = np.asarray(cells, dtype=np.float32) / np.float32(255.0)
    picture[~sector_cells(geometry)] = 0.0
    return np.asarray(picture, dtype=np.float32)


def sector_cells(geometry: ProbeGeometry) -> NDArray[np.bool_]:
    """Cells (128, 128) whose centre lies in the sector of `geometry`, widened by one cell."""
    x, y = np.meshgrid(grid.X_M, grid.Y_M)
    if geometry.kind == ProbeKind.LINEAR:
        return np.asarray((np.abs(x) <= geometry.aperture_m / 2 + EDGE_MARGIN_M) & (y <= geometry.depth_m))
    range_m = np.hypot(x, y + geometry.radius_m)
    angle = np.abs(np.arctan2(x, y + geometry.radius_m))
    margin = EDGE_MARGIN_M / np.maximum(range_m, EDGE_MARGIN_M)
    return np.asarray(
        (angle <= geometry.opening_angle_rad / 2 + margin) & (range_m <= geometry.radius_m + geometry.depth_m)
    )


def check(frame: Frame) -> None:
    """Raise EchoPilotError with one line unless `frame` can be processed."""
    image, geometry, box = frame.image, frame.geometry, frame.sector
    if image.ndim != 2 or image.dtype != np.uint8 or image.size == 0:
        raise EchoPilotError(f"frame {frame.sequence}: picture must be (H, W) uint8, got {image.shape} {image.dtype}")
    numbers = (geometry.spacing_x_m, geometry.spacing_y_m, geometry.origin_u_px, geometry.origin_v_px)
    shape = (geometry.depth_m, geometry.opening_angle_rad, geometry.aperture_m, geometry.radius_m)
    if not np.isfinite(numbers + shape).all():
        raise EchoPilotError(f"frame {frame.sequence}: probe geometry holds numbers that are not finite")
    if not (1e-6 < geometry.spacing_x_m < 0.01 and 1e-6 < geometry.spacing_y_m < 0.01):
        raise EchoPilotError(f"frame {frame.sequence}: pixel spacing must lie between 1 um and 10 mm")
    if geometry.depth_m <= 0:
        raise EchoPilotError(f"frame {frame.sequence}: depth must be positive, got {geometry.depth_m} m")
    inside = 0 <= box.left_px < box.right_px <= image.shape[1] and 0 <= box.top_px < box.bottom_px <= image.shape[0]
    if not inside:
        raise EchoPilotError(f"frame {frame.sequence}: sector box {box} does not lie in the {image.shape} picture")
