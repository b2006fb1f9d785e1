"""MetaImage sequences (.mha) as tracked-ultrasound recorders write them (ITK MetaIO; Plus sequence files)."""

import zlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from echopilot_core import EchoPilotError
from echopilot_core.guarded.bounded import one_line, read_bounded
from echopilot_perception.frames.frame_times import FrameTimes, assumed, of_stamps
from echopilot_perception.frames.image_sequence import (
    MAX_BYTES,
    ImageSequence,
    Region,
    check_clip,
    gather,
    unpacked_limit,
)

MAX_HEADER_BYTES = 16_000_000
TYPES = {"MET_UCHAR": "u1", "MET_USHORT": "u2", "MET_SHORT": "i2"}
SPACING_RANGE_MM = (1e-3, 10.0)


def read_metaimage(path: Path) -> ImageSequence:
    """Read all valid frames with their time stamps; raises EchoPilotError with one line for anything unexpected.

    `ElementSpacing` [mm] counts unless it is 1 1, which recorders write when they do not know it.
    """
    header, body = split_metaimage(path)
    size = _whole_numbers(path, header, "DimSize")
    if len(size) == 2:
        size.append(1)
    if len(size) != 3 or min(size) < 1:
        raise EchoPilotError(
            f"{path.name} holds no images: its DimSize is {one_line(header.get('DimSize', 'missing'), 40)!a}"
        )
    kind = header.get("ElementType", "missing")
    channels = {"1": 1, "3": 3}.get(header.get("ElementNumberOfChannels", "1"), 0)
    if kind not in TYPES or channels == 0:
        raise EchoPilotError(
            f"{path.name}: channels or type {one_line(kind, 40)!a}; 1 or 3 channels of {', '.join(TYPES)} can be read"
        )
    order = ">" if header.get("BinaryDataByteOrderMSB", "False").lower() == "true" else "<"
    dtype = np.dtype(order + TYPES[kind])
    width, height, count = size
    expected = width * height * count * channels * dtype.itemsize
    limit = unpacked_limit(path.stat().st_size)
    check_clip(width, height, count * channels * dtype.itemsize, 3 * limit, path.name)
    check_clip(width, height, count, limit, path.name)
    raw = _unpacked(path, body, expected, header.get("CompressedData", "False").lower() == "true")
    shape = (count, height, width) if channels == 1 else (count, height, width, channels)
    samples, orientation = np.frombuffer(raw, dtype).reshape(shape), header.get("UltrasoundImageOrientation", "")
    low, high = (0.0, 255.0) if dtype.itemsize == 1 else (float(samples.min()), float(samples.max()))
    valid = [k for k in range(count) if header.get(f"Seq_Frame{k:04d}_ImageStatus", "OK") == "OK"]
    gray, colored = gather((_upright(_bytes(samples[k], low, high), orientation) for k in valid), path.name, limit)
    return ImageSequence(gray, _times(header, valid), colored, _region(header, width, height))


def split_metaimage(path: Path) -> tuple[dict[str, str], bytes]:
    """Header fields and the bytes behind them; raises EchoPilotError unless both are in the one file."""
    data = read_bounded(path, MAX_BYTES)
    at = data.find(b"ElementDataFile", 0, MAX_HEADER_BYTES)
    end = data.find(b"\n", at)
    if not data.startswith(b"ObjectType") or at < 0 or end < 0:
        raise EchoPilotError(f"{path.name} is not a MetaImage file")
    header: dict[str, str] = {}
    for line in data[:end].decode("latin-1").splitlines():
        key, _, value = line.partition("=")
        header[key.strip()] = value.strip()
    if header.get("ElementDataFile") != "LOCAL":
        raise EchoPilotError(
            f"{path.name}: only MetaImage files with their data inside (ElementDataFile = LOCAL) are read"
        )
    return header, data[end + 1 :]


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


def _bytes(frame: NDArray[np.generic], low: float, high: float) -> NDArray[np.uint8]:
    """Samples as 8 bits; wider ones are stretched from `low` to `high`, the least and largest value of the clip."""
    if frame.dtype == np.uint8:
        return frame.view(np.uint8)
    scaled = (frame.astype(np.float32) - low) * (255.0 / max(high - low, 1.0))
    return np.asarray(scaled, dtype=np.uint8)


def _upright(frame: NDArray[np.uint8], orientation: str) -> NDArray[np.uint8]:
    """Turn so that rows go away from the probe (F) and columns towards its marked side (M)."""
    if orientation[1:2] == "N":
        frame = frame[::-1]
    if orientation[:1] == "U":
        frame = frame[:, ::-1]
    return frame


def _times(header: dict[str, str], valid: list[int]) -> FrameTimes:
    try:
        stamps_s = [float(header[f"Seq_Frame{k:04d}_Timestamp"]) for k in valid]
    except (KeyError, ValueError):
        return assumed(len(valid))
    return of_stamps(stamps_s, "Timestamp")


def _region(header: dict[str, str], width: int, height: int) -> Region | None:
    try:
        x, y = (float(word) for word in header.get("ElementSpacing", "").split()[:2])
    except ValueError:
        return None
    low, high = SPACING_RANGE_MM
    if (x, y) == (1.0, 1.0) or not (low < x < high and low < y < high):
        return None
    return Region(0, 0, width, height, x * 1e-3, y * 1e-3)
