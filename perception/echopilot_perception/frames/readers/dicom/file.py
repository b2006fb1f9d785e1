"""DICOM files of ultrasound: single and multi-frame, in every transfer syntax that a free decoder reads (PS3.10)."""

import io
import warnings
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pydicom
from pydicom import Dataset
from pydicom.errors import InvalidDicomError
from pydicom.tag import BaseTag
from pydicom.uid import DeflatedExplicitVRLittleEndian, ExplicitVRLittleEndian, ImplicitVRLittleEndian

from echopilot_core import EchoPilotError
from echopilot_core.guarded.bounded import one_line, read_bounded
from echopilot_perception.frames.frame_times import of_dicom
from echopilot_perception.frames.image_sequence import MAX_BYTES, ImageSequence, check_clip, gather, unpacked_limit
from echopilot_perception.frames.readers.dicom.modality import check_modality
from echopilot_perception.frames.readers.dicom.pixels import shown_images
from echopilot_perception.frames.readers.dicom.scale import scale_of
from echopilot_perception.frames.readers.kinds import is_dicom

MAX_REASON = 240  # characters
MAX_ELEMENTS = 20_000  # of a deflated data set
INFLATED_FREE, INFLATED_RATIO = 60_000_000, 30  # bytes that a deflated data set may have: so many, and times its file
PIXEL_DATA = 0x7FE00010
META_START = 132  # PS3.10 7.1: preamble and prefix


def read_dicom(path: Path) -> ImageSequence:
    """Read all frames; raises EchoPilotError with one line for damaged or unsupported files and other modalities."""
    with one_line_errors(path.name):
        data = load(path)
        limit = unpacked_limit(path.stat().st_size)
        expected = check_image(data, path.name, limit)
        gray, colored = gather(shown_images([(data, path.name)], path.name, limit), path.name, limit)
        if len(gray) != expected:
            raise EchoPilotError(f"{path.name}: {len(gray)} frames where {expected} were announced; it is damaged")
        region, remarks = scale_of(data)
        preset = one_line(data.get("SeriesDescription", "") or "", 64)
        return ImageSequence(gray, of_dicom(data, len(gray)), colored, region, preset, remarks)


def check_image(data: Dataset, name: str, limit: int) -> int:
    """Frames that an ultrasound object claims; raises EchoPilotError where it is no such object, or beyond a limit."""
    if "Rows" in data or "PixelData" in data:
        check_modality(data, name)
    if "PixelData" not in data:
        raise EchoPilotError(f"{name}: DICOM file without images (it may be truncated)")
    expected = int(data.get("NumberOfFrames", 1) or 1)
    check_clip(int(data.get("Columns", 0) or 0), int(data.get("Rows", 0) or 0), expected, limit, name)
    return expected


@contextmanager
def one_line_errors(name: str) -> Iterator[None]:
    """Errors of pydicom and its decoders as one line."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    except (EchoPilotError, OSError):
        raise
    except InvalidDicomError as error:
        raise EchoPilotError(f"{name} is not a DICOM file: it has no DICOM header") from error
    except Exception as error:  # they raise every kind for damaged files
        reason = one_line(error, MAX_REASON)
        raise EchoPilotError(f"{name} is not a readable DICOM clip: {type(error).__name__} {reason}") from error


def load(path: Path, pixels: bool = True) -> Dataset:
    """The data set of a file, with the file's transfer syntax; without preamble, and inflated, within bounds."""
    if not is_dicom(path):
        raise EchoPilotError(f"{path.name} is not a DICOM file: it has no DICOM header")
    with path.open("rb") as file:
        bare = file.read(META_START)[128:] != b"DICM"
    meta = None if bare else pydicom.filereader.read_file_meta_info(path)
    if meta is not None and meta.get("TransferSyntaxUID") == DeflatedExplicitVRLittleEndian:
        data = _inflated(path, pixels)
        data.file_meta = meta
        meta.TransferSyntaxUID = ExplicitVRLittleEndian
        return data
    data = pydicom.dcmread(path, force=bare, stop_before_pixels=not pixels)
    if "TransferSyntaxUID" not in data.file_meta:
        implicit, _ = data.original_encoding
        data.file_meta.TransferSyntaxUID = ImplicitVRLittleEndian if implicit else ExplicitVRLittleEndian
    return data


def _inflated(path: Path, pixels: bool) -> Dataset:
    """The data set behind the meta information of a deflated file (PS3.5 A.5), of bounded size and number of elements.

    A data set begins with group 0008; runs of zeros would be read as millions of elements.
    """
    raw = read_bounded(path, MAX_BYTES)
    start = META_START + 12 + int.from_bytes(raw[META_START + 8 : META_START + 12], "little")
    limit = INFLATED_FREE + INFLATED_RATIO * len(raw)
    data = zlib.decompressobj(-zlib.MAX_WBITS).decompress(raw[start:], limit + 1)
    if len(data) > limit:
        raise EchoPilotError(f"{path.name}: it would inflate to more than {limit / 1e6:.0f} MB; cut it")
    if data[:2] != b"\x08\x00":
        raise EchoPilotError(f"{path.name} is not a readable DICOM clip: its deflated data set does not begin as one")
    count = 0

    def stop(tag: BaseTag, vr: str | None, length: int) -> bool:
        nonlocal count
        count += 1
        if count > MAX_ELEMENTS:
            raise EchoPilotError(f"{path.name}: more than {MAX_ELEMENTS} elements in its deflated data set")
        return not pixels and tag >= PIXEL_DATA

    return pydicom.filereader.read_partial(io.BytesIO(data), stop_when=stop, force=True)
