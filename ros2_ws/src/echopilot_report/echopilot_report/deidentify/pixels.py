"""Blanks everything outside the ultrasound regions of a picture."""

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.uid import ExplicitVRLittleEndian

WHOLE = 0.97
"""A region that covers more of the picture leaves no border to blank: its text cannot be told from tissue."""


class CannotCleanError(Exception):
    """Why an object is left out, in words without anything of the patient."""


def keep_regions(data: Dataset) -> None:
    """Decompress, set every pixel outside the regions to 0. Raises CannotCleanError without usable regions.

    Works on a data set that still has its SequenceOfUltrasoundRegions; changes it.
    """
    try:
        if data.file_meta.TransferSyntaxUID.is_compressed:
            data.decompress(as_rgb=True, generate_instance_uid=False)
        pixels = np.array(data.pixel_array)
    except Exception as error:  # whatever a decoder makes of a damaged stream
        raise CannotCleanError(f"its pixels cannot be read ({type(error).__name__})") from error
    rows, columns = int(data.Rows), int(data.Columns)
    inside = regions(data, rows, columns)
    if not inside.any():
        raise CannotCleanError("it names no ultrasound region, so text in the picture cannot be told from tissue")
    if inside.mean() > WHOLE:
        raise CannotCleanError("its region is the whole picture, so text in it cannot be told from tissue")
    colour = int(data.SamplesPerPixel) > 1
    if data.PhotometricInterpretation not in ("MONOCHROME1", "MONOCHROME2", "RGB"):
        raise CannotCleanError("its colour coding is not supported")
    mask = inside[..., None] if colour else inside
    pixels = pixels * mask.astype(pixels.dtype)
    raw = pixels.tobytes()
    data.PixelData = raw + b"\0" * (len(raw) % 2)
    data["PixelData"].VR = "OB" if int(data.BitsAllocated) <= 8 else "OW"
    if colour:
        data.PlanarConfiguration = 0
    data.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian


def regions(data: Dataset, rows: int, columns: int) -> NDArray[np.bool_]:
    """Pixels (rows, columns) in any region; a region outside the picture or without a size counts for nothing."""
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
