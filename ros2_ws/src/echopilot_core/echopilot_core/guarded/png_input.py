"""Guarded PNG: claimed size and checksums are checked before a decoder sees the image (ISO/IEC 15948)."""

import struct
import zlib
from collections.abc import Iterator

from echopilot_core.guarded.bounded import MAX_IMAGE_BYTES, MAX_IMAGE_PIXELS, InputFileError

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_CHUNK = struct.Struct(">I4s")
_DEPTHS = {0: (1, 2, 4, 8, 16), 2: (8, 16), 3: (1, 2, 4, 8), 4: (8, 16), 6: (8, 16)}  # bits by color type
_HEADER = struct.Struct(">IIBBBBB")


def check_png(data: bytes, where: str) -> tuple[int, int]:
    """Width and height that a PNG claims, after its chunks were found whole.

    Raises:
        InputFileError: no PNG, damaged or cut off, or larger than an image of a record may be.
    """
    if len(data) > MAX_IMAGE_BYTES:
        raise InputFileError(f"{where}: an image of {len(data) / 1e6:.0f} MB; at most {MAX_IMAGE_BYTES // 10**6} MB")
    chunks = list(_chunks(data, where))
    kind, header = chunks[0]
    if kind != b"IHDR" or len(header) != _HEADER.size:
        raise InputFileError(f"{where} is no PNG image: it has no header")
    width, height, depth, color, *methods, interlace = _HEADER.unpack(header)
    if depth not in _DEPTHS.get(color, ()) or any(methods) or interlace > 1 or chunks[1:].count(chunks[0]):
        raise InputFileError(f"{where} is no PNG image: its header holds values that do not exist")
    if not 0 < width * height <= MAX_IMAGE_PIXELS:
        raise InputFileError(
            f"{where}: an image of {width} x {height} px; 1 to {MAX_IMAGE_PIXELS // 10**6} million are read"
        )
    if chunks[-1][0] != b"IEND" or not any(kind == b"IDAT" for kind, _ in chunks):
        raise InputFileError(f"{where} is damaged: the image breaks off")
    return width, height


def _chunks(data: bytes, where: str) -> Iterator[tuple[bytes, bytes]]:
    """Type and content of every chunk; content of the header alone, to keep this cheap."""
    if not data.startswith(_SIGNATURE):
        raise InputFileError(f"{where} is no PNG image")
    at = len(_SIGNATURE)
    while at + 12 <= len(data):
        length, kind = _CHUNK.unpack_from(data, at)
        end = at + 8 + length
        if end + 4 > len(data) or zlib.crc32(data[at + 4 : end]) != int.from_bytes(data[end : end + 4], "big"):
            raise InputFileError(f"{where} is damaged: the checksum at byte {at} is wrong")
        yield kind, data[at + 8 : end] if kind == b"IHDR" else b""
        if kind == b"IEND":
            return
        at = end + 4
    raise InputFileError(f"{where} is damaged: the image breaks off")
