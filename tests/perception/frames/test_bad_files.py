"""Files that are no clip, or lie about themselves, are refused in one clear line and quickly."""

import io
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from pydicom.encaps import encapsulate
from pydicom.uid import JPEG2000Lossless

from echopilot_core import EchoPilotError
from echopilot_lab.fuzzing.files import dicom, made_files, written
from echopilot_perception.frames import open_clip
from echopilot_perception.frames.readers.dicom.codestream import announced


def speckle(shape: tuple[int, ...] = (3, 48, 64), seed: int = 4) -> np.ndarray:
    return np.random.default_rng(seed).integers(20, 255, shape).astype(np.uint8)


def refused(path: Path, data: bytes) -> str:
    """The one line with which `data` is refused."""
    path.write_bytes(data)
    with pytest.raises(EchoPilotError) as caught:
        open_clip(path)
    line = str(caught.value)
    assert path.name in line and "\n" not in line and len(line) < 400
    return line


@pytest.mark.parametrize("name", sorted(made_files()))
def test_every_kind_of_file_is_read(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(made_files()[name])
    clip = open_clip(tmp_path / name)
    assert clip.images.shape[1:] == (48, 64) and clip.images.std() > 10


@pytest.mark.parametrize("name", sorted(made_files()))
def test_half_a_file_is_refused(name: str, tmp_path: Path) -> None:
    data = made_files()[name]
    refused(tmp_path / name, data[: len(data) // 2])


@pytest.mark.parametrize("name", ["clip.dcm", "clip.mp4", "clip.avi", "clip.png", "clip.mha", "clip.txt"])
@pytest.mark.parametrize("data", [b"", b"\0", b"not a clip\n" * 40, b"#EXTM3U\n#EXTINF:1,\nhttp://127.0.0.1:9/a.ts\n"])
def test_what_is_no_clip_is_refused_under_every_name(name: str, data: bytes, tmp_path: Path) -> None:
    refused(tmp_path / name, data)


def test_sixteen_bits_signed_and_inverse_show_the_same_image(tmp_path: Path) -> None:
    gray = speckle()
    kinds = {
        "sixteen": dicom(gray.astype(np.uint16) * 257),
        "signed": dicom((gray.astype(np.int16) - 128) * 256, signed=True),
        "inverse": dicom(255 - gray, "MONOCHROME1"),
    }
    for name, data in kinds.items():
        (tmp_path / f"{name}.dcm").write_bytes(written(data))
        found = open_clip(tmp_path / f"{name}.dcm").images
        assert np.abs(found.astype(int) - gray).max() <= 1, name


def test_ybr_is_shown_as_the_gray_it_holds(tmp_path: Path) -> None:
    gray = speckle()
    ybr = np.stack([gray, np.full_like(gray, 128), np.full_like(gray, 128)], axis=-1)
    (tmp_path / "ybr.dcm").write_bytes(written(dicom(ybr, "YBR_FULL")))
    assert np.abs(open_clip(tmp_path / "ybr.dcm").images.astype(int) - gray).max() <= 1


@pytest.mark.parametrize("size", [(1, 1), (1, 200), (31, 31)])
def test_images_too_small_to_show_anything_are_refused(size: tuple[int, int], tmp_path: Path) -> None:
    buffer = io.BytesIO()
    Image.fromarray(np.full(size, 90, np.uint8)).save(buffer, "PNG")
    assert "32 x 32" in refused(tmp_path / "small.png", buffer.getvalue())
    data = dicom(np.full((1, *size), 90, np.uint8))
    del data.SequenceOfUltrasoundRegions
    assert "32 x 32" in refused(tmp_path / "small.dcm", written(data))


def test_a_png_that_announces_a_huge_image_is_refused_before_it_is_decoded(tmp_path: Path) -> None:
    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", 12_000, 12_000, 8, 0, 0, 0, 0)
    body = zlib.compress(bytes(144_012_000), 9)
    assert len(body) < 200_000
    data = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", body) + chunk(b"IEND", b"")
    assert "million" in refused(tmp_path / "bomb.png", data)


def test_a_compressed_frame_larger_than_its_file_says_is_refused(tmp_path: Path) -> None:
    huge = struct.pack(">HHHHIIII", 0xFF4F, 0xFF51, 47, 0, 60_000, 60_000, 0, 0) + bytes(60) + b"\xff\xd9"
    assert list(announced(huge)) == [(60_000, 60_000)]
    data = dicom(speckle((1, 48, 64)))
    data.file_meta.TransferSyntaxUID = JPEG2000Lossless
    data.PixelData = encapsulate([huge])
    data["PixelData"].VR = "OB"
    assert "60000 x 60000" in refused(tmp_path / "bomb.dcm", written(data))


@pytest.mark.parametrize("frames", [1, 2, 4, 1_000_000])
def test_a_wrong_number_of_frames_is_refused(frames: int, tmp_path: Path) -> None:
    data = dicom(speckle())
    data.NumberOfFrames = frames
    refused(tmp_path / "a.dcm", written(data))


@pytest.mark.parametrize("spacing", [0.0, -0.05, 1e300, float("nan"), float("inf")])
def test_an_impossible_spacing_is_not_used(spacing: float, tmp_path: Path) -> None:
    data = dicom(speckle())
    data.SequenceOfUltrasoundRegions[0].PhysicalDeltaX = spacing
    (tmp_path / "a.dcm").write_bytes(written(data))
    clip = open_clip(tmp_path / "a.dcm")
    assert clip.spacing_known == (spacing == -0.05)
    assert 1e-6 < clip.geometry.spacing_x_m < 0.01


@pytest.mark.parametrize("frame_time", ["0", "-40", "1e300"])
def test_an_impossible_frame_time_is_not_used(frame_time: str, tmp_path: Path) -> None:
    data = dicom(speckle())
    del data.FrameTimeVector
    data.FrameTime = frame_time
    (tmp_path / "a.dcm").write_bytes(written(data))
    assert open_clip(tmp_path / "a.dcm").frame_rate_hz == pytest.approx(30.0)


def test_lies_about_the_pixels_are_named(tmp_path: Path) -> None:
    def lie(keyword: str, value: object) -> str:
        data = dicom(speckle())
        setattr(data, keyword, value)
        return refused(tmp_path / "lie.dcm", written(data))

    assert "Samples per Pixel" in lie("SamplesPerPixel", 2)
    assert "Bits" in lie("BitsStored", 40)
    assert "bytes" in lie("PixelData", b"\0" * 100)
    without = dicom(speckle())
    del without.PixelData
    assert "without images" in refused(tmp_path / "lie.dcm", written(without))


def test_an_unknown_transfer_syntax_is_refused(tmp_path: Path) -> None:
    known, unknown = b"1.2.840.10008.1.2.5", b"1.2.840.10008.1.2.9"
    assert known in made_files()["rle.dcm"]
    refused(tmp_path / "unknown.dcm", made_files()["rle.dcm"].replace(known, unknown))
