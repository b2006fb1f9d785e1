"""DICOM ultrasound: single and multi-frame, gray, RGB, YBR and palette (PS3.3 C.8.5.5 for regions)."""

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
from numpy.typing import NDArray
from pydicom.errors import InvalidDicomError
from pydicom.pixels import apply_color_lut, iter_pixels
from pydicom.uid import DeflatedExplicitVRLittleEndian

from echopilot_core import EchoPilotError
from echopilot_perception.frames.codestream import check_streams
from echopilot_perception.frames.frame_times import of_dicom
from echopilot_perception.frames.image_sequence import ImageSequence, Region, check_clip, gather, unpacked_limit

CENTIMETER = 3  # Physical Units code
TISSUE, IMAGE_2D = 1, 1  # Region Data Type and Region Spatial Format codes
MAX_REASON = 240  # characters
SPACINGS_M = (1e-6, 0.01)


def read_dicom(path: Path) -> ImageSequence:
    """Read all frames; raises EchoPilotError with one line for damaged or unsupported files."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            if pydicom.filereader.read_file_meta_info(path).get("TransferSyntaxUID") == DeflatedExplicitVRLittleEndian:
                raise EchoPilotError(
                    f"{path.name}: deflated DICOM files are not read; write it in another transfer syntax"
                )
            data = pydicom.dcmread(path)
            if "PixelData" not in data:
                raise EchoPilotError(f"{path.name}: DICOM file without images (it may be truncated)")
            expected, limit = int(data.get("NumberOfFrames", 1) or 1), unpacked_limit(path.stat().st_size)
            size = int(data.get("Columns", 0) or 0), int(data.get("Rows", 0) or 0)
            check_clip(*size, expected, limit, path.name)
            check_streams(data, path.name)
            gray, colored = gather((_image(p, data) for p in iter_pixels(data)), path.name, limit)
            if len(gray) != expected:
                raise EchoPilotError(
                    f"{path.name}: {len(gray)} frames where {expected} were announced; the file is damaged"
                )
            return ImageSequence(
                gray, of_dicom(data, len(gray)), colored, _region(data), str(data.get("SeriesDescription", ""))
            )
    except EchoPilotError:
        raise
    except InvalidDicomError as error:
        raise EchoPilotError(f"{path.name} is not a DICOM file: it has no DICOM header") from error
    except Exception as error:  # pydicom and its decoders raise every kind for damaged files
        reason = " ".join(str(error).split())[:MAX_REASON]
        raise EchoPilotError(f"{path.name} is not a readable DICOM clip: {type(error).__name__} {reason}") from error


def _image(pixels: NDArray[Any], data: pydicom.Dataset) -> NDArray[np.uint8]:
    if str(data.get("PhotometricInterpretation", "")) == "PALETTE COLOR":
        pixels = apply_color_lut(pixels, data)
    if pixels.dtype != np.uint8:
        bits = 16 if pixels.ndim == 3 else int(data.get("BitsStored", 16))
        if np.issubdtype(pixels.dtype, np.signedinteger):
            pixels = pixels.astype(np.int64) + (1 << (bits - 1))
        pixels = np.clip(pixels.astype(np.float64) / (2.0**bits - 1.0) * 255.0, 0, 255).astype(np.uint8)
    if str(data.get("PhotometricInterpretation", "")) == "MONOCHROME1":
        pixels = 255 - pixels
    return np.asarray(pixels, dtype=np.uint8)


def _region(data: pydicom.Dataset) -> Region | None:
    """The largest 2-D tissue region with physical units of centimeters."""
    best: Region | None = None
    for item in data.get("SequenceOfUltrasoundRegions") or []:
        kind = (int(item.get("RegionDataType", 0)), int(item.get("RegionSpatialFormat", 0)))
        units = (int(item.get("PhysicalUnitsXDirection", 0)), int(item.get("PhysicalUnitsYDirection", 0)))
        if kind != (TISSUE, IMAGE_2D) or units != (CENTIMETER, CENTIMETER):
            continue
        x0, y0 = max(int(item.RegionLocationMinX0), 0), max(int(item.RegionLocationMinY0), 0)
        x1 = min(int(item.RegionLocationMaxX1) + 1, int(data.Columns))
        y1 = min(int(item.RegionLocationMaxY1) + 1, int(data.Rows))
        steps = (abs(float(item.PhysicalDeltaX)) * 0.01, abs(float(item.PhysicalDeltaY)) * 0.01)
        area = (x1 - x0) * (y1 - y0)
        believable = all(SPACINGS_M[0] < step < SPACINGS_M[1] for step in steps)
        if x1 - x0 < 16 or y1 - y0 < 16 or not believable:
            continue
        if best is None or area > (best.right_px - best.left_px) * (best.bottom_px - best.top_px):
            best = Region(x0, y0, x1, y1, *steps)
    return best
