"""Images of public data sets with their masks, resampled to `echopilot_perception.grid`."""

import cv2
import numpy as np
from numpy.typing import NDArray

from echopilot_core import EchoPilotError, Frame, ProbeGeometry, SectorBox, View
from echopilot_perception import grid
from echopilot_perception.frames.preprocess import sector_cells, to_network
from echopilot_perception.frames.sector import Sector, find_sector
from echopilot_perception.heads.base import UNKNOWN_LABEL
from echopilot_perception.heads.sizes import NAMES
from echopilot_perception.training.samples import Sample

ZOOM = grid.IMAGE_CELLS // grid.CELLS


def sector_of(images: NDArray[np.uint8], name: str) -> Sector:
    """The fan or rectangle in images (N, H, W); raises EchoPilotError when `name` shows none."""
    sector = find_sector(images)
    if sector is None:
        raise EchoPilotError(f"{name}: no ultrasound sector found; the image is empty")
    return sector


def check_same_size(image: NDArray[np.uint8], mask: NDArray[np.uint8], name: str) -> None:
    """Raise EchoPilotError unless image and mask of `name` have the same height and width."""
    if image.shape[:2] != mask.shape[:2]:
        raise EchoPilotError(f"{name}: the image has size {image.shape[:2]}, its mask {mask.shape[:2]}")


def on_grid(
    image: NDArray[np.uint8],
    classes: NDArray[np.uint8],
    sector: Sector,
    spacing_m: float,
    view: View,
    lv_volume_m3: float = float("nan"),
) -> Sample:
    """Sample of an image (H, W) and its `SegmentationClass` map (H, W), 255 where not known, both with square pixels.

    The image is resampled as every frame is (frames.preprocess), classes are read at the centers of their cells.
    Outside the sector the class is known: background.
    """
    geometry = ProbeGeometry(
        kind=sector.kind,
        radius_m=sector.radius_px * spacing_m,
        opening_angle_rad=sector.opening_rad,
        aperture_m=sector.width_px * spacing_m,
        depth_m=sector.depth_px * spacing_m,
        spacing_x_m=spacing_m,
        spacing_y_m=spacing_m,
        origin_u_px=sector.origin_u_px,
        origin_v_px=sector.origin_v_px,
        frequency_hz=0.0,
    )
    height, width = image.shape
    box = sector.box
    box = SectorBox(max(box.left_px, 0), max(box.top_px, 0), min(box.right_px, width), min(box.bottom_px, height))
    image = np.round(to_network(Frame(0, 0, image, geometry, box)) * 255.0).astype(np.uint8)
    labels = classes_on_grid(classes, geometry)
    sizes = np.full(len(NAMES), np.nan, np.float32)
    sizes[NAMES.index("lv_volume_m3")] = lv_volume_m3 / grid.grid_of(geometry).scale ** 3
    return Sample(image=image, labels=labels, view=int(view), sizes=sizes)


def classes_on_grid(classes: NDArray[np.uint8], geometry: ProbeGeometry) -> NDArray[np.uint8]:
    """Values (H, W) of an image's pixels, read at the centers of the cells of a label map (128, 128).

    Outside the sector they are 0, outside the image 255.
    """
    inside = sector_cells(geometry).reshape(grid.CELLS, ZOOM, grid.CELLS, ZOOM).any(axis=(1, 3))
    return np.where(inside, _at_cells(classes, geometry), 0).astype(np.uint8)


def _at_cells(classes: NDArray[np.uint8], geometry: ProbeGeometry) -> NDArray[np.uint8]:
    cells_m = grid.grid_of(geometry)
    across, down = cells_m.spacing_m / geometry.spacing_x_m, cells_m.spacing_m / geometry.spacing_y_m
    to_source = np.array(
        [
            [across, 0.0, float(cells_m.x_m[0]) / geometry.spacing_x_m + geometry.origin_u_px],
            [0.0, down, float(cells_m.y_m[0]) / geometry.spacing_y_m + geometry.origin_v_px],
        ]
    )
    flags = cv2.INTER_NEAREST | cv2.WARP_INVERSE_MAP
    size = (grid.CELLS, grid.CELLS)
    cells = cv2.warpAffine(
        classes, to_source, size, flags=flags, borderMode=cv2.BORDER_CONSTANT, borderValue=UNKNOWN_LABEL
    )
    return np.asarray(cells, np.uint8)
