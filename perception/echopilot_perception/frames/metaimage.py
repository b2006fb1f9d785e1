"""MetaImage sequences (.mha) as tracked-ultrasound recorders write them (ITK MetaIO; Plus sequence files)."""

import zlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from echopilot_core import EchoPilotError
from echopilot_perception.frames.pictures import MAX_BYTES, Pictures, Region, gather

DEFAULT_RATE_HZ = 30.0
MAX_HEADER_BYTES = 16_000_000
TYPES = {"MET_UCHAR": "u1", "MET_USHORT": "u2", "MET_SHORT": "i2"}
SPACING_RANGE_MM = (1e-3, 10.0)


def read_metaimage(path: Path) -> Pictures:
    """Read all valid frames with their time stamps; raises EchoPilotError with one line for anything unexpected.

    `ElementSpacing` [mm] counts unless it is 1 1, which recorders write when they do not know it.
    """
    header, body = split_metaimage(path)
    size = _whole_numbers(path, header, "DimSize")
    if len(size) == 2:
        size.append(1)
    if len(size) != 3 or min(size) < 1:
        raise EchoPilotError(f"{path.name} holds no pictures: its DimSize is {header.get('DimSize', 'missing')!a}")
    kind = header.get("ElementType", "missing")
    channels = (
        int(header.get("ElementNumberOfChannels", "1")) if header.get("ElementNumberOfChannels", "1").isdecimal() else 0
    )
    if kind not in TYPES or channels not in (1, 3):
        raise EchoPilotError(f"{path.name}: {channels} channels of {kind!a}; 1 or 3 of {', '.join(TYPES)} can be read")
    order = ">" if header.get("BinaryDataByteOrderMSB", "False").lower() == "true" else "<"
    dtype = np.dtype(order + TYPES[kind])
    width, height, count = size
    expected = width * height * count * channels * dtype.itemsize
    if expected > MAX_BYTES:
        raise EchoPilotError(f"{path.name}: the clip needs more than {MAX_BYTES // 10**9} GB of memory; cut it")
    raw = _unpacked(path, body, expected, header.get("CompressedData", "False").lower() == "true")
    shape = (count, height, width) if channels == 1 else (count, height, width, channels)
    frames = _upright(_bytes(np.frombuffer(raw, dtype).reshape(shape)), header.get("UltrasoundImageOrientation", ""))
    valid = [k for k in range(count) if header.get(f"Seq_Frame{k:04d}_ImageStatus", "OK") == "OK"]
    grey, coloured = gather((frames[k] for k in valid), path.name)
    return Pictures(grey, _times(header, valid), coloured, _region(header, width, height))


def split_metaimage(path: Path) -> tuple[dict[str, str], bytes]:
    """Header fields and the bytes behind them; raises EchoPilotError unless both are in the one file."""
    data = path.read_bytes()
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
        raise EchoPilotError(
            f"{path.name}: {len(body)} bytes of pictures where {expected} were announced; it is damaged"
        )
    return body


def _bytes(frames: NDArray[np.generic]) -> NDArray[np.uint8]:
    """Samples as 8 bits; wider ones are stretched from the least to the largest value of the clip."""
    if frames.dtype == np.uint8:
        return frames.view(np.uint8)
    low, high = float(frames.min()), float(frames.max())
    scaled = (frames.astype(np.float32) - low) * (255.0 / max(high - low, 1.0))
    return np.asarray(scaled, dtype=np.uint8)


def _upright(frames: NDArray[np.uint8], orientation: str) -> NDArray[np.uint8]:
    """Turn so that rows go away from the probe (F) and columns towards its marked side (M)."""
    if orientation[1:2] == "N":
        frames = frames[:, ::-1]
    if orientation[:1] == "U":
        frames = frames[:, :, ::-1]
    return frames


def _times(header: dict[str, str], valid: list[int]) -> NDArray[np.float64]:
    try:
        times_s = np.array([float(header[f"Seq_Frame{k:04d}_Timestamp"]) for k in valid])
    except (KeyError, ValueError):
        times_s = np.zeros(len(valid))
    if not np.isfinite(times_s).all() or not (np.diff(times_s) > 0).all() or abs(times_s).max() > 1e10:
        return np.arange(len(valid)) / DEFAULT_RATE_HZ
    return np.asarray(times_s - times_s[0])


def _region(header: dict[str, str], width: int, height: int) -> Region | None:
    try:
        x, y = (float(word) for word in header.get("ElementSpacing", "").split()[:2])
    except ValueError:
        return None
    low, high = SPACING_RANGE_MM
    if (x, y) == (1.0, 1.0) or not (low < x < high and low < y < high):
        return None
    return Region(0, 0, width, height, x * 1e-3, y * 1e-3)
