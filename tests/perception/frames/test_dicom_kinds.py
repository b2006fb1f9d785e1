"""DICOM files as scanners and archives write them: transfer syntaxes, padding, missing preamble, gray levels."""

import io
import zlib
from pathlib import Path

import cv2
import imagecodecs
import numpy as np
import pydicom
import pytest
from pydicom import Dataset
from pydicom.encaps import encapsulate
from pydicom.uid import DeflatedExplicitVRLittleEndian, ExplicitVRLittleEndian, ImplicitVRLittleEndian

from echopilot_core import EchoPilotError
from echopilot_lab.fuzzing.files import compressed, dicom, written
from echopilot_perception.frames.readers.dicom.jpeg_xl import announced_size
from echopilot_perception.frames.readers.reading import read_clip

GRAY = np.random.default_rng(4).integers(20, 255, (3, 48, 64)).astype(np.uint8)
JPEG_2000, JPEG, JPEG_LS = "1.2.840.10008.1.2.4.90", "1.2.840.10008.1.2.4.50", "1.2.840.10008.1.2.4.80"
LOSSLESS, XL, MPEG_4 = "1.2.840.10008.1.2.4.70", "1.2.840.10008.1.2.4.110", "1.2.840.10008.1.2.4.102"


def read(data: bytes, path: Path) -> np.ndarray:
    path.write_bytes(data)
    return read_clip(path).gray


def packed_file(data: Dataset) -> bytes:
    """The bytes of a file in a transfer syntax that pydicom does not know."""
    buffer = io.BytesIO()
    pydicom.dcmwrite(buffer, data, implicit_vr=False, little_endian=True, force_encoding=True)
    whole = buffer.getvalue()
    return whole if whole[128:132] == b"DICM" else bytes(128) + b"DICM" + whole


def packed(images: np.ndarray, syntax: str, streams: list[bytes], photometric: str = "MONOCHROME2") -> Dataset:
    data = dicom(images, photometric)
    data.file_meta.TransferSyntaxUID = syntax
    data.PixelData = encapsulate(streams)
    data["PixelData"].VR = "OB"
    return data


@pytest.mark.parametrize("bits", [8, 16])
@pytest.mark.parametrize("color", [False, True])
def test_jpeg_xl_is_read(bits: int, color: bool, tmp_path: Path) -> None:
    images = GRAY if bits == 8 else GRAY.astype(np.uint16) * 257
    if color:
        images = np.stack([images] * 3, axis=-1)
    streams = [imagecodecs.jpegxl_encode(image, lossless=True) for image in images]
    assert [announced_size(stream) for stream in streams] == [(64, 48)] * 3
    data = packed(images, XL, streams, "RGB" if color else "MONOCHROME2")
    assert np.abs(read(packed_file(data), tmp_path / "a.dcm").astype(int) - GRAY).max() <= 1


@pytest.mark.parametrize("size", [(48, 64), (256, 256), (708, 1016), (60, 1000), (9, 33)])
def test_the_size_in_a_jpeg_xl_stream_is_read_before_it_is_decoded(size: tuple[int, int]) -> None:
    stream = imagecodecs.jpegxl_encode(np.zeros(size, np.uint8))
    assert announced_size(stream) == size[::-1]
    assert announced_size(imagecodecs.jpegxl_encode(np.zeros(size, np.uint8), usecontainer=True)) == size[::-1]


def test_a_jpeg_xl_frame_larger_than_its_file_says_is_refused(tmp_path: Path) -> None:
    stream = imagecodecs.jpegxl_encode(np.zeros((480, 640), np.uint8))
    with pytest.raises(EchoPilotError, match="640 x 480"):
        read(packed_file(packed(GRAY[:1], XL, [stream])), tmp_path / "a.dcm")


@pytest.mark.parametrize("cut", [30, 200, 1000])
def test_a_damaged_jpeg_xl_frame_is_refused_in_words(cut: int, tmp_path: Path) -> None:
    stream = imagecodecs.jpegxl_encode(GRAY[0], lossless=True)[:cut]
    with pytest.raises(EchoPilotError, match=r"a\.dcm"):
        read(packed_file(packed(GRAY[:1], XL, [stream])), tmp_path / "a.dcm")


@pytest.mark.parametrize("wide", [False, True])
def test_lossless_jpeg_is_read(wide: bool, tmp_path: Path) -> None:
    images = GRAY.astype(np.uint16) * 257 if wide else GRAY
    streams = [imagecodecs.ljpeg_encode(image) for image in images]
    assert np.array_equal(read(written(packed(images, LOSSLESS, streams)), tmp_path / "a.dcm"), GRAY)


