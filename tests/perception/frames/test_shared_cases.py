"""The small files of `shared/data/ultrasound/cases`: each opens with the right content."""

from pathlib import Path

import numpy as np
import pytest

from echopilot_perception.frames.image_sequence import ImageSequence, Region
from echopilot_perception.frames.readers.reading import read_clip

CASES = Path(__file__).parents[4] / "shared" / "data" / "ultrasound" / "cases"
pytestmark = pytest.mark.skipif(not CASES.exists(), reason="the shared cases are not here")
SHAPES = {
    "anim.gif": (10, 480, 624),
    "anim.webp": (10, 480, 624),
    "seq.nrrd": (10, 480, 624),
    "numbered_frames_order": (12, 480, 624),
    "exif_rotated.jpg": (1, 480, 624),
    "pal.png": (1, 480, 624),
    "white_ui.png": (1, 480, 624),
    "grey_alpha_white_outside.png": (1, 480, 624),
    "grey12in16.png": (1, 480, 624),
    "portrait_handheld.png": (1, 1280, 720),
    "uhd.png": (1, 2954, 3840),
    "d_mpeg4.dcm": (150, 480, 624),
    "j2k_trailing_ff_pad_nema_us1.dcm": (1, 480, 640),
    "jpegxl_a3c_colour_vivid_e95.dcm": (27, 708, 1016),
    "no_region.dcm": (12, 227, 288),
    "palette_jpegls_plax_colour_lowgain.dcm": (10, 430, 600),
    "tiny_tee_doppler_low_gain.dcm": (1, 120, 256),
}
TOLERANCE = {"anim.gif": 0.3, "anim.webp": 1.0, "exif_rotated.jpg": 1.0, "seq.nrrd": 0.01, "grey12in16.png": 0.3}
TOLERANCE |= {"grey_alpha_white_outside.png": 0.7, "numbered_frames_order": 0.01}


def case(name: str) -> ImageSequence:
    path = CASES / name
    if not path.exists():
        pytest.skip(f"{name} is not among the shared cases")
    return read_clip(path)


@pytest.mark.parametrize("name", SHAPES)
def test_every_case_opens(name: str) -> None:
    found = case(name)
    assert found.gray.shape == SHAPES[name] and found.gray.max() > 150
    assert len(found.times.seconds) == len(found.gray)


@pytest.mark.parametrize("name", TOLERANCE)
def test_the_same_image_has_the_same_levels_in_every_case(name: str) -> None:
    reference = case("seq.nrrd").gray[0].astype(float)
    found = case(name).gray[0]
    assert np.abs(found - reference).mean() < TOLERANCE[name]


def test_numbered_frames_are_in_the_order_of_the_clip_they_come_from() -> None:
    numbered, clip = (case(name).gray[:, ::4, ::4].astype(float) for name in ("numbered_frames_order", "d_mpeg4.dcm"))
    nearest = [int(np.abs(clip - frame).mean(axis=(1, 2)).argmin()) for frame in numbered]
    assert (np.diff(nearest) > 0).all(), nearest


def test_the_jpeg_xl_case_has_its_region_and_times() -> None:
    found = case("jpegxl_a3c_colour_vivid_e95.dcm")
    assert found.region == Region(149, 70, 868, 659, pytest.approx(2.72e-4, abs=1e-6), pytest.approx(2.72e-4, abs=1e-6))
    assert found.times.source == "Frame Time" and found.colored.any()


def test_animations_have_known_times_and_folders_have_none() -> None:
    for name in ("anim.gif", "anim.webp"):
        times = case(name).times
        assert times.known and times.seconds[1] == pytest.approx(0.04) and times.remark
    assert not case("numbered_frames_order").times.known
    assert case("d_mpeg4.dcm").times.source == "Frame Time"
