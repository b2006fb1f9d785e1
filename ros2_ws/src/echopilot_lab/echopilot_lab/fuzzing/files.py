"""Small valid clips of every kind, made in memory, that the fuzz cases damage."""

import io
import zlib
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory

import cv2
import imagecodecs
import numpy as np
import pydicom
from numpy.typing import NDArray
from PIL import Image
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.pixels import compress
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGLosslessSV1,
    JPEGLSLossless,
    RLELossless,
    UltrasoundMultiFrameImageStorage,
)

from echopilot_lab.fuzzing.other_kinds import other_kinds
from echopilot_lab.replay.clip_results import fourcc, quiet_stderr

JPEG_XL = "1.2.840.10008.1.2.4.110"
SHAPE = (48, 64)
FRAMES = 3


@lru_cache(maxsize=1)
def made_files() -> dict[str, bytes]:
    """Bytes of valid clips by file name; the suffix says what they are."""
    files = {f"{name}.dcm": make() for name, make in _DICOM.items()}
    gray = _gray()[0]
    color = np.stack([gray, gray // 2, 255 - gray], axis=-1)
    for suffix in ("png", "jpg", "bmp", "tif"):
        files[f"gray.{suffix}"] = _image(gray, suffix)
        files[f"color.{suffix}"] = _image(color, suffix)
    files["sixteen.png"] = _image(gray.astype(np.uint16) * 257, "png")
    for suffix, codec in (("avi", "MJPG"), ("mp4", "mp4v"), ("webm", "VP80")):
        video = _video(suffix, codec)
        if video:
            files[f"clip.{suffix}"] = video
    files["packed.mha"] = _metaimage(True)
    files["plain.mha"] = _metaimage(False)
    return files | other_kinds(_gray())


def dicom(images: NDArray[np.generic], photometric: str = "MONOCHROME2", signed: bool = False) -> Dataset:
    """An uncompressed multi-frame ultrasound data set of images (N, H, W) or (N, H, W, 3), with a region."""
    data = Dataset()
    data.file_meta = FileMetaDataset()
    data.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    data.file_meta.MediaStorageSOPClassUID = UltrasoundMultiFrameImageStorage
    data.file_meta.MediaStorageSOPInstanceUID = "1.2.3"
    data.SOPClassUID, data.SOPInstanceUID = UltrasoundMultiFrameImageStorage, "1.2.3"
    data.NumberOfFrames, data.Rows, data.Columns = images.shape[:3]
    data.SamplesPerPixel = 3 if images.ndim == 4 else 1
    if images.ndim == 4:
        data.PlanarConfiguration = 0
    bits = 8 * images.dtype.itemsize
    data.BitsAllocated, data.BitsStored, data.HighBit, data.PixelRepresentation = bits, bits, bits - 1, int(signed)
    data.PhotometricInterpretation = photometric
    if photometric == "PALETTE COLOR":
        table = np.arange(255, -1, -1, dtype=np.uint16) * 257
        for color in ("Red", "Green", "Blue"):
            setattr(data, f"{color}PaletteColorLookupTableDescriptor", [256, 0, 16])
            setattr(data, f"{color}PaletteColorLookupTableData", table.tobytes())
    data.FrameTimeVector = [0.0] + [40.0] * (len(images) - 1)
    region = Dataset()
    region.RegionDataType, region.RegionSpatialFormat = 1, 1
    region.PhysicalUnitsXDirection = region.PhysicalUnitsYDirection = 3
    region.RegionLocationMinX0, region.RegionLocationMinY0 = 4, 2
    region.RegionLocationMaxX1, region.RegionLocationMaxY1 = images.shape[2] - 5, images.shape[1] - 3
    region.PhysicalDeltaX, region.PhysicalDeltaY = 0.05, 0.06
    data.SequenceOfUltrasoundRegions = [region]
    data.PixelData = images.tobytes()
    return data


def written(data: Dataset) -> bytes:
    """The bytes of a DICOM file."""
    buffer = io.BytesIO()
    if data.file_meta.TransferSyntaxUID != JPEG_XL:
        pydicom.dcmwrite(buffer, data, enforce_file_format=True)
        return buffer.getvalue()
    buffer.write(bytes(128) + b"DICM")  # pydicom does not know the syntax
    pydicom.dcmwrite(buffer, data, implicit_vr=False, little_endian=True, force_encoding=True)
    return buffer.getvalue()


def compressed(data: Dataset, syntax: str) -> Dataset:
    """The same data set in a compressed transfer syntax; JPEG baseline by Pillow, the others by pydicom."""
    if syntax != JPEGBaseline8Bit:
        compress(data, syntax, generate_instance_uid=False)
        return data
    images = data.pixel_array
    data.file_meta.TransferSyntaxUID = JPEGBaseline8Bit
    data.PixelData = encapsulate([_image(image, "jpg") for image in images])
    data["PixelData"].VR = "OB"
    if images.ndim == 4:
        data.PhotometricInterpretation = "YBR_FULL_422"
    return data


def _encapsulated(images: NDArray[np.uint8], syntax: str, encode: Callable[[NDArray[np.uint8]], bytes]) -> Dataset:
    data = dicom(images)
    data.file_meta.TransferSyntaxUID = syntax
    data.PixelData = encapsulate([encode(image) for image in images])
    data["PixelData"].VR = "OB"
    return data


def _windowed(data: Dataset) -> Dataset:
    data.WindowCenter, data.WindowWidth = "512", "1020"
    return data


def _deflated(data: Dataset) -> Dataset:
    data.file_meta.TransferSyntaxUID = DeflatedExplicitVRLittleEndian
    return data


def _gray() -> NDArray[np.uint8]:
    """A speckled fan that beats, (FRAMES, 48, 64)."""
    rng = np.random.default_rng(0)
    rows, columns = np.mgrid[: SHAPE[0], : SHAPE[1]]
    inside = (np.hypot(columns - 32, rows) < 46) & (np.abs(np.arctan2(columns - 32, rows)) < 0.7)
    return np.where(inside, rng.rayleigh(60, (FRAMES, *SHAPE)), 0).clip(0, 255).astype(np.uint8)


def _rgb() -> NDArray[np.uint8]:
    gray = _gray()
    return np.stack([gray, gray, 255 - gray], axis=-1)


_DICOM: dict[str, Callable[[], bytes]] = {
    "gray": lambda: written(dicom(_gray())),
    "inverse": lambda: written(dicom(_gray(), "MONOCHROME1")),
    "sixteen": lambda: written(dicom(_gray().astype(np.uint16) * 257)),
    "signed": lambda: written(dicom((_gray().astype(np.int16) - 128) * 256, signed=True)),
    "palette": lambda: written(dicom(_gray(), "PALETTE COLOR")),
    "rgb": lambda: written(dicom(_rgb(), "RGB")),
    "ybr": lambda: written(dicom(_rgb(), "YBR_FULL")),
    "rle": lambda: written(compressed(dicom(_gray()), RLELossless)),
    "jpeg": lambda: written(compressed(dicom(_gray()), JPEGBaseline8Bit)),
    "jpeg_rgb": lambda: written(compressed(dicom(_rgb(), "RGB"), JPEGBaseline8Bit)),
    "jpegls": lambda: written(compressed(dicom(_gray()), JPEGLSLossless)),
    "jpeg2000": lambda: written(compressed(dicom(_gray()), JPEG2000Lossless)),
    "jpeg_lossless": lambda: written(_encapsulated(_gray(), JPEGLosslessSV1, imagecodecs.ljpeg_encode)),
    "jpeg_xl": lambda: written(_encapsulated(_gray(), JPEG_XL, imagecodecs.jpegxl_encode)),
    "window": lambda: written(_windowed(dicom(_gray().astype(np.uint16) * 4))),
    "deflated": lambda: written(_deflated(dicom(_gray()))),
}


def _image(image: NDArray[np.generic], suffix: str) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, {"jpg": "JPEG", "tif": "TIFF"}.get(suffix, suffix.upper()))
    return buffer.getvalue()


def _video(suffix: str, codec: str) -> bytes:
    """Bytes of a video, none where this OpenCV cannot write it."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / f"clip.{suffix}"
        with quiet_stderr():
            writer = cv2.VideoWriter(str(path), fourcc(codec), 25.0, SHAPE[::-1], True)
        for image in _rgb():
            writer.write(image)
        writer.release()
        return path.read_bytes() if path.exists() else b""


def _metaimage(packed: bool) -> bytes:
    images = _gray().tobytes()
    body = zlib.compress(images) if packed else images
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
