"""Animations and pages are read frame by frame, with the gray levels and the durations of the file."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from echopilot_core import EchoPilotError
from echopilot_perception.frames import image_sequence
from echopilot_perception.frames.readers.reading import read_clip


def frames(count: int = 4) -> np.ndarray:
    """Gray images (N, 48, 64) of 16 levels, so that a palette holds them."""
    coarse = np.random.default_rng(1).integers(0, 16, (count, 12, 16)) * 17
    return coarse.repeat(4, axis=1).repeat(4, axis=2).astype(np.uint8)


def save(path: Path, images: np.ndarray, **options: object) -> Path:
    first, *rest = (Image.fromarray(image) for image in images)
    first.save(path, save_all=True, append_images=rest, **options)
    return path


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("a.gif", {"duration": 40, "loop": 0}),
        ("a.webp", {"duration": 40, "lossless": True}),
        ("a.png", {"duration": 40}),
        ("a.apng", {"duration": 40, "format": "PNG"}),
    ],
)
def test_an_animation_has_its_frames_and_durations(name: str, options: dict[str, object], tmp_path: Path) -> None:
    found = read_clip(save(tmp_path / name, frames(), **options))
    assert np.array_equal(found.gray, frames())
    assert found.times.known and found.times.seconds == pytest.approx([0.0, 0.04, 0.08, 0.12])
    assert "durations" in found.times.remark and not found.colored.any()


@pytest.mark.parametrize("compression", ["raw", "tiff_lzw", "tiff_deflate"])
def test_every_page_of_a_tiff_is_a_frame(compression: str, tmp_path: Path) -> None:
    found = read_clip(save(tmp_path / "a.tif", frames(), compression=compression))
    assert np.array_equal(found.gray, frames()) and not found.times.known
    wide = read_clip(save(tmp_path / "wide.tiff", frames().astype(np.uint16) * 257, compression=compression))
    assert np.array_equal(wide.gray, frames())


@pytest.mark.parametrize("duration", [0, 1, 3000, [40, 2000, 40, 40]])
def test_durations_of_no_scanner_are_not_times(duration: object, tmp_path: Path) -> None:
    found = read_clip(save(tmp_path / "a.gif", frames(), duration=duration))
    assert not found.times.known and "frame times unknown" in found.times.remark
    assert (np.diff(found.times.seconds) > 0).all()


def test_a_pause_after_the_last_frame_is_no_step(tmp_path: Path) -> None:
    found = read_clip(save(tmp_path / "a.gif", frames(), duration=[30, 40, 50, 2000]))
    assert found.times.known and found.times.seconds == pytest.approx([0.0, 0.03, 0.07, 0.12])


@pytest.mark.parametrize("name", ["a.gif", "a.webp", "a.png", "a.tif"])
@pytest.mark.parametrize("share", [0.3, 0.6, 0.9])
def test_a_file_that_breaks_off_is_refused(name: str, share: float, tmp_path: Path) -> None:
    noise = np.random.default_rng(2).integers(0, 255, (4, 48, 64)).astype(np.uint8)
    path = save(tmp_path / name, noise)
    data = path.read_bytes()
    path.write_bytes(data[: int(share * len(data))])
    with pytest.raises(EchoPilotError) as caught:
        read_clip(path)
    assert name in str(caught.value) and "\n" not in str(caught.value) and "0x" not in str(caught.value)


def test_a_gif_without_its_last_byte_alone_is_read(tmp_path: Path) -> None:
    path = save(tmp_path / "a.gif", frames())
    path.write_bytes(path.read_bytes()[:-1])
    assert len(read_clip(path).gray) == 4


def test_the_image_that_stands_for_an_apng_is_no_frame_of_it(tmp_path: Path) -> None:
    first, *rest = (Image.fromarray(image) for image in frames())
    first.save(tmp_path / "a.png", save_all=True, append_images=rest, default_image=True, duration=40)
    assert np.array_equal(read_clip(tmp_path / "a.png").gray, frames()[1:])


def test_transparent_parts_of_a_frame_show_the_frame_before(tmp_path: Path) -> None:
    second = np.dstack([frames()[1], np.zeros((48, 64), np.uint8)])
    second[:24, :, 1] = 255
    images = [Image.fromarray(frames()[0]).convert("RGBA"), Image.fromarray(second, "LA").convert("RGBA")]
    images[0].save(tmp_path / "a.gif", save_all=True, append_images=images[1:], duration=40, disposal=0)
    shown = read_clip(tmp_path / "a.gif").gray
    assert np.array_equal(shown[1][:24], frames()[1][:24]) and np.array_equal(shown[1][24:], frames()[0][24:])


def test_more_frames_than_the_file_may_unpack_to_are_refused_before_decoding(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(image_sequence, "FREE_BYTES", 1_000_000)
    blank = [Image.new("L", (300, 300), k % 2) for k in range(60)]
    path = save(tmp_path / "bomb.gif", np.stack([np.asarray(image) for image in blank]))
    assert path.stat().st_size < 40_000
    with pytest.raises(EchoPilotError, match="60 frames of 300 x 300"):
        read_clip(path)
