"""Connected regions of a soft mask: area, centroid and second moments, in us_image."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from echopilot_core import Array, CaliperPoint, ClassExtent, LabelMap, SegmentationClass
from echopilot_perception.grid import NetworkGrid


def cell_centers(labels: LabelMap) -> tuple[Array, Array]:
    """Centers of the columns (W,) and of the rows (H,) [m] in us_image."""
    height, width = labels.labels.shape
    x_m = labels.origin_x_m + labels.spacing_m * np.arange(width, dtype=np.float64)
    y_m = labels.origin_y_m + labels.spacing_m * np.arange(height, dtype=np.float64)
    return x_m, y_m


def ends_between(first_m: Array, second_m: Array) -> tuple[CaliperPoint, CaliperPoint]:
    """Caliper from one point (2,) [m] to another."""
    return CaliperPoint(float(first_m[0]), float(first_m[1])), CaliperPoint(float(second_m[0]), float(second_m[1]))


@dataclass(frozen=True)
class Moments:
    """Area [m^2], centroid [m] and covariance (2, 2) [m^2] (x right, y down) of a soft region."""

    area_m2: float
    centroid_m: NDArray[np.float64]
    covariance_m2: NDArray[np.float64]


def largest_region(mask: NDArray[np.bool_], weight: NDArray[np.float64]) -> NDArray[np.bool_]:
    """The 4-connected part of `mask` (H, W) that holds most of `weight`; all False when the mask is empty."""
    count, parts = cv2.connectedComponents(mask.astype(np.uint8), connectivity=4)
    if count < 2:
        return np.zeros_like(mask)
    mass = np.bincount(parts.ravel(), weights=np.where(mask, weight, 0.0).ravel(), minlength=count)
    mass[0] = -1.0
    return np.asarray(parts == int(np.argmax(mass)))


def widen(mask: NDArray[np.bool_], cells: int) -> NDArray[np.bool_]:
    """Dilate by a square of `cells` on every side."""
    kernel = np.ones((2 * cells + 1, 2 * cells + 1), np.uint8)
    return np.asarray(cv2.dilate(mask.astype(np.uint8), kernel) > 0)


def fill_holes(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Mask with everything that its outer outlines enclose."""
    outlines, _ = cv2.findContours(mask.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    filled = np.zeros(mask.shape, np.uint8)
    cv2.drawContours(filled, outlines, -1, 1, thickness=-1)
    return np.asarray(filled > 0)


def moments(
    weight: NDArray[np.float64], x_m: NDArray[np.float64], y_m: NDArray[np.float64], spacing_m: float
) -> Moments | None:
    """Moments of `weight` (H, W) in 0..1 over cells at `x_m` (W,), `y_m` (H,); None when it is empty.

    A filled disc of radius r has variance r^2 / 4 per axis.
    """
    total = float(weight.sum())
    if total < 1.0:
        return None
    px, py = weight.sum(axis=0) / total, weight.sum(axis=1) / total
    cx, cy = float(px @ x_m), float(py @ y_m)
    xx = float(px @ (x_m - cx) ** 2)
    yy = float(py @ (y_m - cy) ** 2)
    xy = float((y_m - cy) @ weight @ (x_m - cx)) / total
    return Moments(total * spacing_m**2, np.array([cx, cy]), np.array([[xx, xy], [xy, yy]]))


MIN_CELLS = 6


def extents(labels: NDArray[np.uint8], probability: NDArray[np.float32], grid: NetworkGrid) -> tuple[ClassExtent, ...]:
    """Extents of the classes with at least 6 cells in `labels` (H, W) on `grid`; probabilities are (14, H, W).

    Sigma is the area of doubt, the sum of p (1 - p): doubtful cells lie along outlines and move together, so they
    are taken as fully correlated.
    """
    counts = np.bincount(labels.ravel(), minlength=len(SegmentationClass))
    cell_m2 = grid.spacing_m * grid.spacing_m
    rows = []
    for tissue in list(SegmentationClass)[1:]:
        if counts[tissue] < MIN_CELLS:
            continue
        mask = labels == tissue
        p = probability[tissue]
        doubt = float((p * (1.0 - p)).sum())
        n = float(counts[tissue])
        rows.append(
            ClassExtent(
                tissue=tissue,
                area_m2=n * cell_m2,
                sigma_m2=max(doubt, 0.3 * float(np.sqrt(n))) * cell_m2,
                centroid_x_m=float(mask.sum(axis=0) @ grid.x_m) / n,
                centroid_y_m=float(mask.sum(axis=1) @ grid.y_m) / n,
            )
        )
    return tuple(rows)
