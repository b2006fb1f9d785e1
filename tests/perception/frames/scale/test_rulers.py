"""A ruler on the screen gives the scale, whatever its style; where it could mean several lengths, none is given."""

import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

sys.path += [str(Path(__file__).parent), str(Path(__file__).parents[1] / "sector")]

from rulers import dot, ruled, square, tick
from screens import HALF_RAD, U, V, fan, mixed, written

from echopilot_perception.frames.readers.reading import read_clip
from echopilot_perception.frames.scale.reading import ScaleReading, read_scale
from echopilot_perception.frames.sector import find_sector

DATA = Path(__file__).parents[5] / "shared" / "data" / "ultrasound"
STEP = 25.3  # px
OFF = 14.0  # px from a side to the ruler along it


def beside(side: float) -> tuple[float, float]:
    """The begin of a ruler outside the left (-1) or right (1) side of the fan."""
    return U + side * OFF * np.cos(HALF_RAD), V - OFF * np.sin(HALF_RAD)


def read(image: np.ndarray) -> ScaleReading:
    images = image[None] if image.ndim == 2 else image
    sector = find_sector(images)
    assert sector is not None
    return read_scale(images, sector)


STYLES = {
    "upright dots": lambda image: ruled(image, (600.0, V), 0.0, STEP, 16),
    "upright ticks with numbers": lambda image: ruled(image, (600.0, V), 0.0, STEP, 16, tick, 5, True),
    "upright dashes": lambda image: ruled(image, (20.0, V), 0.0, STEP, 15, square),
    "dots along the right side": lambda image: ruled(image, beside(1.0), HALF_RAD, STEP, 16),
    "dots along the left side": lambda image: ruled(image, beside(-1.0), -HALF_RAD, STEP, 16),
    "ticks along the left side": lambda image: ruled(image, beside(-1.0), -HALF_RAD, STEP, 15, tick, 5, True),
}


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("seed", [1, 2])
def test_every_style_gives_the_size_of_a_pixel(style: str, seed: int) -> None:
    found = read(STYLES[style](fan(seed=seed)))
    assert found.spacing_m == pytest.approx(0.01 / STEP, rel=0.01), found.source
    assert "ruler" in found.source


@pytest.mark.parametrize("size", [0.7, 1.6, 4.5])
def test_the_size_of_the_screen_changes_nothing(size: float) -> None:
    image = ruled(fan(), (600.0, V), 0.0, STEP, 16)
    how = cv2.INTER_AREA if size < 1 else cv2.INTER_CUBIC
    found = read(cv2.resize(image, None, fx=size, fy=size, interpolation=how))
    assert found.spacing_m == pytest.approx(0.01 / (size * STEP), rel=0.01), found.source


def test_text_around_the_ruler_changes_nothing() -> None:
    image = ruled(fan(), (560.0, V), 0.0, STEP, 16)
    for row in range(14):
        cv2.putText(image, "CPWF2HGM"[row % 8 :] + "16cm", (4, 40 + 26 * row), 0, 0.45, 255, 1, cv2.LINE_AA)
    assert read(image).spacing_m == pytest.approx(0.01 / STEP, rel=0.01)


def test_a_clip_is_read_through_its_motion() -> None:
    frames = np.stack([ruled(fan(seed=k), beside(1.0), HALF_RAD, STEP, 16) for k in range(6)])
    assert read(frames).spacing_m == pytest.approx(0.01 / STEP, rel=0.01)


def test_a_whole_screen_is_read() -> None:
    """Level ticks that all look alike, beside a printed depth, a bar and a trace."""
    found = read(written(fan()))
    assert found.spacing_m == pytest.approx(0.01 / 23, rel=0.01) and "16 cm printed" in found.source


UNKNOWN = {
    "no ruler": lambda image: image,
    "marks that all look alike": lambda image: ruled(image, (600.0, V), 0.0, STEP, 16, dot, 0),
    "every second mark larger": lambda image: ruled(image, (600.0, V), 0.0, STEP, 16, tick, 2),
    "marks of 1 cm that would make it 38 cm deep": lambda image: ruled(image, (600.0, V), 0.0, 10.0, 38),
    "marks of 1 cm that would make it 4 cm deep": lambda image: ruled(image, (600.0, V), 0.0, 63.0, 7, dot, 5),
    "a ruler much shorter than the fan": lambda image: ruled(image, (600.0, V), 0.0, 9.0, 12),
    "two rulers that contradict each other": lambda image: ruled(
        ruled(image, (600.0, V), 0.0, STEP, 16), (20.0, V), 0.0, 1.3 * STEP, 13
    ),
}


@pytest.mark.parametrize("kind", UNKNOWN)
def test_what_could_mean_several_lengths_gives_none_and_says_why(kind: str) -> None:
    found = read(UNKNOWN[kind](fan()))
    assert found.spacing_m is None and "ruler" in found.source, found


def test_no_ruler_is_read_beside_a_trace() -> None:
    image = ruled(mixed(), (900.0, 60.0), 0.0, 15.0, 18)
    assert read(image).spacing_m is None


def test_speckle_makes_no_ruler() -> None:
    for seed in range(12):
        assert read(fan(half_rad=np.deg2rad(25.0 + 3.0 * seed), seed=10 + seed)).spacing_m is None


@pytest.mark.skipif(not DATA.exists(), reason="the shared real images are not here")
@pytest.mark.parametrize(
    "file", ["cardiac/a4c_cine_sonosite.dcm", "cases/jpegxl_a3c_colour_vivid_e95.dcm"], ids=["sonosite", "vivid"]
)
def test_the_ruler_agrees_with_the_file(file: str) -> None:
    images = read_clip(DATA / file)
    assert images.region is not None
    sector = find_sector(images.gray, images.colored)
    assert sector is not None
    found = read_scale(images.gray, sector)
    assert found.spacing_m == pytest.approx(images.region.spacing_y_m, rel=0.005), found.source


SHOWN_CM = {  # depth from face to end, told by the numbers that the screen prints
    "real_dev/aorta-ultrasound-3.png": 11.0,
    "real_dev/gallbladder-ultrasound-2.png": 13.0,
    "no_contact/philips_X51_AbdVasc.png": 18.0,
    "phantom/butterfly_axial-lateral-resolution-2020.png": 5.0,
    "other_organs/clarius-ocular-short.mp4": 4.0,
}


@pytest.mark.skipif(not DATA.exists(), reason="the shared real images are not here")
@pytest.mark.parametrize("file", SHOWN_CM, ids=lambda file: Path(file).stem)
def test_the_ruler_agrees_with_the_depth_that_the_screen_prints(file: str) -> None:
    images = read_clip(DATA / file)
    sector = find_sector(images.gray, images.colored)
    assert sector is not None
    found = read_scale(images.gray, sector)
    assert found.spacing_m is not None, found.source
    assert 1e2 * found.spacing_m * sector.depth_px == pytest.approx(SHOWN_CM[file], rel=0.1)
