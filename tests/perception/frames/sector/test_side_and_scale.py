"""A clip has a known side and scale, or says that it has none; turning it twice changes nothing."""

import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

sys.path += [str(Path(__file__).parent), str(Path(__file__).parents[1] / "scale")]

from rulers import ruled
from screens import FAR, U, V, fan, written

from echopilot_core import SCALE_UNKNOWN, EchoPilotError, MarkerSide
from echopilot_perception.frames import open_clip


def marked(side: MarkerSide) -> np.ndarray:
    image = written(fan())
    if side is not MarkerSide.UNKNOWN:
        cv2.circle(image, (round(U + (60 if side is MarkerSide.RIGHT else -60)), 30), 7, 255, -1)
    return image


def saved(folder: Path, image: np.ndarray, name: str = "still.png") -> Path:
    Image.fromarray(image).save(folder / name)
    return folder / name


def test_without_a_scale_nothing_is_called_calibrated(tmp_path: Path) -> None:
    clip = open_clip(saved(tmp_path, fan()))
    assert not clip.spacing_known and clip.imaging.preset == SCALE_UNKNOWN
    assert not next(clip.frames()).imaging.calibrated
    assert any("no lengths" in line for line in clip.remarks)


def test_a_stated_depth_is_the_scale(tmp_path: Path) -> None:
    clip = open_clip(saved(tmp_path, written(fan())), depth_m=0.19)
    assert clip.spacing_known and next(clip.frames()).imaging.calibrated
    assert clip.geometry.spacing_y_m == pytest.approx(0.19 / FAR, rel=0.01)
    assert clip.geometry.depth_m == pytest.approx(0.19) and not any("no lengths" in line for line in clip.remarks)


@pytest.mark.parametrize("depth_m", [0.0, 0.005, 16.0, float("nan")])
def test_depths_that_no_scanner_has_are_refused(tmp_path: Path, depth_m: float) -> None:
    with pytest.raises(EchoPilotError, match="give 1 to 40 cm"):
        open_clip(saved(tmp_path, fan()), depth_m=depth_m)


def test_a_depth_beside_a_scale_of_the_file_is_refused(tmp_path: Path) -> None:
    header = (
        "ObjectType = Image\nNDims = 2\nDimSize = 640 480\nElementType = MET_UCHAR\nElementSpacing = 0.4 0.4\n"
        "ElementDataFile = LOCAL\n"
    )
    path = tmp_path / "a.mha"
    path.write_bytes(header.encode() + fan().tobytes())
    assert open_clip(path).spacing_known
    with pytest.raises(EchoPilotError, match="scale of its own"):
        open_clip(path, depth_m=0.16)


@pytest.mark.parametrize("side", list(MarkerSide))
def test_the_marker_tells_the_side(tmp_path: Path, side: MarkerSide) -> None:
    clip = open_clip(saved(tmp_path, marked(side)))
    assert clip.geometry.marker_side is side
    assert any("--mirror" in line for line in clip.remarks) == (side is MarkerSide.LEFT)


def test_turning_twice_changes_nothing(tmp_path: Path) -> None:
    image = marked(MarkerSide.LEFT)
    once = open_clip(saved(tmp_path, image), mirror=True)
    twice = open_clip(saved(tmp_path, once.images[0], "turned.png"), mirror=True)
    plain = open_clip(saved(tmp_path, image))
    assert np.array_equal(twice.images, plain.images)
    assert twice.geometry.origin_u_px == pytest.approx(plain.geometry.origin_u_px)
    assert once.geometry.origin_u_px == pytest.approx(639 - plain.geometry.origin_u_px, abs=1.0)
    assert once.geometry.depth_m == pytest.approx(plain.geometry.depth_m, rel=0.005)  # each read from its own ruler
    assert once.geometry.marker_side is MarkerSide.LEFT  # of the display that the clip came from
    assert any("exchanged" in line for line in once.remarks)


def test_file_types_give_the_same_geometry(tmp_path: Path) -> None:
    image = Image.fromarray(marked(MarkerSide.RIGHT))
    image.save(tmp_path / "a.png")
    image.convert("RGB").quantize(64).save(tmp_path / "palette.png")
    image.convert("RGB").save(tmp_path / "a.jpg", quality=85)
    image.convert("RGB").save(tmp_path / "a.bmp")
    plain = open_clip(tmp_path / "a.png").geometry
    for name in ("palette.png", "a.jpg", "a.bmp"):
        other = open_clip(tmp_path / name).geometry
        assert other.origin_u_px == pytest.approx(plain.origin_u_px, abs=1.0), name
        assert other.origin_v_px == pytest.approx(plain.origin_v_px, abs=1.0), name
        assert other.spacing_y_m == pytest.approx(plain.spacing_y_m, rel=1.0 / FAR), name


def test_a_ruler_on_the_screen_is_the_scale_and_is_named(tmp_path: Path) -> None:
    clip = open_clip(saved(tmp_path, ruled(fan(), (600.0, V), 0.0, 25.0, 16)))
    assert clip.spacing_known and next(clip.frames()).imaging.calibrated
    assert clip.geometry.spacing_y_m == pytest.approx(0.01 / 25.0, rel=0.01)
    assert any("scale from the ruler" in line for line in clip.remarks) and "ruler" in clip.scale_source


def test_a_stated_depth_that_the_ruler_contradicts_counts_and_is_told(tmp_path: Path) -> None:
    image = ruled(fan(), (600.0, V), 0.0, 25.0, 16)
    clip = open_clip(saved(tmp_path, image), depth_m=0.19)
    assert clip.geometry.depth_m == pytest.approx(0.19)
    assert any("stated depth" in line and "although" in line for line in clip.remarks)
    agreed = open_clip(saved(tmp_path, image), depth_m=0.15)
    assert not any("although" in line for line in agreed.remarks)
