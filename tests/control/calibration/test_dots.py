"""Wires in images: found to a fraction of a pixel, named rightly among false ones, from both sides, or not at all."""

import numpy as np
import pytest
from toy_phantom import PHANTOM, draw_dots, scans

from echopilot_control.calibration.dots import find_dots, name_dots
from echopilot_core import EchoPilotError


def test_spots_are_found_to_a_third_of_a_pixel():
    points = scans(40, frames=1).points_px[0].reshape(-1, 2)
    found = find_dots(draw_dots(points))
    assert len(found) == 9
    distance = np.linalg.norm(found[:, None] - points, axis=2)
    assert distance.min(axis=0).max() < 0.3


@pytest.mark.parametrize("mirrored", [False, True])
@pytest.mark.parametrize("seed", range(50, 56))
def test_each_wire_gets_its_name_among_false_spots(seed, mirrored):
    rng = np.random.default_rng(seed)
    points = scans(seed, frames=1, noise_px=1.0).points_px[0]
    if mirrored:
        points[..., 0] = 820 - points[..., 0]
    below = rng.uniform([50, points[..., 1].max() + 40], [780, points[..., 1].max() + 300], (4, 2))
    dots = rng.permutation(np.concatenate([points.reshape(-1, 2), below]))
    for pixel_m in (None, 77e-6):
        assert np.array_equal(name_dots(dots, PHANTOM, pixel_m), points)


def test_an_image_that_misses_or_doubles_a_wire_names_none():
    points = scans(60, frames=1).points_px[0]
    dots = points.reshape(-1, 2)
    for missing in range(9):
        assert name_dots(np.delete(dots, missing, axis=0), PHANTOM) is None
        elsewhere = np.array([[30.0, 600.0], [790.0, 610.0]])
        assert name_dots(np.concatenate([np.delete(dots, missing, axis=0), elsewhere]), PHANTOM) is None
    twin = 0.5 * points[1, 0] + 0.5 * points[1, 2] + [25.0, 0.0]
    assert name_dots(np.concatenate([dots, twin[None]]), PHANTOM) is None


def test_walls_and_darkness_hold_no_wires():
    image = np.zeros((616, 820), np.uint8)
    assert find_dots(image).shape == (0, 2)
    assert name_dots(find_dots(image), PHANTOM) is None
    image[300:306, 100:500] = 200
    assert find_dots(image).shape == (0, 2)
    with pytest.raises(EchoPilotError, match="gray"):
        find_dots(np.zeros((10, 10, 3), np.uint8))
