"""MetaImage sequences are read losslessly, upright, with their own times."""

import zlib
from pathlib import Path

import numpy as np
import pytest

from echopilot_core import EchoPilotError
from echopilot_perception.frames import open_clip

IMAGES = np.random.default_rng(3).integers(20, 255, (4, 40, 50)).astype(np.uint8)


def write(path: Path, body: bytes | None = None, **changes: str) -> Path:
    """A sequence of `IMAGES`; `changes` override header lines."""
    header = {
        "ObjectType": "Image",
        "NDims": "3",
        "CompressedData": "False",
        "DimSize": "50 40 4",
        "ElementSpacing": "1 1 1",
        "ElementType": "MET_UCHAR",
        **{f"Seq_Frame{k:04d}_Timestamp": f"{2572.9 + 0.08 * k:.6f}" for k in range(4)},
        **changes,
        "ElementDataFile": changes.get("ElementDataFile", "LOCAL"),
    }
    text = "".join(f"{key} = {value}\n" for key, value in header.items())
    path.write_bytes(text.encode() + (IMAGES.tobytes() if body is None else body))
    return path


def test_plain_and_packed_files_hold_the_same_images(tmp_path: Path) -> None:
    plain = open_clip(write(tmp_path / "plain.igs.mha"))
    packed = open_clip(write(tmp_path / "packed.mha", zlib.compress(IMAGES.tobytes()), CompressedData="True"))
    for clip in (plain, packed):
        assert np.array_equal(clip.images, IMAGES) and not clip.spacing_known
        assert clip.frame_times_s == pytest.approx(0.08 * np.arange(4), abs=1e-6)


def test_every_orientation_is_turned_to_marked_side_right_and_far_side_down(tmp_path: Path) -> None:
    turned = {"MF": IMAGES, "UF": IMAGES[:, :, ::-1], "MN": IMAGES[:, ::-1], "UN": IMAGES[:, ::-1, ::-1]}
    for name, stored in turned.items():
        clip = open_clip(write(tmp_path / "a.mha", stored.tobytes(), UltrasoundImageOrientation=name))
        assert np.array_equal(clip.images, IMAGES), name


def test_invalid_frames_are_left_out(tmp_path: Path) -> None:
    clip = open_clip(write(tmp_path / "a.mha", Seq_Frame0001_ImageStatus="INVALID"))
    assert np.array_equal(clip.images, IMAGES[[0, 2, 3]])
    assert clip.frame_times_s == pytest.approx([0.0, 0.16, 0.24], abs=1e-6)


def test_a_real_spacing_is_used(tmp_path: Path) -> None:
    clip = open_clip(write(tmp_path / "a.mha", ElementSpacing="0.3 0.4 1"))
    assert clip.spacing_known
    assert (clip.geometry.spacing_x_m, clip.geometry.spacing_y_m) == pytest.approx((3e-4, 4e-4))


def test_wide_samples_are_stretched(tmp_path: Path) -> None:
    clip = open_clip(write(tmp_path / "a.mha", (IMAGES.astype("<i2") * 10 - 999).tobytes(), ElementType="MET_SHORT"))
    assert clip.images.min() == 0 and clip.images.max() == 255
    assert np.corrcoef(clip.images.ravel(), IMAGES.ravel())[0, 1] > 0.999


@pytest.mark.parametrize(
    "changes",
    [
        {"DimSize": "0 0 801"},
        {"DimSize": "50 40 5"},
        {"DimSize": "fifty 40 4"},
        {"DimSize": "900000000 900000000 900000000"},
        {"ElementType": "MET_DOUBLE"},
        {"ElementDataFile": "elsewhere.raw"},
        {"ElementNumberOfChannels": "2"},
        {"CompressedData": "True"},
        {f"Seq_Frame{k:04d}_ImageStatus": "INVALID" for k in range(4)},
    ],
)
def test_what_does_not_fit_is_refused(changes: dict[str, str], tmp_path: Path) -> None:
    with pytest.raises(EchoPilotError) as caught:
        open_clip(write(tmp_path / "bad.mha", **changes))
    assert "bad.mha" in str(caught.value) and "\n" not in str(caught.value)