@pytest.mark.parametrize("photometric", ["RGB", "YBR_FULL"])
def test_colors_of_lossless_jpeg_are_those_that_the_file_tells(photometric: str, tmp_path: Path) -> None:
    gray = np.full_like(GRAY, 128)
    stored = np.stack([GRAY] * 3 if photometric == "RGB" else [GRAY, gray, gray], axis=-1)
    kept = {"lossless": True, "colorspace": "RGB", "outcolorspace": "RGB"}
    streams = [imagecodecs.jpeg_encode(image, **kept) for image in stored]
    data = packed(stored, LOSSLESS, streams, photometric)
    assert np.abs(read(written(data), tmp_path / "a.dcm").astype(int) - GRAY).max() <= 1


def test_jpeg_of_12_bits_is_read(tmp_path: Path) -> None:
    smooth = np.stack([cv2.GaussianBlur(image, (0, 0), 3) for image in GRAY])
    streams = [imagecodecs.jpeg_encode(image.astype(np.uint16) * 16, bitspersample=12, level=98) for image in smooth]
    data = packed(smooth.astype(np.uint16) * 16, "1.2.840.10008.1.2.4.51", streams)
    data.BitsStored, data.HighBit = 12, 11
    shown = read(written(data), tmp_path / "a.dcm")
    assert np.abs(shown.astype(int) - smooth).max() <= 3


