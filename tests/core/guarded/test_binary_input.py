"""Archives and images are refused by what they claim, before they are unpacked."""

import io
import struct
import tracemalloc
import zipfile
import zlib
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from echopilot_core.guarded.array_input import read_arrays
from echopilot_core.guarded.bounded import InputFileError
from echopilot_core.guarded.png_input import check_png


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.sampled_from(["u1", "i4", "f8", "f2", "?", "U3"]).flatmap(lambda d: arrays(d, array_shapes(min_dims=0))))
def test_arrays_are_read_as_numpy_reads_them(tmp_path_factory: pytest.TempPathFactory, array: np.ndarray) -> None:
    path = tmp_path_factory.getbasetemp() / "a.npz"
    np.savez_compressed(path, a=array, b=np.asfortranarray(array))
    found, expected = read_arrays(path), np.load(path)
    for name in ("a", "b"):
        assert found[name].dtype == expected[name].dtype and found[name].shape == expected[name].shape
        assert found[name].tobytes() == expected[name].tobytes()


def archive(**members: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, data in members.items():
            packed.writestr(f"{name}.npy", data)
    return out.getvalue()


def npy(array: np.ndarray, **kwargs: bool) -> bytes:
    out = io.BytesIO()
    np.save(out, array, **kwargs)  # type: ignore[arg-type]
    return out.getvalue()


def lying(shape: str) -> bytes:
    head = f"{{'descr': '<f8', 'fortran_order': False, 'shape': {shape}, }}".encode()
    head += b" " * (-(len(head) + 11) % 64) + b"\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(head)) + head + bytes(24)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "no .npz"),
        (b"x" * 1000, "no .npz"),
        (archive(a=npy(np.zeros(3)))[:-5], "no .npz"),
        (archive(a=npy(np.array([{}], dtype=object), allow_pickle=True)), "object"),
        (archive(a=lying("(100000000,)")), "claims the shape"),
        (archive(a=lying("(3,")), "damaged"),
        (archive(a=lying("(3 3")), "damaged"),
        (archive(a=lying("(1099511627776, 1099511627776)")), "claims the shape"),
        (archive(a=lying("(-1,)")), "claims the shape|damaged"),
        (archive(a=lying("(2,)")), "more bytes"),
        (archive(a=b"\x93NUMPY\x01\x00" + b"\xff\xff" + b"{" * 60_000), "damaged"),
        (archive(**{f"a{k}": b"" for k in range(501)}), "more than 500"),
    ],
)
def test_damaged_and_lying_archives_are_refused_in_one_line(tmp_path: Path, data: bytes, words: str) -> None:
    path = tmp_path / "a.npz"
    path.write_bytes(data)
    with pytest.raises(InputFileError, match=words) as error:
        read_arrays(path)
    assert str(error.value).startswith("a.npz") and "\n" not in str(error.value)


def test_a_bomb_is_refused_from_its_claim(tmp_path: Path) -> None:
    path = tmp_path / "bomb.npz"
    np.savez_compressed(path, labels=np.zeros(50_000_000, np.uint8))
    assert path.stat().st_size < 100_000
    tracemalloc.start()
    with pytest.raises(InputFileError, match="would unpack to 50 MB; at most 40 are read"):
        read_arrays(path, max_bytes=40_000_000)
    assert tracemalloc.get_traced_memory()[1] < 2_000_000
    tracemalloc.stop()


def test_a_missing_array_is_named(tmp_path: Path) -> None:
    path = tmp_path / "a.npz"
    np.savez(path, a=np.zeros(1))
    with pytest.raises(InputFileError, match="holds no b"):
        read_arrays(path, ("a", "b"))


def png_of(width: int, height: int) -> bytes:
    """A PNG of one row that claims another size, with right checksums."""
    body = bytes(cv2.imencode(".png", np.zeros((1, 32), np.uint8))[1].tobytes())
    header = b"IHDR" + struct.pack(">II", width, height) + body[24:29]
    return body[:12] + header + struct.pack(">I", zlib.crc32(header)) + body[33:]


@pytest.mark.parametrize("size", [(65_535, 65_535), (2**31 - 1, 2**31 - 1), (0, 5), (100_000, 200)])
def test_images_are_refused_by_their_claimed_size(size: tuple[int, int]) -> None:
    with pytest.raises(InputFileError, match=f"{size[0]} x {size[1]} px"):
        check_png(png_of(*size), "x.png")


def test_a_whole_image_passes_and_every_cut_or_flipped_one_is_refused() -> None:
    image = np.random.default_rng(0).integers(0, 255, (20, 30), np.uint8)
    data = bytes(cv2.imencode(".png", image)[1].tobytes())
    assert check_png(data, "x.png") == (30, 20)
    for at in range(0, len(data), 3):
        with pytest.raises(InputFileError):
            check_png(data[:at], "x.png")
        with pytest.raises(InputFileError):
            check_png(data[:at] + bytes([data[at] ^ 4]) + data[at + 1 :], "x.png")
