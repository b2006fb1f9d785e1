"""Sizes of the chunks of an MCAP file, checked before a library unpacks them (MCAP specification, Chunk)."""

import os
import struct
from collections.abc import Iterator
from io import BufferedReader
from pathlib import Path

from echopilot_core import EchoPilotError
from echopilot_core.guarded.bounded import one_line, open_regular

MAGIC = b"\x89MCAP0\r\n"
CHUNK = 0x06
MAX_RECORD_BYTES = 400_000_000
MAX_CHUNK_BYTES = 400_000_000
BLOCK_BYTES = 1 << 20
_HEAD, _CHUNK = struct.Struct("<BQ"), struct.Struct("<QQQII")


def check_chunks(path: Path) -> None:
    """Raise EchoPilotError for no MCAP file, one that breaks off, or chunks that unpack to more than they say."""
    with open_regular(path, path.name) as file:
        if file.read(len(MAGIC)) != MAGIC:
            raise EchoPilotError(f"{path.name} is not an MCAP file")
        end = os.fstat(file.fileno()).st_size
        while file.tell() + _HEAD.size <= end:
            kind, length = _HEAD.unpack(file.read(_HEAD.size))
            start = file.tell()
            if length > MAX_RECORD_BYTES or start + length > end:
                raise EchoPilotError(f"{path.name} breaks off or is damaged: a record of {length} bytes at {start}")
            if kind == CHUNK:
                _check_chunk(file, path.name, length)
            file.seek(start + length)
            if file.read(len(MAGIC)) == MAGIC and file.tell() == end:
                return
            file.seek(start + length)
    raise EchoPilotError(f"{path.name} breaks off: its end is missing")


def _check_chunk(file: BufferedReader, name: str, length: int) -> None:
    if length < _CHUNK.size:
        raise EchoPilotError(f"{name} is damaged: a chunk of {length} bytes")
    _, _, unpacked, _, words = _CHUNK.unpack(file.read(_CHUNK.size))
    if words > 16 or _CHUNK.size + words + 8 > length or unpacked > MAX_CHUNK_BYTES:
        raise EchoPilotError(
            f"{name}: a chunk of {unpacked / 1e6:.0f} MB; at most {MAX_CHUNK_BYTES / 1e6:.0f} are read"
        )
    packing = file.read(words).decode("ascii", "replace")
    (packed,) = struct.unpack("<Q", file.read(8))
    if _CHUNK.size + words + 8 + packed > length:
        raise EchoPilotError(f"{name} is damaged: a chunk longer than its record")
    size = 0
    for block in _unpacked(file, packing, packed, name):
        size += block
        if size > unpacked:
            break
    if size != unpacked:
        raise EchoPilotError(f"{name} is damaged: a chunk does not unpack to the {unpacked} bytes that it announces")


def _unpacked(file: BufferedReader, packing: str, packed: int, name: str) -> Iterator[int]:
    """Sizes of the pieces of a chunk, each bounded; nothing is kept."""
    if packing == "":
        yield packed
        return
    import lz4.frame
    import zstandard

    data = file.read(packed)
    try:
        if packing == "zstd":
            with zstandard.ZstdDecompressor().stream_reader(data) as stream:
                while block := stream.read(BLOCK_BYTES):
                    yield len(block)
        elif packing == "lz4":
            unpacker = lz4.frame.LZ4FrameDecompressor()
            piece = unpacker.decompress(data, BLOCK_BYTES)
            yield len(piece)
            while not unpacker.eof and not unpacker.needs_input:
                yield len(unpacker.decompress(b"", BLOCK_BYTES))
        else:
            raise EchoPilotError(f"{name}: chunks packed with {one_line(packing, 16)!a}; read are zstd and lz4")
    except (RuntimeError, ValueError, EOFError, zstandard.ZstdError) as error:
        raise EchoPilotError(f"{name} is damaged: {one_line(error, 80)}") from error