def test_packed_data_are_never_inflated_beyond_their_size(tmp_path: Path) -> None:
    bomb = zlib.compress(bytes(200_000_000), 9)
    with pytest.raises(EchoPilotError, match="8001 bytes"):
        open_clip(write(tmp_path / "bomb.mha", bomb, CompressedData="True"))


def test_four_dimensions_with_single_slices_are_a_sequence(tmp_path: Path) -> None:
    clip = open_clip(write(tmp_path / "a.mha", DimSize="50 40 1 4", NDims="4", ElementSpacing="0.3 0.3 1 1"))
    assert np.array_equal(clip.images, IMAGES) and clip.spacing_known
    with pytest.raises(EchoPilotError, match="volumes"):
        open_clip(write(tmp_path / "b.mha", DimSize="50 20 2 4", NDims="4"))


@pytest.mark.parametrize(
    ("kind", "code", "factor"), [("MET_FLOAT", "<f4", 1 / 255), ("MET_DOUBLE", "<f8", 1), ("MET_UINT", "<u4", 1)]
)
def test_every_type_of_sample_shows_the_same_image(kind: str, code: str, factor: float, tmp_path: Path) -> None:
    clip = open_clip(write(tmp_path / "a.mha", (IMAGES * factor).astype(code).tobytes(), ElementType=kind))
    assert np.abs(clip.images.astype(int) - IMAGES).max() <= 1


def test_float_samples_that_are_no_numbers_are_black(tmp_path: Path) -> None:
    samples = IMAGES.astype("<f4")
    samples[0, 0, :3] = (np.nan, -np.inf, np.inf)
    clip = open_clip(write(tmp_path / "a.mha", samples.tobytes(), ElementType="MET_FLOAT"))
    assert clip.images[0, 0, :3].tolist() == [0, 0, 255]
    assert np.array_equal(clip.images[1:], IMAGES[1:])


def test_decibels_are_shown_over_60(tmp_path: Path) -> None:
    decibels = (IMAGES / 255.0 * 60.0 - 60.0).astype("<f4")
    decibels[0, 0, 0] = -300.0
    clip = open_clip(write(tmp_path / "a.mha", decibels.tobytes(), ElementType="MET_FLOAT"))
    assert clip.images[0, 0, 0] == 0 and np.abs(clip.images[1:].astype(int) - IMAGES[1:]).max() <= 1


def test_a_header_alone_reads_the_file_beside_it_and_no_other(tmp_path: Path) -> None:
    (tmp_path / "a.raw").write_bytes(IMAGES.tobytes())
    (tmp_path / "a.zraw").write_bytes(zlib.compress(IMAGES.tobytes()))
    (tmp_path / "headed.raw").write_bytes(b"x" * 77 + IMAGES.tobytes())
    assert np.array_equal(open_clip(write(tmp_path / "a.mhd", b"", ElementDataFile="a.raw")).images, IMAGES)
    packed = write(tmp_path / "b.mhd", b"", ElementDataFile="a.zraw", CompressedData="True")
    assert np.array_equal(open_clip(packed).images, IMAGES)
    for size in ("77", "-1"):
        headed = write(tmp_path / "c.mhd", b"", HeaderSize=size, ElementDataFile="headed.raw")
        assert np.array_equal(open_clip(headed).images, IMAGES)
    (tmp_path / "below").mkdir()
    for name in ("../a.raw", str(tmp_path / "a.raw"), "missing.raw", "LIST", "a%03d.raw 1 4 1"):
        with pytest.raises(EchoPilotError, match=r"d\.mhd"):
            open_clip(write(tmp_path / "below" / "d.mhd", b"", ElementDataFile=name))


def test_beams_along_the_rows_are_turned_down(tmp_path: Path) -> None:
    stored = IMAGES.transpose(0, 2, 1).copy()
    clip = open_clip(
        write(
            tmp_path / "a.mha",
            stored.tobytes(),
            DimSize="40 50 4",
            UltrasoundImageOrientation="FMA",
            ElementSpacing="0.4 0.3 1",
        )
    )
    assert np.array_equal(clip.images, IMAGES)
    assert (clip.geometry.spacing_x_m, clip.geometry.spacing_y_m) == pytest.approx((3e-4, 4e-4))