@pytest.mark.parametrize("pad", [b"", b"\0", b"\xff", b"\xff\xff\xff", b"\0" * 30, b" "])
@pytest.mark.parametrize("syntax", [JPEG, JPEG_2000, JPEG_LS])
def test_padding_after_a_stream_is_passed_over(syntax: str, pad: bytes, tmp_path: Path) -> None:
    data = compressed(dicom(GRAY), syntax)
    plain = read(written(data), tmp_path / "plain.dcm")
    streams = list(pydicom.encaps.generate_frames(data.PixelData, number_of_frames=3))
    data.PixelData = encapsulate([stream + pad for stream in streams])
    assert np.array_equal(read(written(data), tmp_path / "padded.dcm"), plain)
    data.PixelData = encapsulate([*streams[:2], streams[2][: len(streams[2]) // 2] + pad])
    with pytest.raises(EchoPilotError):
        read(written(data), tmp_path / "cut.dcm")


@pytest.mark.parametrize("syntax", [MPEG_4, "1.2.840.10008.1.2.4.107", "1.2.840.10008.1.2.4.102.1"])
def test_a_video_inside_a_dicom_file_is_read(syntax: str, tmp_path: Path) -> None:
    smooth = np.stack([cv2.GaussianBlur(np.roll(GRAY[0], 3 * k), (0, 0), 4) for k in range(6)])
    writer = cv2.VideoWriter(str(tmp_path / "v.mp4"), cv2.VideoWriter.fourcc(*"mp4v"), 25.0, (64, 48), True)
    for image in smooth:
        writer.write(cv2.cvtColor(image, cv2.COLOR_GRAY2BGR))
    writer.release()
    stream = (tmp_path / "v.mp4").read_bytes()
    data = packed(np.stack([smooth] * 3, axis=-1), syntax, [stream], "YBR_PARTIAL_420")
    (tmp_path / "a.dcm").write_bytes(written(data))
    found = read_clip(tmp_path / "a.dcm")
    assert found.times.source == "Frame Time Vector"  # not the container's
    assert np.abs(found.gray.astype(float) - smooth).mean() < 6
    data.NumberOfFrames = 9
    with pytest.raises(EchoPilotError, match="6 frames where 9"):
        read(written(data), tmp_path / "more.dcm")
    data.PixelData = encapsulate([b"#EXTM3U\nhttp://127.0.0.1:9/a.ts\n"])
    with pytest.raises(EchoPilotError, match="no readable video"):
        read(written(data), tmp_path / "list.dcm")


@pytest.mark.parametrize("implicit", [False, True])
@pytest.mark.parametrize("name", ["a.dcm", "IM_0001"])
def test_a_data_set_without_preamble_is_read(implicit: bool, name: str, tmp_path: Path) -> None:
    data = dicom(GRAY)
    del data.file_meta
    buffer = io.BytesIO()
    pydicom.dcmwrite(buffer, data, implicit_vr=implicit, little_endian=True, enforce_file_format=False)
    whole = buffer.getvalue()
    bare = whole[whole.index(b"\x08\x00\x16\x00") :]  # SOP Class UID comes first
    assert np.array_equal(read(bare, tmp_path / name), GRAY)


@pytest.mark.parametrize("data", [b"\x08\x00\x05\x00" + b"\xff" * 200, b"\x02\x00" + b"words " * 60])
def test_bytes_that_only_begin_like_a_data_set_are_refused(data: bytes, tmp_path: Path) -> None:
    with pytest.raises(EchoPilotError) as caught:
        read(data, tmp_path / "a.dcm")
    assert "\n" not in str(caught.value)


def test_a_deflated_file_is_read_and_a_bomb_is_not_inflated(tmp_path: Path) -> None:
    data = dicom(GRAY)
    data.file_meta.TransferSyntaxUID = DeflatedExplicitVRLittleEndian
    whole = written(data)
    assert np.array_equal(read(whole, tmp_path / "a.dcm"), GRAY)
    start = 144 + int.from_bytes(whole[140:144], "little")
    packer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    head = zlib.decompress(whole[start:], -zlib.MAX_WBITS)[:100]
    bomb = packer.compress(head) + b"".join(packer.compress(bytes(10_000_000)) for _ in range(11)) + packer.flush()
    with pytest.raises(EchoPilotError, match="inflate to more than"):
        read(whole[:start] + bomb, tmp_path / "bomb.dcm")
    packer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    many = packer.compress(b"\x08\0\x05\0CS\0\0" + 100_000 * b"\x09\0\x10\x10LO\0\0") + packer.flush()
    with pytest.raises(EchoPilotError, match="elements"):
        read(whole[:start] + many, tmp_path / "many.dcm")


def test_a_window_says_how_16_bits_are_shown(tmp_path: Path) -> None:
    data = dicom(GRAY.astype(np.uint16) * 4 + 1000)
    data.WindowCenter, data.WindowWidth = "1510", "1020"
    shown = read(written(data), tmp_path / "a.dcm")
    assert np.abs(shown.astype(int) - GRAY).max() <= 1
    data.RescaleSlope, data.RescaleIntercept = "0.25", "-250"
    data.WindowCenter, data.WindowWidth = ["128", "40"], ["256", "400"]  # several: the first counts
    assert np.abs(read(written(data), tmp_path / "b.dcm").astype(int) - GRAY).max() <= 1
    data.PhotometricInterpretation = "MONOCHROME1"
    assert np.abs(read(written(data), tmp_path / "c.dcm").astype(int) - (255 - GRAY.astype(int))).max() <= 1


def test_a_lookup_table_says_how_samples_are_shown(tmp_path: Path) -> None:
    data, item = dicom(GRAY.astype(np.uint16) + 100), Dataset()
    item.LUTDescriptor = [256, 100, 16]
    item.add_new("LUTData", "OW", (np.arange(255, -1, -1, dtype="<u2") * 257).tobytes())
    data.VOILUTSequence = [item]
    assert np.abs(read(written(data), tmp_path / "a.dcm").astype(int) - (255 - GRAY.astype(int))).max() <= 1


@pytest.mark.parametrize("window", [("nan", "10"), ("100", "0"), ("100", "-5")])
def test_a_window_that_is_none_is_not_used(window: tuple[str, str], tmp_path: Path) -> None:
    data = dicom(GRAY)
    data.WindowCenter, data.WindowWidth = "100.00", "10.000"
    raw = written(data).replace(b"100.00", window[0].ljust(6).encode()).replace(b"10.000", window[1].ljust(6).encode())
    assert np.array_equal(read(raw, tmp_path / "a.dcm"), GRAY)


@pytest.mark.parametrize(("stored", "top"), [(16, 300), (12, 255 * 2), (16, 20_000)])
def test_small_values_without_a_window_are_stretched(stored: int, top: int, tmp_path: Path) -> None:
    scaled = np.rint(GRAY / GRAY.max() * top).astype(np.uint16)
    data = dicom(scaled)
    data.BitsStored, data.HighBit = stored, stored - 1
    shown = read(written(data), tmp_path / "a.dcm")
    assert shown.max() == 255 and np.abs(shown - GRAY * (255 / GRAY.max())).max() <= 1.5


def test_implicit_and_explicit_files_show_the_same(tmp_path: Path) -> None:
    for syntax in (ImplicitVRLittleEndian, ExplicitVRLittleEndian):
        data = dicom(GRAY)
        data.file_meta.TransferSyntaxUID = syntax
        assert np.array_equal(read(written(data), tmp_path / "a.dcm"), GRAY)
