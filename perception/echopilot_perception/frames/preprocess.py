"""Resampling of a frame to the network's image."""

from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from echopilot_core import Frame, ProbeGeometry, ProbeKind
from echopilot_perception import grid
from echopilot_perception.frames.checks import check

MAX_OVERSAMPLING = 6


def resampled(frame: Frame, cells: int, spacing_m: float, top_m: float = 0.0) -> NDArray[np.uint8]:
    """The image (cells, cells) uint8 on squares of `spacing_m` [m] around the beam axis, from depth `top_m` [m] on.

    Every cell is the mean of the image over its area; what lies outside the sector's box counts as 0.
    """
    geometry, box = frame.geometry, frame.sector
    finest_m = min(geometry.spacing_x_m, geometry.spacing_y_m)
    k = int(np.clip(round(spacing_m / finest_m), 1, MAX_OVERSAMPLING))
    step_m = spacing_m / k
    left_m = -0.5 * cells * spacing_m
    column = [step_m / geometry.spacing_x_m, 0.0, (left_m + step_m / 2) / geometry.spacing_x_m + geometry.origin_u_px]
    row = [0.0, step_m / geometry.spacing_y_m, (top_m + step_m / 2) / geometry.spacing_y_m + geometry.origin_v_px]
    to_source = np.array([column, row])
    to_source[:, 2] -= (box.left_px, box.top_px)
    crop = np.ascontiguousarray(frame.image[box.top_px : box.bottom_px, box.left_px : box.right_px])
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    fine = cv2.warpAffine(crop, to_source, (cells * k, cells * k), flags=flags)
    return np.asarray(fine if k == 1 else cv2.resize(fine, (cells, cells), interpolation=cv2.INTER_AREA), np.uint8)


def to_network(frame: Frame) -> NDArray[np.float32]:
    """Resample `frame` to (256, 256) float32 in 0..1 on the image cells of `echopilot_perception.grid`.

    Every cell is the mean of the image over its area; cells outside the sector or outside the image are 0.
    Raises EchoPilotError when the frame holds no usable image or geometry.
    """
    check(frame)
    cells = resampled(frame, grid.IMAGE_CELLS, grid.grid_of(frame.geometry).image_spacing_m)
    image = np.asarray(cells, dtype=np.float32) / np.float32(255.0)
    image[~sector_cells(frame.geometry)] = 0.0
    return image


@lru_cache(maxsize=8)
def sector_cells(geometry: ProbeGeometry) -> NDArray[np.bool_]:
    """Image cells (256, 256) whose center lies in the sector of `geometry`; not to be changed.

    It is widened by a cell of a label map, to which its outline is known.
    """
    spacing_m, margin_m = grid.grid_of(geometry).image_spacing_m, grid.grid_of(geometry).spacing_m
    steps = (np.arange(grid.IMAGE_CELLS) + 0.5) * spacing_m
    x, y = np.meshgrid(steps - 0.5 * grid.IMAGE_CELLS * spacing_m, steps)
    if geometry.kind == ProbeKind.LINEAR:
        return _fixed((np.abs(x) <= geometry.aperture_m / 2 + margin_m) & (y <= geometry.depth_m))
    range_m = np.hypot(x, y + geometry.radius_m)
    angle = np.abs(np.arctan2(x, y + geometry.radius_m))
    margin = margin_m / np.maximum(range_m, margin_m)
    return _fixed(
        (angle <= geometry.opening_angle_rad / 2 + margin) & (range_m <= geometry.radius_m + geometry.depth_m)
    )


def _fixed(cells: NDArray[np.bool_]) -> NDArray[np.bool_]:
    cells.flags.writeable = False
    return cells
