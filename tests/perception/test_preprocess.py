"""Pre-processing puts what lies at (x, y) in us_image into the right cell, whatever the pixels are."""

import numpy as np
import pytest
from synthetic import frame_of, phased_geometry

from echopilot_core import EchoPilotError
from echopilot_perception import grid
from echopilot_perception.frames import to_network


@pytest.mark.parametrize("spacing_m", [0.0002, 0.0003125, 0.0005, 0.0011, 0.002])
@pytest.mark.parametrize("x_m, y_m", [(0.0, 0.05), (-0.03, 0.08), (0.041, 0.102)])
def test_a_dot_lands_in_its_cell(spacing_m: float, x_m: float, y_m: float) -> None:
    size = round(0.19 / spacing_m)
    u0, v0 = 0.45 * size, 0.03 * size
    rows, columns = np.mgrid[:size, :size]
    x, y = (columns - u0) * spacing_m, (rows - v0) * spacing_m
    image = np.where(np.hypot(x - x_m, y - y_m) < 0.004, 255, 0).astype(np.uint8)
    x_m, y_m = float(x[image > 0].mean()), float(y[image > 0].mean())  # of the disc as its pixels show it
    resampled = to_network(frame_of(image, phased_geometry(spacing_m, u0, v0)))
    steps_m = (np.arange(grid.IMAGE_CELLS) + 0.5) * grid.STANDARD.image_spacing_m
    found = np.array([resampled.sum(0) @ (steps_m - 0.08), resampled.sum(1) @ steps_m]) / resampled.sum()
    assert np.abs(found - (x_m, y_m)).max() < 0.3 * grid.STANDARD.spacing_m


def test_total_brightness_survives_resampling() -> None:
    rng = np.random.default_rng(3)
    image = rng.integers(0, 255, (512, 512)).astype(np.uint8)
    resampled = to_network(frame_of(image, phased_geometry(0.0003125, 255.5, 0.0)))
    inside = resampled[80:200, 108:148]
    assert abs(float(inside.mean()) * 255 - float(image.mean())) < 1.5
    assert float(inside.std()) * 255 < 0.6 * float(image.std())  # area means, not picked pixels


def test_outside_the_sector_is_black() -> None:
    resampled = to_network(frame_of(np.full((512, 512), 200, np.uint8), phased_geometry(0.0003125, 255.5, 0.0)))
    assert resampled[4, 0] == 0 and resampled[4, 255] == 0 and resampled[255, 0] == 0
    assert resampled[120, 128] == pytest.approx(200 / 255, abs=1e-3)


@pytest.mark.parametrize("field, value", [("spacing_x_m", float("nan")), ("depth_m", -0.1), ("spacing_y_m", 0.0)])
def test_bad_geometry_is_one_line(field: str, value: float) -> None:
    from dataclasses import replace

    geometry = replace(phased_geometry(0.0003, 100.0, 0.0), **{field: value})
    with pytest.raises(EchoPilotError) as caught:
        to_network(frame_of(np.zeros((64, 64), np.uint8), geometry))
    assert "\n" not in str(caught.value)


def test_an_image_of_the_wrong_kind_is_refused() -> None:
    with pytest.raises(EchoPilotError, match="uint8"):
        to_network(frame_of(np.zeros((64, 64), np.float32), phased_geometry(0.0003, 30.0, 0.0)))
