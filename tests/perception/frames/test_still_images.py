"""The same image has the same gray levels in every kind of image file."""

import io
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from echopilot_core import EchoPilotError
from echopilot_perception.frames.readers.reading import read_clip

GRAY = np.random.default_rng(5).integers(0, 255, (40, 50)).astype(np.uint8)
GRAY[0, 0] = 250


def written(kind: str, path: Path) -> Path:
    """`GRAY` as a file of one kind."""
    image, wide = Image.fromarray(GRAY), GRAY.astype(np.uint16) * 257
    opaque = np.full_like(GRAY, 255)
    match kind:
        case "gray":
            image.save(path / "a.png")
        case "palette":
            colors = image.convert("P")
            colors.save(path / "a.png")
        case "alpha":
            Image.fromarray(np.dstack([GRAY, GRAY, GRAY, opaque]), "RGBA").save(path / "a.png")
        case "gray alpha":
            Image.fromarray(np.dstack([GRAY, opaque]), "LA").save(path / "a.png")
        case "16 bits":
            Image.fromarray(wide).save(path / "a.png")
        case "8 in 16 bits":
            Image.fromarray(GRAY.astype(np.uint16)).save(path / "a.png")
        case "16 bits rgb":
            cv2.imwrite(str(path / "a.png"), np.dstack([wide] * 3))
        case "16 bits rgba":
            cv2.imwrite(str(path / "a.png"), np.dstack([wide] * 3 + [opaque.astype(np.uint16) * 257]))
        case "16 bits rgb tiff":
            cv2.imwrite(str(path / "a.tif"), np.dstack([wide] * 3))
        case "float tiff":
            Image.fromarray(GRAY.astype(np.float32) / 255).save(path / "a.tif")
        case "32 bits tiff":
            Image.fromarray(GRAY.astype(np.int32)).save(path / "a.tif")
        case "webp":
            image.convert("RGB").save(path / "a.webp", lossless=True)
        case _:
            image.save(path / kind)
    return next(path.iterdir())


KINDS = ["gray", "palette", "alpha", "gray alpha", "16 bits", "8 in 16 bits", "16 bits rgb", "16 bits rgba", "webp"]
KINDS += ["16 bits rgb tiff", "float tiff", "32 bits tiff", "a.bmp", "a.tif", "a.gif"]


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_image_has_the_same_levels_in_every_kind(kind: str, tmp_path: Path) -> None:
    found = read_clip(written(kind, tmp_path))
    assert found.gray.shape == (1, 40, 50) and not found.colored.any()
    assert np.abs(found.gray[0].astype(int) - GRAY).max() <= 1


@pytest.mark.parametrize("bits", [10, 12, 14])
def test_fewer_bits_in_16_are_stretched_by_the_largest_value(bits: int, tmp_path: Path) -> None:
    Image.fromarray(GRAY.astype(np.uint16) << (bits - 8)).save(tmp_path / "a.png")
    shown = read_clip(tmp_path / "a.png").gray[0]
    assert shown.max() == 255
    assert np.abs(shown.astype(float) - GRAY * (255 / GRAY.max())).max() <= 1


def test_what_is_transparent_is_black(tmp_path: Path) -> None:
    opacity = np.zeros_like(GRAY)
    opacity[:, 25:] = 255
    white = np.where(opacity == 0, 255, GRAY).astype(np.uint8)
    Image.fromarray(np.dstack([white, opacity]), "LA").save(tmp_path / "a.png")
    shown = read_clip(tmp_path / "a.png").gray[0]
    assert not shown[:, :25].any() and np.array_equal(shown[:, 25:], GRAY[:, 25:])


@pytest.mark.parametrize("suffix", ["png", "tif", "webp", "jpg"])
@pytest.mark.parametrize(("turn", "stored"), [(3, GRAY[::-1, ::-1]), (6, np.rot90(GRAY)), (8, np.rot90(GRAY, 3))])
def test_the_orientation_of_a_photograph_is_applied(turn: int, stored: np.ndarray, suffix: str, tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = turn
    lossless = {"lossless": True} if suffix == "webp" else {"quality": 100} if suffix == "jpg" else {}
    Image.fromarray(np.ascontiguousarray(stored)).save(tmp_path / f"a.{suffix}", exif=exif, **lossless)
    shown = read_clip(tmp_path / f"a.{suffix}").gray[0]
    assert shown.shape == GRAY.shape and np.abs(shown.astype(int) - GRAY).max() <= (3 if suffix == "jpg" else 0)


def test_damaged_exif_data_do_not_refuse_an_image(tmp_path: Path) -> None:
    Image.fromarray(GRAY).save(tmp_path / "a.png", exif=b"Exif\0\0II*\0\xff\xff\xff\xff")
    assert np.array_equal(read_clip(tmp_path / "a.png").gray[0], GRAY)


def test_an_image_under_another_image_suffix_is_read_and_postscript_never(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    Image.fromarray(GRAY).save(buffer, "PNG")
    (tmp_path / "a.jpg").write_bytes(buffer.getvalue())
    assert np.array_equal(read_clip(tmp_path / "a.jpg").gray[0], GRAY)
    (tmp_path / "b.png").write_bytes(b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 64 64\n%%EndComments\n")
    with pytest.raises(EchoPilotError, match=r"b\.png is not a readable image: its content"):
        read_clip(tmp_path / "b.png")


@pytest.mark.parametrize("name", ["a.mp4", "a.png", "a.gif", "a.dcm", "a.mha", "a.nrrd", "a.uff", "a.mcap", "a"])
def test_an_empty_file_is_called_empty(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(b"")
    with pytest.raises(EchoPilotError, match=f"{name} is empty"):
        read_clip(tmp_path / name)


def test_text_is_called_text_and_other_files_get_the_kinds(tmp_path: Path) -> None:
    (tmp_path / "a.mp4").write_text("not a video at all\n" * 9)
    with pytest.raises(EchoPilotError, match="it holds text"):
        read_clip(tmp_path / "a.mp4")
    (tmp_path / "a.txt").write_text("not a clip at all\n" * 9)
    with pytest.raises(EchoPilotError, match=r"not a clip; give .*\.gif.*\.nrrd.*\.uff.*\.mcap"):
        read_clip(tmp_path / "a.txt")
