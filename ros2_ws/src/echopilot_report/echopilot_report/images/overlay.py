"""Color overlay of a label map, and calipers, on an ultrasound image."""

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from echopilot_core import CaliperPoint, LabelMap, ProbeGeometry, SegmentationClass

PALETTE_RGB: dict[SegmentationClass, tuple[int, int, int]] = {
    SegmentationClass.LV: (214, 69, 65),
    SegmentationClass.LV_MYO: (233, 150, 122),
    SegmentationClass.LA: (186, 85, 211),
    SegmentationClass.RV: (65, 131, 215),
    SegmentationClass.RA: (52, 168, 158),
    SegmentationClass.AO_ROOT: (240, 98, 146),
    SegmentationClass.AO_LUMEN: (226, 61, 40),
    SegmentationClass.AO_WALL: (255, 183, 77),
    SegmentationClass.IVC: (66, 135, 245),
    SegmentationClass.VERTEBRA: (224, 224, 200),
    SegmentationClass.SHADOW: (90, 90, 110),
    SegmentationClass.LIVER: (141, 110, 99),
    SegmentationClass.EFFUSION: (0, 188, 212),
}
"""Red for arterial, blue for venous blood; the same in every image that EchoPilot makes."""

CALIPER_RGB = (255, 235, 59)
FILL = 0.22
_FILLED_FAINTLY = (SegmentationClass.SHADOW, SegmentationClass.LIVER)


def labels_on_image(labels: LabelMap, geometry: ProbeGeometry, shape: tuple[int, int]) -> NDArray[np.uint8]:
    """Label of every pixel (H, W) of an image with this geometry, nearest cell; 0 outside the map."""
    rows, columns = shape
    x_m = (np.arange(columns) - geometry.origin_u_px) * geometry.spacing_x_m
    y_m = (np.arange(rows) - geometry.origin_v_px) * geometry.spacing_y_m
    column = np.rint((x_m - labels.origin_x_m) / labels.spacing_m).astype(int)
    row = np.rint((y_m - labels.origin_y_m) / labels.spacing_m).astype(int)
    height, width = labels.labels.shape
    inside = ((row >= 0) & (row < height))[:, None] & ((column >= 0) & (column < width))[None, :]
    found = labels.labels[np.clip(row, 0, height - 1)[:, None], np.clip(column, 0, width - 1)[None, :]]
    return np.where(inside, found, 0).astype(np.uint8)


def enhanced_on_image(
    enhanced: NDArray[np.uint8], labels: LabelMap, geometry: ProbeGeometry, shape: tuple[int, int]
) -> NDArray[np.uint8]:
    """The speckle-reduced image (`PerceptionResult.enhanced`, on the cells of `labels`) per pixel (H, W); 0 outside."""
    across, down = geometry.spacing_x_m / labels.spacing_m, geometry.spacing_y_m / labels.spacing_m
    to_cells = np.array(
        [
            [across, 0.0, -geometry.origin_u_px * across - labels.origin_x_m / labels.spacing_m],
            [0.0, down, -geometry.origin_v_px * down - labels.origin_y_m / labels.spacing_m],
        ]
    )
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    return np.asarray(cv2.warpAffine(enhanced, to_cells, shape[::-1], flags=flags), np.uint8)


def overlay(
    image: NDArray[np.uint8],
    labels: NDArray[np.uint8],
    calipers: Sequence[tuple[CaliperPoint, CaliperPoint]] = (),
    geometry: ProbeGeometry | None = None,
) -> NDArray[np.uint8]:
    """RGB image (H, W, 3): faint fill, crisp outline per class, calipers drawn with `geometry`.

    `image` (H, W) and `labels` (H, W) uint8. Speckle stays readable under the fill.
    """
    result = np.repeat(image[:, :, None], 3, axis=2).astype(np.float64)
    for tissue, color in PALETTE_RGB.items():
        mask = labels == tissue
        if not mask.any():
            continue
        share = FILL / 2.0 if tissue in _FILLED_FAINTLY else FILL
        result[mask] = (1.0 - share) * result[mask] + share * np.array(color)
    blended = np.clip(np.rint(result), 0, 255).astype(np.uint8)
    for tissue, color in PALETTE_RGB.items():
        if tissue in _FILLED_FAINTLY:
            continue
        contours, _ = cv2.findContours((labels == tissue).astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
        cv2.drawContours(blended, contours, -1, color, 1, cv2.LINE_AA)
    if geometry is not None:
        for first, second in calipers:
            _draw_caliper(blended, geometry, first, second)
    return blended


def _draw_caliper(image: NDArray[np.uint8], geometry: ProbeGeometry, first: CaliperPoint, second: CaliperPoint) -> None:
    ends = []
    for end in (first, second):
        if not np.isfinite([end.x_m, end.y_m]).all():
            return
        u = end.x_m / geometry.spacing_x_m + geometry.origin_u_px
        v = end.y_m / geometry.spacing_y_m + geometry.origin_v_px
        ends.append((round(u), round(v)))
    dots = max(round(float(np.hypot(ends[1][0] - ends[0][0], ends[1][1] - ends[0][1])) / 5), 1)
    for k in range(dots + 1):
        u = ends[0][0] + (ends[1][0] - ends[0][0]) * k / dots
        v = ends[0][1] + (ends[1][1] - ends[0][1]) * k / dots
        cv2.circle(image, (round(u), round(v)), 0, CALIPER_RGB, -1)
    for u_px, v_px in ends:
        cv2.drawMarker(image, (u_px, v_px), CALIPER_RGB, cv2.MARKER_CROSS, 9, 1, cv2.LINE_AA)
