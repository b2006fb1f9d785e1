"""Mutations of valid binary files that know their structure: .npz archives, PNG images, tar files."""

import io
import struct
import tarfile
import zipfile
import zlib
from functools import lru_cache

import numpy as np
from numpy.lib import format as npy

from echopilot_lab.fuzzing.cases import damaged

_SIZES = (0, 1, 31, 4_000, 65_535, 100_000, 2**31 - 1, 2**32 - 1)
_SHAPES: tuple[tuple[int, ...], ...] = (
    (), (0,), (1,), (2,), (3, 3), (128, 128, 3), (10**9,), (2**40, 2**40), (10**6, 10**6), (-1,), (1,) * 32,
)  # fmt: skip
_NUMBERS = (np.nan, np.inf, -np.inf, 1e308, -1.0, 0.0, 255.0, 1e-300)


def npz_mutation(rng: np.random.Generator, data: bytes) -> bytes:
    """An archive with an array that is missing, doubled, of another type or shape, a bomb, or a lie."""
    choice = int(rng.integers(10))
    if choice < 3:
        return damaged(rng, data)
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    names = list(parts)
    name = names[int(rng.integers(len(names)))]
    if choice == 6:
        return _bomb(data, name)
    array = np.load(io.BytesIO(parts[name]))
    again, packing = list[str](), zipfile.ZIP_DEFLATED
    match choice:
        case 3:
            del parts[name]
        case 4:
            parts[name] = _npy(array.astype(_pick(rng, ("f8", "c8", "i8", "u1", "U4", "S3", "?")), copy=True))
        case 5:
            parts[name] = _header(array.dtype, _SHAPES[int(rng.integers(len(_SHAPES)))]) + array.tobytes()
        case 7:
            parts[name] = _npy(np.full(array.shape, _pick(rng, _NUMBERS)).astype(array.dtype, copy=False)
                               if array.dtype.kind == "f" else array.reshape(-1)[:1])  # fmt: skip
        case 8:
            again, packing = [name], _pick(rng, (zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA, zipfile.ZIP_STORED))
        case _:
            parts[f"{name}{int(rng.integers(9))}"] = damaged(rng, parts[name])
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", packing) as archive:
        for key in [*parts, *again]:
            archive.writestr(zipfile.ZipInfo(key), parts[key], packing)
    return out.getvalue()


def png_mutation(rng: np.random.Generator, data: bytes) -> bytes:
    """An image whose header lies, with right checksums; chunks missing, doubled or too long; or other bytes."""
    choice = int(rng.integers(6))
    if choice < 2:
        return damaged(rng, data)
    if choice == 2:
        return b"\xff\xd8\xff\xc0\x00\x11\x08\xff\xff\xff\xff\x03" + bytes(40)
    chunks = _png_chunks(data)
    if choice == 3:
        fields = list(struct.unpack(">IIBBBBB", chunks[0][1]))
        at = int(rng.integers(7))
        fields[at] = _SIZES[int(rng.integers(len(_SIZES)))] if at < 2 else int(rng.integers(256))
        chunks[0] = (b"IHDR", struct.pack(">IIBBBBB", *fields))
    elif choice == 4:
        chunks.insert(1, (b"zTXt", b"x\0\0" + _zeros()))
    else:
        at = int(rng.integers(len(chunks)))
        chunks = chunks[:at] + chunks[at + 1 :] if rng.random() < 0.5 else [*chunks[:at], chunks[at], *chunks[at:]]
    body = b"".join(struct.pack(">I", len(c)) + k + c + struct.pack(">I", zlib.crc32(k + c)) for k, c in chunks)
    return data[:8] + body


def tar_mutation(rng: np.random.Generator, data: bytes) -> bytes:
    """A tar file with a member that is missing, doubled, a link, renamed, or of damaged content."""
    choice = int(rng.integers(7))
    if choice < 2:
        return damaged(rng, data)
    with tarfile.open(fileobj=io.BytesIO(data)) as tar:
        members = [(m, file.read()) for m in tar if (file := tar.extractfile(m)) is not None]
    at = int(rng.integers(len(members)))
    member, content = members[at]
    match choice:
        case 2:
            del members[at]
        case 3:
            members.insert(at, members[at])
        case 4:
            member.type, member.linkname, content = tarfile.SYMTYPE, "/etc/passwd", b""
        case 5:
            member.name = _pick(rng, ("../../x.json", "a" * 90 + ".json", "x.image.png", "x", "x.unknown"))
        case _:
            content = png_mutation(rng, content) if member.name.endswith(".png") else damaged(rng, content)
    if choice in (4, 6):
        members[at] = (member, content)
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        for info, body in members:
            info.size = len(body)
            tar.addfile(info, io.BytesIO(body))
    return out.getvalue()


def _png_chunks(data: bytes) -> list[tuple[bytes, bytes]]:
    chunks, at = [], 8
    while at < len(data):
        length, kind = struct.unpack_from(">I4s", data, at)
        chunks.append((kind, data[at + 8 : at + 8 + length]))
        at += 12 + length
    return chunks


def _npy(array: np.ndarray) -> bytes:
    out = io.BytesIO()
    npy.write_array(out, array, allow_pickle=False)
    return out.getvalue()


def _header(dtype: np.dtype, shape: tuple[int, ...]) -> bytes:
    out = io.BytesIO()
    npy.write_array_header_1_0(out, {"descr": npy.dtype_to_descr(dtype), "fortran_order": False, "shape": shape})
    return out.getvalue()


@lru_cache(maxsize=64)
def _bomb(data: bytes, name: str) -> bytes:
    """The archive with one array of 120 MB of zeros, as a file a tenth of a megabyte."""
    out = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(data)) as valid,
        zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, True, 1) as archive,
    ):
        for key in valid.namelist():
            info = zipfile.ZipInfo(key)
            info.compress_type = zipfile.ZIP_DEFLATED
            with archive.open(info, "w") as member:
                if key != name:
                    member.write(valid.read(key))
                    continue
                member.write(_header(np.dtype(np.uint8), (120_000_000,)))
                for _ in range(120):
                    member.write(bytes(1_000_000))
    return out.getvalue()


@lru_cache(maxsize=1)
def _zeros() -> bytes:
    packer = zlib.compressobj(9)
    return b"".join([packer.compress(bytes(1_000_000)) for _ in range(100)]) + packer.flush()


def _pick(rng: np.random.Generator, options: tuple):  # type: ignore[no-untyped-def, type-arg]
    return options[int(rng.integers(len(options)))]
