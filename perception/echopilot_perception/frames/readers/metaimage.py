"""MetaImage (.mha, .mhd with its .raw or .zraw), as recorders of tracked ultrasound and ITK write it (ITK MetaIO)."""

import zlib
from math import prod
from pathlib import Path

import numpy as np

from echopilot_core import EchoPilotError
from echopilot_core.guarded.bounded import one_line, read_bounded
from echopilot_perception.frames.image_sequence import (
    MAX_BYTES,
    ImageSequence,
    Region,
    check_clip,
    gather,
    unpacked_limit,
)
from echopilot_perception.frames.readers.plus_fields import (
    ORIENTATION,
    data_beside,
    spacing_region,
    stamps,
    upright,
    valid_frames,
)
from echopilot_perception.frames.readers.samples import eight_bits

MAX_HEADER_BYTES = 16_000_000
TYPES = {
    "MET_UCHAR": "u1",
    "MET_CHAR": "i1",
    "MET_USHORT": "u2",
    "MET_SHORT": "i2",
    "MET_UINT": "u4",
    "MET_INT": "i4",
    "MET_FLOAT": "f4",
    "MET_DOUBLE": "f8",
}


def read_metaimage(path: Path) -> ImageSequence:
    """Read all valid frames with their time stamps; raises EchoPilotError with one line for anything unexpected.

    `ElementSpacing` [mm] counts unless it is 1 1, which recorders write when they do not know it.
    """
    header, body = split_metaimage(path)
    width, height, count = _size(path, header)
    kind = header.get("ElementType", "missing")
    channels = {"1": 1, "3": 3}.get(header.get("ElementNumberOfChannels", "1"), 0)
    if kind not in TYPES or channels == 0:
        raise EchoPilotError(
            f"{path.name}: channels or type {one_line(kind, 40)!a}; 1 or 3 channels of {', '.join(TYPES)} can be read"
        )
    order = ">" if _is_true(header, "BinaryDataByteOrderMSB") or _is_true(header, "ElementByteOrderMSB") else "<"
    dtype = np.dtype(order + TYPES[kind])
    expected = width * height * count * channels * dtype.itemsize
    limit = unpacked_limit(max(path.stat().st_size, len(body)))
    check_clip(width, height, count * channels * dtype.itemsize, 8 * limit, path.name)
    check_clip(width, height, count, limit, path.name)
    raw = _unpacked(path, _behind(path, header, body, expected), expected, _is_true(header, "CompressedData"))
    shape = (count, height, width) if channels == 1 else (count, height, width, channels)
    samples, orientation = np.frombuffer(raw, dtype).reshape(shape), header.get(ORIENTATION, "")
    valid = valid_frames(header, count)
    native = dtype.newbyteorder("=")
    turned = (upright(samples[k].astype(native, copy=False), orientation) for k in valid)
    gray, colored = gather(eight_bits(turned, path.name, limit * channels), path.name, limit)
    return ImageSequence(gray, stamps(header, valid), colored, _region(header, width, height, orientation))


def split_metaimage(path: Path) -> tuple[dict[str, str], bytes]:
    """Header fields and the bytes of the samples, behind the header or in a file beside it."""
    data = read_bounded(path, MAX_BYTES)
    at = data.find(b"ElementDataFile", 0, MAX_HEADER_BYTES)
    end = data.find(b"\n", at)
    if not data.startswith(b"ObjectType") or at < 0 or end < 0:
        raise EchoPilotError(f"{path.name} is not a MetaImage file")
    header: dict[str, str] = {}
    for line in data[:end].decode("latin-1").splitlines():
        key, _, value = line.partition("=")
        header[key.strip()] = value.strip()
    name = header.get("ElementDataFile", "")
    if name.upper() == "LOCAL":
        return header, data[end + 1 :]
    if name.upper().startswith("LIST") or "%" in name:
        raise EchoPilotError(f"{path.name}: its data lie in a list of files; write them into one")
    return header, data_beside(path, name)


def _size(path: Path, header: dict[str, str]) -> tuple[int, int, int]:
    """Width, height and number of frames; a third dimension of 1 before the frames is that of single slices."""
    size = _whole_numbers(path, header, "DimSize")
    if len(size) == 4 and size[2] > 1 and size[3] > 1:
        raise EchoPilotError(f"{path.name} holds {size[3]} volumes of {size[2]} slices; only 2-D images are read")
    if len(size) not in (2, 3, 4) or min(size) < 1:
        raise EchoPilotError(
            f"{path.name} holds no images: its DimSize is {one_line(header.get('DimSize', 'missing'), 40)!a}"
        )
    return size[0], size[1], prod(size[2:])


def _whole_numbers(path: Path, header: dict[str, str], key: str) -> list[int]:
    words = header.get(key, "").split()
    if not all(word.isdecimal() and len(word) < 10 for word in words):
        raise EchoPilotError(f"{path.name}: {key} is not a list of whole numbers")
    return [int(word) for word in words]


def _unpacked(path: Path, body: bytes, expected: int, compressed: bool) -> bytes:
    if compressed:
        try:
            body = zlib.decompressobj().decompress(body, expected + 1)
        except zlib.error as error:
            raise EchoPilotError(f"{path.name} is damaged: {error}") from error
    if len(body) != expected:
        raise EchoPilotError(f"{path.name}: {len(body)} bytes of images where {expected} were announced; it is damaged")
    return body


def _behind(path: Path, header: dict[str, str], body: bytes, expected: int) -> bytes:
    """The samples behind what `HeaderSize` says comes first in their file; -1: they are its end."""
    skip = header.get("HeaderSize", "0")
    if skip == "-1":
        return body[max(len(body) - expected, 0) :]
    if not skip.isdecimal() or len(skip) > 9:
        raise EchoPilotError(f"{path.name}: HeaderSize is no number of bytes")
    return body[int(skip) :]


def _is_true(header: dict[str, str], key: str) -> bool:
    return header.get(key, "False").lower() == "true"


def _region(header: dict[str, str], width: int, height: int, orientation: str) -> Region | None:
    try:
        x, y = (float(word) for word in header.get("ElementSpacing", header.get("ElementSize", "")).split()[:2])
    except ValueError:
        return None
    if orientation[:1] in ("F", "N"):
        width, height, x, y = height, width, y, x
    return spacing_region(x, y, width, height)
