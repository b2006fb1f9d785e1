"""Guarded NumPy archives (.npz): claimed sizes are checked against limits and each other before unpacking."""

import io
import os
import struct
import tokenize
import zipfile
import zlib
from collections.abc import Collection
from math import prod
from pathlib import Path

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from echopilot_core.guarded.bounded import MAX_ARRAY_BYTES, MAX_ARRAYS, InputFileError, one_line, open_regular

_END = struct.Struct("<4sHHHHIIH")  # PKWARE APPNOTE 4.3.16: end of central directory
_MAX_HEADER = 10_000
_BLOCK_BYTES = 1 << 20
_DIRECTORY_BYTES_PER_ARRAY = 400
_BAD = (OSError, ValueError, KeyError, EOFError, RuntimeError, NotImplementedError, SyntaxError, tokenize.TokenError)
"""What zipfile and NumPy raise for damaged files; NumPy tokenizes headers that are no literal of Python."""


def read_arrays(
    path: Path, names: Collection[str] = (), max_bytes: int = MAX_ARRAY_BYTES, where: str = ""
) -> dict[str, NDArray[np.generic]]:
    """Arrays of an .npz file by name.

    Args:
        path: the file.
        names: those that are needed, by default all.
        max_bytes: of the unpacked arrays together; more is refused from the claimed sizes alone.
        where: its name in messages.

    Raises:
        FileNotFoundError: there is none.
        InputFileError: not an archive of plain arrays, damaged, beyond a limit, or without one of `names`.
    """
    where = where or path.name
    try:
        with open_regular(path, where) as file:
            _check_directory(file, where)
            with zipfile.ZipFile(file) as archive:
                members = _members(archive, max_bytes, where)
                missing = [name for name in names if name not in members]
                if missing:
                    raise InputFileError(f"{where} holds no {', '.join(missing)}")
                wanted = [name for name in members if not names or name in names]
                return {name: _array(archive, members[name], f"{where}, {one_line(name, 60)}") for name in wanted}
    except (FileNotFoundError, InputFileError):
        raise
    except (*_BAD, zipfile.BadZipFile, zlib.error, struct.error) as error:
        raise InputFileError(f"{where} is damaged: {type(error).__name__} {one_line(error, 100)}") from error


def _check_directory(file: io.BufferedReader, where: str) -> None:
    """Refuse a directory too large to be read; NumPy writes neither comments nor 64-bit directories."""
    size = os.fstat(file.fileno()).st_size
    if size < _END.size:
        raise InputFileError(f"{where} is no .npz file: {size} bytes")
    file.seek(max(size - _END.size - 20, 0))
    tail = file.read()
    magic, *_, count, directory_bytes, _, comment = _END.unpack(tail[-_END.size :])
    if magic != b"PK\x05\x06" or comment or tail[:4] == b"PK\x06\x07":
        raise InputFileError(f"{where} is no .npz file, or its end is missing")
    if count > MAX_ARRAYS or directory_bytes > MAX_ARRAYS * _DIRECTORY_BYTES_PER_ARRAY:
        raise InputFileError(f"{where}: more than {MAX_ARRAYS} arrays")
    file.seek(0)


def _members(archive: zipfile.ZipFile, max_bytes: int, where: str) -> dict[str, zipfile.ZipInfo]:
    members: dict[str, zipfile.ZipInfo] = {}
    for info in archive.infolist():
        name = info.filename.removesuffix(".npy")
        if name in members or info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise InputFileError(f"{where}: array {one_line(name, 60)!a} stands twice, or is packed in an unknown way")
        members[name] = info
    claimed = sum(info.file_size for info in members.values())
    if claimed > max_bytes:
        raise InputFileError(f"{where} would unpack to {claimed / 1e6:.0f} MB; at most {max_bytes / 1e6:.0f} are read")
    return members


def _array(archive: zipfile.ZipFile, info: zipfile.ZipInfo, where: str) -> NDArray[np.generic]:
    with archive.open(info) as stream:
        version = npy.read_magic(stream)
        if version not in ((1, 0), (2, 0)):
            raise InputFileError(f"{where}: version {version} of the array format")
        read_header = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
        shape, fortran, dtype = read_header(stream, max_header_size=_MAX_HEADER)
        if dtype.hasobject or dtype.fields is not None or dtype.kind not in "biufcSU":
            raise InputFileError(f"{where} holds {one_line(dtype, 60)}; numbers and text are read")
        if any(n < 0 for n in shape) or prod(shape) * dtype.itemsize > info.file_size:
            raise InputFileError(f"{where} claims the shape {one_line(shape, 60)}, more than the file holds")
        data, at = bytearray(prod(shape) * dtype.itemsize), 0
        while block := stream.read(_BLOCK_BYTES):
            if at + len(block) > len(data):
                raise InputFileError(f"{where}: more bytes than the shape {one_line(shape, 60)} needs")
            data[at : at + len(block)] = block
            at += len(block)
    if at != len(data):
        raise InputFileError(f"{where}: {at} bytes where {len(data)} were announced")
    return np.frombuffer(data, dtype).reshape(shape, order="F" if fortran else "C")
