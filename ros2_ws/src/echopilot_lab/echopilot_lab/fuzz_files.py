"""Small valid clips of every kind, made in memory: what the fuzz cases damage."""

import io
import zlib
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory

import cv2
import numpy as np
import pydicom
from numpy.typing import NDArray
from PIL import Image
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.pixels import compress
from pydicom.uid import (
    ExplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGLSLossless,
    RLELossless,
    UltrasoundMultiFrameImageStorage,
)

from echopilot_lab.clip_results import fourcc, quiet_stderr

SHAPE = (48, 64)
FRAMES = 3


@lru_cache(maxsize=1)
def made_files() -> dict[str, bytes]:
    """Bytes of valid clips by file name; the suffix says what they are."""
    files = {f"{name}.dcm": make() for name, make in _DICOM.items()}
    grey = _grey()[0]
    colour = np.stack([grey, grey // 2, 255 - grey], axis=-1)
    for suffix in ("png", "jpg", "bmp", "tif"):
        files[f"grey.{suffix}"] = _picture(grey, suffix)
        files[f"colour.{suffix}"] = _picture(colour, suffix)
    files["sixteen.png"] = _picture(grey.astype(np.uint16) * 257, "png")
    for suffix, codec in (("avi", "MJPG"), ("mp4", "mp4v"), ("webm", "VP80")):
        video = _video(suffix, codec)
        if video:
            files[f"clip.{suffix}"] = video
    files["packed.mha"] = _metaimage(True)
    files["plain.mha"] = _metaimage(False)
    return files


def dicom(pictures: NDArray[np.generic], photometric: str = "MONOCHROME2", signed: bool = False) -> Dataset:
    """An uncompressed multi-frame ultrasound data set of pictures (N, H, W) or (N, H, W, 3), with a region."""
    data = Dataset()
    data.file_meta = FileMetaDataset()
    data.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    data.file_meta.MediaStorageSOPClassUID = UltrasoundMultiFrameImageStorage
    data.file_meta.MediaStorageSOPInstanceUID = "1.2.3"
    data.SOPClassUID, data.SOPInstanceUID = UltrasoundMultiFrameImageStorage, "1.2.3"
    data.NumberOfFrames, data.Rows, data.Columns = pictures.shape[:3]
    data.SamplesPerPixel = 3 if pictures.ndim == 4 else 1
    if pictures.ndim == 4:
        data.PlanarConfiguration = 0
    bits = 8 * pictures.dtype.itemsize
    data.BitsAllocated, data.BitsStored, data.HighBit, data.PixelRepresentation = bits, bits, bits - 1, int(signed)
    data.PhotometricInterpretation = photometric
    if photometric == "PALETTE COLOR":
        table = np.arange(255, -1, -1, dtype=np.uint16) * 257
        for colour in ("Red", "Green", "Blue"):
            setattr(data, f"{colour}PaletteColorLookupTableDescriptor", [256, 0, 16])
            setattr(data, f"{colour}PaletteColorLookupTableData", table.tobytes())
    data.FrameTimeVector = [0.0] + [40.0] * (len(pictures) - 1)
    region = Dataset()
    region.RegionDataType, region.RegionSpatialFormat = 1, 1
    region.PhysicalUnitsXDirection = region.PhysicalUnitsYDirection = 3
    region.RegionLocationMinX0, region.RegionLocationMinY0 = 4, 2
    region.RegionLocationMaxX1, region.RegionLocationMaxY1 = pictures.shape[2] - 5, pictures.shape[1] - 3
    region.PhysicalDeltaX, region.PhysicalDeltaY = 0.05, 0.06
    data.SequenceOfUltrasoundRegions = [region]
    data.PixelData = pictures.tobytes()
    return data


def written(data: Dataset) -> bytes:
    """The bytes of a DICOM file."""
    buffer = io.BytesIO()
    pydicom.dcmwrite(buffer, data, enforce_file_format=True)
    return buffer.getvalue()


def compressed(data: Dataset, syntax: str) -> Dataset:
    """The same data set in a compressed transfer syntax; JPEG baseline by Pillow, the others by pydicom."""
    if syntax != JPEGBaseline8Bit:
        compress(data, syntax, generate_instance_uid=False)
        return data
    pictures = data.pixel_array
    data.file_meta.TransferSyntaxUID = JPEGBaseline8Bit
    data.PixelData = encapsulate([_picture(picture, "jpg") for picture in pictures])
    data["PixelData"].VR = "OB"
    if pictures.ndim == 4:
        data.PhotometricInterpretation = "YBR_FULL_422"
    return data


def _grey() -> NDArray[np.uint8]:
    """A speckled fan that beats, (FRAMES, 48, 64)."""
    rng = np.random.default_rng(0)
    rows, columns = np.mgrid[: SHAPE[0], : SHAPE[1]]
    inside = (np.hypot(columns - 32, rows) < 46) & (np.abs(np.arctan2(columns - 32, rows)) < 0.7)
    return np.where(inside, rng.rayleigh(60, (FRAMES, *SHAPE)), 0).clip(0, 255).astype(np.uint8)


def _rgb() -> NDArray[np.uint8]:
    grey = _grey()
    return np.stack([grey, grey, 255 - grey], axis=-1)


_DICOM: dict[str, Callable[[], bytes]] = {
    "grey": lambda: written(dicom(_grey())),
    "inverse": lambda: written(dicom(_grey(), "MONOCHROME1")),
    "sixteen": lambda: written(dicom(_grey().astype(np.uint16) * 257)),
    "signed": lambda: written(dicom((_grey().astype(np.int16) - 128) * 256, signed=True)),
    "palette": lambda: written(dicom(_grey(), "PALETTE COLOR")),
    "rgb": lambda: written(dicom(_rgb(), "RGB")),
    "ybr": lambda: written(dicom(_rgb(), "YBR_FULL")),
    "rle": lambda: written(compressed(dicom(_grey()), RLELossless)),
    "jpeg": lambda: written(compressed(dicom(_grey()), JPEGBaseline8Bit)),
    "jpeg_rgb": lambda: written(compressed(dicom(_rgb(), "RGB"), JPEGBaseline8Bit)),
    "jpegls": lambda: written(compressed(dicom(_grey()), JPEGLSLossless)),
    "jpeg2000": lambda: written(compressed(dicom(_grey()), JPEG2000Lossless)),
}


def _picture(picture: NDArray[np.generic], suffix: str) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, {"jpg": "JPEG", "tif": "TIFF"}.get(suffix, suffix.upper()))
    return buffer.getvalue()


def _video(suffix: str, codec: str) -> bytes:
    """Bytes of a video, none where this OpenCV cannot write it."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / f"clip.{suffix}"
        with quiet_stderr():
            writer = cv2.VideoWriter(str(path), fourcc(codec), 25.0, SHAPE[::-1], True)
        for picture in _rgb():
            writer.write(picture)
        writer.release()
        return path.read_bytes() if path.exists() else b""


def _metaimage(packed: bool) -> bytes:
    pictures = _grey().tobytes()
    body = zlib.compress(pictures) if packed else pictures
    lines = [
        "ObjectType = Image",
        "NDims = 3",
        f"CompressedData = {packed}",
        f"DimSize = {SHAPE[1]} {SHAPE[0]} {FRAMES}",
        "ElementSpacing = 0.5 0.5 1",
        "ElementType = MET_UCHAR",
        "UltrasoundImageOrientation = MFA",
        *(f"Seq_Frame{k:04d}_Timestamp = {7417.0 + 0.1 * k}" for k in range(FRAMES)),
        "ElementDataFile = LOCAL",
    ]
    return ("\n".join(lines) + "\n").encode() + body
