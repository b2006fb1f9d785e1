"""Pixel spacing that a DICOM object gives: calibrated regions (PS3.3 C.8.5.5), else Pixel Spacing (10.7)."""

import math
from typing import Any

from pydicom import Dataset

from echopilot_perception.frames.image_sequence import Region

CENTIMETER = 3  # Physical Units code
TISSUE, COLOR_FLOW, IMAGE_2D = 1, 2, 1  # Region Data Type and Region Spatial Format codes
SPACINGS_M = (1e-6, 0.01)
MIN_SIDE_PX = 16
NOT_OF_THE_BODY = {
    "ImagerPixelSpacing": "Imager Pixel Spacing is that of a detector",
    "NominalScannedPixelSpacing": "Nominal Scanned Pixel Spacing is that of a scanned film",
}
BAD = (AttributeError, TypeError, ValueError, OverflowError, IndexError, KeyError)


def scale_of(data: Dataset) -> tuple[Region | None, tuple[str, ...]]:
    """The part of the image that the file gives a scale for, None without one, and remarks on what is not used.

    The largest 2-D region of tissue in centimeters comes first, then such a region of color flow, then Pixel Spacing,
    which holds for the whole image. 1 by 1 mm is what programs write that do not know it, as in MetaImage. The signs
    of a region's deltas are those of its axes.
    """
    regions = [region for item in _items(data) for region in _region(item, data)]
    if regions:
        return max(regions, key=lambda found: (found[0] == TISSUE, _area(found[1])))[1], ()
    spacing = _spacing_m(data)
    if spacing is not None:
        return Region(0, 0, int(data.Columns), int(data.Rows), *spacing), ()
    return None, tuple(f"{why}, not of the body: not used" for name, why in NOT_OF_THE_BODY.items() if name in data)


def _items(data: Dataset) -> list[Dataset]:
    try:
        return list(data.get("SequenceOfUltrasoundRegions") or [])
    except BAD:
        return []


def _region(item: Dataset, data: Dataset) -> list[tuple[int, Region]]:
    """Data type and place of one region; nothing for one that cannot be used."""
    try:
        kind = int(item.get("RegionDataType", 0))
        units = (int(item.get("PhysicalUnitsXDirection", 0)), int(item.get("PhysicalUnitsYDirection", 0)))
        plain = int(item.get("RegionSpatialFormat", 0)) == IMAGE_2D and units == (CENTIMETER, CENTIMETER)
        if kind not in (TISSUE, COLOR_FLOW) or not plain:
            return []
        x0, y0 = max(int(item.RegionLocationMinX0), 0), max(int(item.RegionLocationMinY0), 0)
        x1 = min(int(item.RegionLocationMaxX1) + 1, int(data.Columns))
        y1 = min(int(item.RegionLocationMaxY1) + 1, int(data.Rows))
        steps_m = (abs(float(item.PhysicalDeltaX)) * 0.01, abs(float(item.PhysicalDeltaY)) * 0.01)
    except BAD:
        return []
    if x1 - x0 < MIN_SIDE_PX or y1 - y0 < MIN_SIDE_PX or not _believable(steps_m):
        return []
    return [(kind, Region(x0, y0, x1, y1, *steps_m))]


def _spacing_m(data: Dataset) -> tuple[float, float] | None:
    """Distance [m] of columns and of rows by Pixel Spacing, in the image or in its functional groups."""
    for holder in (data, *_measures(data)):
        try:
            rows_mm, columns_mm = (float(value) for value in holder.PixelSpacing)
        except BAD:
            continue
        steps_m = (columns_mm * 1e-3, rows_mm * 1e-3)
        if _believable(steps_m) and (rows_mm, columns_mm) != (1.0, 1.0):
            return steps_m
    return None


def _measures(data: Dataset) -> list[Any]:
    try:
        return list(data.SharedFunctionalGroupsSequence[0].PixelMeasuresSequence)
    except BAD:
        return []


def _believable(steps_m: tuple[float, float]) -> bool:
    low, high = SPACINGS_M
    return all(math.isfinite(step) and low < step < high for step in steps_m)


def _area(region: Region) -> int:
    return (region.right_px - region.left_px) * (region.bottom_px - region.top_px)
