"""The network sees images at their full depth: what looks the same has the same outlines, lengths grow with it."""

from dataclasses import replace

import numpy as np
import pytest
from synthetic import frame_of, phased_geometry

from echopilot_core import Frame, ImagingMode, ProbeGeometry, View
from echopilot_perception import grid
from echopilot_perception.frames import to_network
from echopilot_perception.pipeline import Perception

SIZE = 512


def deeper(geometry: ProbeGeometry, factor: float) -> ProbeGeometry:
    return replace(
        geometry,
        depth_m=factor * geometry.depth_m,
        aperture_m=factor * geometry.aperture_m,
        spacing_x_m=factor * geometry.spacing_x_m,
        spacing_y_m=factor * geometry.spacing_y_m,
    )


@pytest.fixture(scope="module")
def frame() -> Frame:
    rng = np.random.default_rng(8)
    rows, columns = np.mgrid[:SIZE, :SIZE]
    image = rng.integers(40, 160, (SIZE, SIZE))
    image[np.hypot(rows - 250, 1.6 * (columns - 280)) < 90] = 5  # a dark cavity
    return frame_of(image.astype(np.uint8), phased_geometry(0.0003125, 255.5, 0.0))


@pytest.mark.parametrize("factor", [0.5, 1.25, 1.5])
def test_lengths_grow_with_the_depth_and_nothing_else_changes(frame: Frame, factor: float) -> None:
    perception = Perception()
    one = perception.see(frame)
    other = perception.see(replace(frame, geometry=deeper(frame.geometry, factor)))
    perception.close()
    np.testing.assert_array_equal(other.label_map.labels, one.label_map.labels)
    np.testing.assert_allclose(other.view_probability, one.view_probability, atol=1e-6)
    assert other.label_map.spacing_m == pytest.approx(factor * one.label_map.spacing_m)
    assert [e.area_m2 for e in other.extents] == pytest.approx([factor**2 * e.area_m2 for e in one.extents])
    for far, near in zip(other.guidance, one.guidance, strict=True):
        np.testing.assert_allclose(far.relative_pose_twist[:3], factor * near.relative_pose_twist[:3], rtol=1e-4)
        np.testing.assert_allclose(far.relative_pose_twist[3:], near.relative_pose_twist[3:], rtol=1e-4)
    for far, near in zip(other.landmarks, one.landmarks, strict=True):
        np.testing.assert_allclose(far.position_m, factor * near.position_m, rtol=1e-4, atol=1e-7)


@pytest.mark.parametrize("depth_m", [0.06, 0.16, 0.24])
def test_the_deepest_sample_lies_in_the_last_row(depth_m: float) -> None:
    size = 640
    spacing_m = depth_m / size
    image = np.zeros((size, size), np.uint8)
    image[-6:] = 255
    geometry = replace(phased_geometry(spacing_m, 0.5 * (size - 1), 0.0), depth_m=depth_m)
    resampled = to_network(frame_of(image, geometry))
    assert resampled[-2:, 120:136].mean() > 0.6 and resampled[:-4].max() == 0.0
    assert grid.grid_of(geometry).y_m[-1] == pytest.approx(depth_m - 0.5 * depth_m / grid.CELLS)


def test_a_small_image_beside_a_trace_is_outlined_but_its_view_is_not_named(frame: Frame) -> None:
    perception = Perception()
    usual = perception.see(frame)
    beside = perception.see(replace(frame, imaging=replace(frame.imaging, mode=ImagingMode.OTHER)))
    perception.close()
    np.testing.assert_array_equal(beside.label_map.labels, usual.label_map.labels)
    assert beside.view is View.NONE and beside.measurements == () and beside.ood_score == 1.0
