"""NRRD (.nrrd, .nhdr with its data), as 3D Slicer and Plus write sequences (teem; Slicer volume sequence format)."""

import bz2
import io
import zlib
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from echopilot_core import EchoPilotError
from echopilot_core.guarded.bounded import one_line, read_bounded
from echopilot_perception.frames.frame_times import FrameTimes, of_stamps
from echopilot_perception.frames.image_sequence import (
    MAX_BYTES,
    MIN_SIDE_PX,
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
    "i1": ("signed char", "int8", "int8_t"),
    "u1": ("uchar", "unsigned char", "uint8", "uint8_t"),
    "i2": ("short", "short int", "signed short", "signed short int", "int16", "int16_t"),
    "u2": ("ushort", "unsigned short", "unsigned short int", "uint16", "uint16_t"),
    "i4": ("int", "signed int", "int32", "int32_t"),
    "u4": ("uint", "unsigned int", "uint32", "uint32_t"),
    "f4": ("float",),
    "f8": ("double",),
}
CHANNELS = ("vector", "rgb-color", "rgba-color", "3-color", "4-color", "2-vector", "3-vector", "scalar", "stub")
SERIES = ("list", "time")
UNITS_MM = {"mm": 1.0, "millimeter": 1.0, "cm": 10.0, "m": 1000.0, "um": 1e-3, "": 1.0}
UNITS_S = {"s": 1.0, "sec": 1.0, "second": 1.0, "seconds": 1.0, "ms": 1e-3, "us": 1e-6}


@dataclass(frozen=True)
class Axes:
    """Which axes of the file, the fastest first, are columns, rows, frames and channels; -1: there is none."""

    across: int
    down: int
    frames: int = -1
    channels: int = -1


