"""One real image in many file types and screens has one geometry."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from echopilot_core import MarkerSide, ProbeKind
from echopilot_perception.frames.sector import find_sector
from echopilot_perception.frames.sector.marker import marker_side

CASES = Path(__file__).parents[5] / "shared" / "data" / "ultrasound" / "cases"
pytestmark = pytest.mark.skipif(not CASES.exists(), reason="the shared real images are not here")
# scale and shift (u, v) of the image in its screen
WHITE = ("white_ui.png",)  # a white mark on a white page
SAME = {
    "pal.png": (1.0, 0.0, 0.0),
    "white_ui.png": (1.0, 0.0, 0.0),
    "portrait_handheld.png": (720 / 624, 0.0, 200.0),
    "uhd.png": (3840 / 624, 0.0, 0.0),
    "anim.gif": (1.0, 0.0, 0.0),
}


def gray(name: str) -> np.ndarray:
    with Image.open(CASES / name) as image:
        return np.asarray(image.convert("L"))[None]


@pytest.mark.parametrize("name", SAME)
def test_the_screen_around_it_changes_nothing(name: str) -> None:
    scale, du, dv = SAME[name]
    images = gray(name)
    found = find_sector(images)
    assert found is not None and found.kind == ProbeKind.PHASED
    print(name, (found.origin_u_px - du) / scale, (found.origin_v_px - dv) / scale, found.depth_px / scale)
    assert (found.origin_u_px - du) / scale == pytest.approx(309.0, abs=1.0)
    assert (found.origin_v_px - dv) / scale == pytest.approx(4.9, abs=1.5)
    assert found.depth_px / scale == pytest.approx(377.4, abs=1.5)
    assert np.rad2deg(found.opening_rad) == pytest.approx(74.9, abs=0.5)
    seen = MarkerSide.UNKNOWN if name in WHITE else MarkerSide.RIGHT
    assert marker_side(images, found) is seen
