"""Pixels of DICOM objects as they are meant to be shown: decoders, window, palette (PS3.3 C.11, C.7.6.3)."""

import io
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset
from pydicom.encaps import generate_fragments, generate_frames, parse_basic_offsets
from pydicom.pixels import apply_color_lut, apply_rescale, convert_color_space, iter_pixels

from echopilot_core import EchoPilotError
from echopilot_core.guarded.bounded import one_line
from echopilot_perception.frames.readers.dicom.codestream import check_streams
from echopilot_perception.frames.readers.dicom.window import GrayWindow, window_of
from echopilot_perception.frames.readers.samples import eight_bits
from echopilot_perception.frames.readers.video import video_images

SYNTAX = "1.2.840.10008.1.2"
JPEG_XL = tuple(f"{SYNTAX}.4.{k}" for k in (110, 111, 112))
OTHER_JPEG = tuple(f"{SYNTAX}.4.{k}" for k in (51, 57, 70))  # 12 bits, lossless: pydicom's own need a GPL decoder
VIDEOS = tuple(f"{SYNTAX}.4.{k}" for k in range(100, 109))  # MPEG-2, MPEG-4 AVC, HEVC; ".1" behind: fragmentable
NAMES = {"110": "JPEG XL", "51": "JPEG of 12 bits", "57": "lossless JPEG", "70": "lossless JPEG"}


def shown_images(objects: Iterable[tuple[Dataset, str]], name: str, limit: int) -> Iterator[NDArray[np.uint8]]:
    """Images (H, W) or RGB (H, W, 3) of data sets with their names, that together are the clip `name`.

    Samples without a window are stretched by the extremes of all of them. Raises EchoPilotError.
    """
    inverse: list[bool] = []
    full: list[int] = []

    def levels() -> Iterator[NDArray[Any]]:
        for data, label in objects:
            inverse[:] = [str(data.get("PhotometricInterpretation", "")) == "MONOCHROME1"]
            full[:] = [2 ** max(int(data.get("BitsStored", 16) or 16), 1) - 1]
            yield from _levels(data, label)

    frames = levels()
    for image in _stretched(frames, name, limit, full):
        yield 255 - image if inverse[0] and image.ndim == 2 else image


def _stretched(frames: Iterator[NDArray[Any]], name: str, limit: int, full: list[int]) -> Iterator[NDArray[np.uint8]]:
    """`eight_bits` with the range that the first data set tells."""
    first = next(frames, None)
    if first is None:
        return

    def again() -> Iterator[NDArray[Any]]:
        yield first
        yield from frames

    yield from eight_bits(again(), name, limit, full[0] if first.ndim == 2 else None)


def _levels(data: Dataset, name: str) -> Iterator[NDArray[Any]]:
    """Frames after palette, modality and window: 8 bits, or as wide as they are where no window is given."""
    photometric = str(data.get("PhotometricInterpretation", ""))
    window = window_of(data) if photometric.startswith("MONOCHROME") else None
    for pixels in _decoded(data, name):
        if photometric == "PALETTE COLOR" and pixels.ndim == 2:
            colors = np.asarray(apply_color_lut(pixels, data))
            yield colors if colors.dtype == np.uint8 else (colors >> 8).astype(np.uint8)
        elif photometric.startswith("MONOCHROME") and pixels.ndim == 2:
            yield _monochrome(pixels, data, window)
        else:
            yield pixels


def _monochrome(pixels: NDArray[Any], data: Dataset, window: GrayWindow | None) -> NDArray[Any]:
    if window is not None:
        return window.shown(np.asarray(apply_rescale(pixels, data)))
    if np.issubdtype(pixels.dtype, np.signedinteger):
        half = 1 << (max(int(data.get("BitsStored", 16) or 16), 1) - 1)
        kind = np.uint8 if pixels.dtype.itemsize == 1 else np.uint16 if pixels.dtype.itemsize == 2 else np.uint32
        return np.asarray(np.clip(pixels.astype(np.int64) + half, 0, np.iinfo(kind).max), kind)
    return pixels


def _decoded(data: Dataset, name: str) -> Iterator[NDArray[Any]]:
    syntax = str(data.file_meta.TransferSyntaxUID)
    if syntax.removesuffix(".1") in VIDEOS or syntax in VIDEOS:
        buffer = io.BytesIO(data.PixelData)
        parse_basic_offsets(buffer)
        yield from video_images(b"".join(generate_fragments(buffer)), name)
        return
    check_streams(data, name)
    if syntax not in (*JPEG_XL, *OTHER_JPEG):
        yield from iter_pixels(data)
        return
    yield from _other_codecs(data, syntax, name)


def _other_codecs(data: Dataset, syntax: str, name: str) -> Iterator[NDArray[Any]]:
    """Frames in JPEG XL, which always decodes to gray or RGB, and in JPEG, whose colors the photometric field tells."""
    import imagecodecs  # a fifth of a second to import

    photometric = str(data.get("PhotometricInterpretation", ""))
    as_stored: dict[str, str] = {}
    if syntax in OTHER_JPEG and int(data.get("SamplesPerPixel", 1) or 1) > 1:
        as_stored = {"colorspace": "RGB", "outcolorspace": "RGB"}
    decode = imagecodecs.jpegxl_decode if syntax in JPEG_XL else imagecodecs.jpeg_decode
    for stream in generate_frames(data.PixelData, number_of_frames=int(data.get("NumberOfFrames", 1) or 1)):
        try:
            pixels = np.asarray(decode(stream, **as_stored))
        except Exception as error:  # its decoders raise kinds of their own
            what = NAMES.get(syntax.rpartition(".")[2], NAMES["110"])
            raise EchoPilotError(f"{name}: a frame in {what} cannot be decoded: {one_line(error, 80)}") from error
        if pixels.shape[:2] != (int(data.Rows), int(data.Columns)) or pixels.ndim > 3:
            raise EchoPilotError(f"{name}: a frame of {pixels.shape} in a clip of {data.Columns} x {data.Rows} px")
        if as_stored and photometric.startswith("YBR_FULL") and pixels.ndim == 3:
            pixels = convert_color_space(pixels, "YBR_FULL", "RGB")
        yield pixels[..., 0] if pixels.ndim == 3 and pixels.shape[2] == 1 else pixels