def read_nrrd(path: Path) -> ImageSequence:
    """Read all valid frames; raises EchoPilotError with one line for anything unexpected.

    Pixel spacing counts unless it is 1 1, which programs write that do not know it. Times are the stamps of Plus, or
    Slicer's index values where their unit is one of time.
    """
    header, body = _split(path)
    sizes = [int(n) for n in np.atleast_1d(header["sizes"])]
    axes = _axes(path, sizes, [str(kind).lower() for kind in header.get("kinds", [])])
    width, height = sizes[axes.across], sizes[axes.down]
    count = sizes[axes.frames] if axes.frames >= 0 else 1
    dtype = _type(path, header)
    expected = prod(sizes) * dtype.itemsize
    limit = unpacked_limit(max(path.stat().st_size, len(body)))
    check_clip(width, height, count, limit, path.name)
    check_clip(width, height, expected // (width * height), 8 * limit, path.name)
    raw = _unpacked(path, body, header, expected)
    images = _images(np.frombuffer(raw, dtype).reshape(sizes[::-1]), axes)
    fields = {str(key): str(value) for key, value in header.items()}
    valid, orientation, native = valid_frames(fields, count), fields.get(ORIENTATION, ""), dtype.newbyteorder("=")
    turned = (upright(images[k].astype(native, copy=False), orientation) for k in valid)
    gray, colored = gather(eight_bits(turned, path.name, 3 * limit), path.name, limit)
    x_mm, y_mm = _spacing_mm(header, axes)
    if orientation[:1] in ("F", "N"):
        width, height, x_mm, y_mm = height, width, y_mm, x_mm
    region: Region | None = spacing_region(x_mm, y_mm, width, height)
    return ImageSequence(gray, _times(header, fields, axes, valid), colored, region)


def _split(path: Path) -> tuple[dict[str, Any], bytes]:
    """Header by pynrrd, and the bytes of the samples."""
    import nrrd

    data = read_bounded(path, MAX_BYTES)
    file = io.BytesIO(data[:MAX_HEADER_BYTES])
    try:
        header = dict(nrrd.read_header(file))
        missing = [name for name in ("type", "dimension", "sizes", "encoding") if name not in header]
        sizes = np.atleast_1d(header.get("sizes", 0))
        fits = len(sizes) == int(header.get("dimension", 0)) and all(0 < int(n) < 10**9 for n in sizes)
    except Exception as error:  # pynrrd raises every kind for damaged headers
        raise EchoPilotError(f"{path.name} is not a readable NRRD file: {one_line(error, 100)}") from error
    if missing or not fits:
        raise EchoPilotError(
            f"{path.name} is not a readable NRRD file: {', '.join(missing) or 'sizes'} missing or wrong"
        )
    name = header.get("data file", header.get("datafile"))
    if name is None:
        return header, data[file.tell() :]
    if not isinstance(name, str) or name.upper().startswith("LIST") or "%" in name:
        raise EchoPilotError(f"{path.name}: its data lie in a list of files; write them into one")
    return header, data_beside(path, name)


def _axes(path: Path, sizes: list[int], kinds: list[str]) -> Axes:
    """What the axes are, by their kinds; without kinds the first of 3 or 4 beside large ones holds colors."""
    rest = list(range(len(sizes)))
    channels = frames = -1
    if len(kinds) == len(sizes):
        channels = next((k for k in rest if kinds[k] in CHANNELS), -1)
        frames = next((k for k in rest if kinds[k] in SERIES), -1)
    elif len(sizes) > 2 and sizes[0] in (3, 4) and min(sizes[1:3]) >= MIN_SIDE_PX:
        channels = 0
    rest = [k for k in rest if k not in (channels, frames)]
    while len(rest) > 2 and any(sizes[k] == 1 for k in rest[2:]):  # a single slice
        rest.remove(next(k for k in rest[2:] if sizes[k] == 1))
    if len(rest) == 3 and frames < 0:
        frames = rest.pop()
    if channels >= 0 and sizes[channels] not in (1, 3, 4):
        raise EchoPilotError(f"{path.name}: {sizes[channels]} channels; images of 1, 3 or 4 are read")
    if len(rest) != 2:
        what = "volumes" if len(rest) > 2 else "no images"
        raise EchoPilotError(f"{path.name} holds {what}: sizes {' '.join(map(str, sizes))}; only 2-D images are read")
    return Axes(rest[0], rest[1], frames, channels)


def _images(samples: NDArray[Any], axes: Axes) -> NDArray[Any]:
    """Samples, the slowest axis first, as (N, H, W) or (N, H, W, C)."""
    last = samples.ndim - 1
    order = [last - k for k in (axes.frames, axes.down, axes.across, axes.channels) if k >= 0]
    single = [k for k in range(samples.ndim) if k not in order]
    images = samples.transpose(*single, *order).reshape([samples.shape[k] for k in order])
    if axes.frames < 0:
        images = images[None]
    if axes.channels < 0:
        return images
    return images[..., 0] if images.shape[-1] == 1 else images[..., :3]


def _type(path: Path, header: dict[str, Any]) -> np.dtype[Any]:
    name = str(header["type"]).strip().lower()
    code = next((code for code, names in TYPES.items() if name in names), "")
    if not code:
        shown = ", ".join(names[0] for names in TYPES.values())
        raise EchoPilotError(f"{path.name}: samples of type {one_line(name, 40)!a}; read are {shown}")
    return np.dtype((">" if str(header.get("endian", "little")).lower() == "big" else "<") + code)


def _unpacked(path: Path, body: bytes, header: dict[str, Any], expected: int) -> bytes:
    """Samples of exactly `expected` bytes; no more is ever unpacked."""
    encoding = str(header["encoding"]).lower()
    try:
        skip_lines, skip = int(header.get("line skip", 0)), int(header.get("byte skip", 0))
        for _ in range(min(max(skip_lines, 0), len(body))):
            body = body[body.index(b"\n") + 1 :]
        if encoding in ("gzip", "gz"):
            body = zlib.decompressobj(16 + zlib.MAX_WBITS).decompress(body, expected + max(skip, 0) + 1)
        elif encoding in ("bzip2", "bz2"):
            body = bz2.BZ2Decompressor().decompress(body, expected + max(skip, 0) + 1)
        elif encoding != "raw":
            raise EchoPilotError(f"{path.name}: encoding {one_line(encoding, 20)!a}; read are raw, gzip and bzip2")
    except (zlib.error, OSError, ValueError) as error:
        raise EchoPilotError(f"{path.name} is damaged: {one_line(error, 100)}") from error
    body = body[-expected:] if skip == -1 else body[max(skip, 0) :]
    if len(body) != expected:
        raise EchoPilotError(f"{path.name}: {len(body)} bytes of images where {expected} were announced; it is damaged")
    return body


def _spacing_mm(header: dict[str, Any], axes: Axes) -> tuple[float, float]:
    """Pixel spacing of columns and rows [mm]; NaN where it is not told."""
    directions, spacings = header.get("space directions"), header.get("spacings")
    unknown = (float("nan"), float("nan"))
    try:
        if directions is not None:
            steps = [float(np.linalg.norm(np.asarray(directions[k], float))) for k in (axes.across, axes.down)]
        elif spacings is not None:
            steps = [abs(float(spacings[k])) for k in (axes.across, axes.down)]
        else:
            return unknown
        units = [str(unit).strip().strip('"') for unit in header.get("space units", header.get("units", []))]
    except (TypeError, ValueError, IndexError):
        return unknown
    factor = UNITS_MM.get(units[0].lower() if units else "", float("nan"))
    return steps[0] * factor, steps[1] * factor


def _times(header: dict[str, Any], fields: dict[str, str], axes: Axes, valid: list[int]) -> FrameTimes:
    found = stamps(fields, valid)
    values = fields.get(f"axis {axes.frames} index values", "").split()
    units = [str(unit).strip().strip('"').lower() for unit in header.get("units", [])]
    unit = units[axes.frames] if 0 <= axes.frames < len(units) else ""
    unit = fields.get(f"axis {axes.frames} index unit", unit).lower()
    if found.known or unit not in UNITS_S or len(values) <= max(valid, default=0):
        return found
    try:
        return of_stamps([float(values[k]) * UNITS_S[unit] for k in valid], "index values of the sequence")
    except ValueError:
        return found
