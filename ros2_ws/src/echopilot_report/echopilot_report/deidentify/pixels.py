"""Blanking of all pixels outside the ultrasound regions of an image."""

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.uid import ExplicitVRLittleEndian

WHOLE = 0.97
"""Largest share of the image that a region may cover; above it, text cannot be distinguished from tissue."""


class CannotCleanError(Exception):
    """The object cannot be cleaned; the message is the reason and holds no patient data."""


def keep_regions(data: Dataset) -> None:
    """Decompress, set every pixel outside the regions to 0. Raises CannotCleanError without usable regions.

    Works on a data set that still has its SequenceOfUltrasoundRegions; changes it.
    """
    try:
        if data.file_meta.TransferSyntaxUID.is_compressed:
            data.decompress(as_rgb=True, generate_instance_uid=False)
        pixels = np.array(data.pixel_array)
    except Exception as error:  # decoders raise various errors on damaged streams
        raise CannotCleanError(f"its pixels cannot be read ({type(error).__name__})") from error
    rows, columns = int(data.Rows), int(data.Columns)
    inside = regions(data, rows, columns)
    if not inside.any():
        raise CannotCleanError(
            "it names no ultrasound region, so text in the image cannot be distinguished from tissue"
        )
    if inside.mean() > WHOLE:
        raise CannotCleanError("its region is the whole image, so text in it cannot be distinguished from tissue")
    color = int(data.SamplesPerPixel) > 1
    if data.PhotometricInterpretation not in ("MONOCHROME1", "MONOCHROME2", "RGB"):
        raise CannotCleanError("its color coding is not supported")
    mask = inside[..., None] if color else inside
    pixels = pixels * mask.astype(pixels.dtype)
    raw = pixels.tobytes()
    data.PixelData = raw + b"\0" * (len(raw) % 2)
    data["PixelData"].VR = "OB" if int(data.BitsAllocated) <= 8 else "OW"
    if color:
        data.PlanarConfiguration = 0
    data.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian


def regions(data: Dataset, rows: int, columns: int) -> NDArray[np.bool_]:
    """Pixels (rows, columns) in any region; a region outside the image or without a size counts for nothing."""
    inside = np.zeros((rows, columns), bool)
    for region in data.get("SequenceOfUltrasoundRegions") or []:
        try:
            left, top = int(region.RegionLocationMinX0), int(region.RegionLocationMinY0)
            right, bottom = int(region.RegionLocationMaxX1), int(region.RegionLocationMaxY1)
        except (AttributeError, TypeError, ValueError):
            continue
        if 0 <= left <= right < columns and 0 <= top <= bottom < rows:
            inside[top : bottom + 1, left : right + 1] = True
    return inside
