"""The overlay: every class has its color, and a caliper lies where its numbers say."""

import itertools

import numpy as np

from echopilot_core import CaliperPoint, LabelMap, ProbeGeometry, ProbeKind, SegmentationClass
from echopilot_report.images.overlay import CALIPER_RGB, PALETTE_RGB, enhanced_on_image, labels_on_image, overlay

GEOMETRY = ProbeGeometry(ProbeKind.PHASED, 0.0, 1.5, 0.02, 0.1, 0.001, 0.001, 50.0, 10.0, 2.5e6)


def test_every_class_has_a_distinct_color() -> None:
    assert set(PALETTE_RGB) == set(SegmentationClass) - {SegmentationClass.BACKGROUND}
    for a, b in itertools.combinations(PALETTE_RGB.values(), 2):
        assert np.abs(np.subtract(a, b)).max() > 20


def test_background_is_left_alone() -> None:
    image = np.arange(10_000, dtype=np.uint8).reshape(100, 100)
    labels = np.zeros((100, 100), np.uint8)
    labels[40:60, 40:60] = SegmentationClass.LV
    blended = overlay(image, labels)
    outside = np.ones((100, 100), bool)
    outside[38:62, 38:62] = False
    assert (blended[outside] == image[outside][:, None]).all()
    assert (blended[50, 50] != image[50, 50]).any()


def test_cells_land_on_the_pixels_of_their_place() -> None:
    labels = np.zeros((128, 128), np.uint8)
    labels[40, 64] = SegmentationClass.AO_LUMEN
    label_map = LabelMap(labels, -0.079375, 0.000625, 0.00125)
    rows, columns = np.nonzero(labels_on_image(label_map, GEOMETRY, (120, 100)))
    assert abs(rows.mean() - (10.0 + 50.625)) < 1.0
    assert abs(columns.mean() - (50.0 + 0.625)) < 1.0


def test_the_enhanced_picture_lies_where_its_labels_lie() -> None:
    labels = np.zeros((128, 128), np.uint8)
    labels[30:60, 50:80] = SegmentationClass.LV
    label_map = LabelMap(labels, -0.079375, 0.000625, 0.00125)
    bright = enhanced_on_image(200 * (labels > 0).astype(np.uint8), label_map, GEOMETRY, (120, 100)) > 100
    there = labels_on_image(label_map, GEOMETRY, (120, 100)) == SegmentationClass.LV
    assert there.sum() > 500 and (bright != there).mean() < 0.02


def test_outside_of_the_map_is_background() -> None:
    label_map = LabelMap(np.full((4, 4), SegmentationClass.LV, np.uint8), 0.0, 0.0, 0.001)
    found = labels_on_image(label_map, GEOMETRY, (120, 100))
    assert found[0, 0] == 0 and found.sum() == 16 * SegmentationClass.LV


def test_caliper_lies_at_its_end_points() -> None:
    image = np.zeros((120, 100), np.uint8)
    ends = (CaliperPoint(0.010, 0.020), CaliperPoint(0.010, 0.060))
    blended = overlay(image, np.zeros_like(image), [ends], GEOMETRY)
    assert tuple(blended[30, 60]) == CALIPER_RGB and tuple(blended[70, 60]) == CALIPER_RGB
    assert not blended[:, 70:].any()
    broken = (CaliperPoint(float("nan"), 0.0), CaliperPoint(0.0, 0.01))
    assert not overlay(image, np.zeros_like(image), [broken], GEOMETRY).any()
