"""The overlay: every class has its colour, and a calliper lies where its numbers say."""

import itertools

import numpy as np

from echopilot_core import EndPoint, LabelMap, ProbeGeometry, ProbeKind, Tissue
from echopilot_report.overlay import CALLIPER_RGB, PALETTE_RGB, enhanced_on_picture, labels_on_picture, overlay

GEOMETRY = ProbeGeometry(ProbeKind.PHASED, 0.0, 1.5, 0.02, 0.1, 0.001, 0.001, 50.0, 10.0, 2.5e6)


def test_every_class_has_a_distinct_colour() -> None:
    assert set(PALETTE_RGB) == set(Tissue) - {Tissue.BACKGROUND}
    for a, b in itertools.combinations(PALETTE_RGB.values(), 2):
        assert np.abs(np.subtract(a, b)).max() > 20


def test_background_is_left_alone() -> None:
    image = np.arange(10_000, dtype=np.uint8).reshape(100, 100)
    labels = np.zeros((100, 100), np.uint8)
    labels[40:60, 40:60] = Tissue.LV
    picture = overlay(image, labels)
    outside = np.ones((100, 100), bool)
    outside[38:62, 38:62] = False
    assert (picture[outside] == image[outside][:, None]).all()
    assert (picture[50, 50] != image[50, 50]).any()


def test_cells_land_on_the_pixels_of_their_place() -> None:
    labels = np.zeros((128, 128), np.uint8)
    labels[40, 64] = Tissue.AO_LUMEN
    label_map = LabelMap(labels, -0.079375, 0.000625, 0.00125)
    rows, columns = np.nonzero(labels_on_picture(label_map, GEOMETRY, (120, 100)))
    assert abs(rows.mean() - (10.0 + 50.625)) < 1.0
    assert abs(columns.mean() - (50.0 + 0.625)) < 1.0


def test_the_enhanced_picture_lies_where_its_labels_lie() -> None:
    labels = np.zeros((128, 128), np.uint8)
    labels[30:60, 50:80] = Tissue.LV
    label_map = LabelMap(labels, -0.079375, 0.000625, 0.00125)
    bright = enhanced_on_picture(200 * (labels > 0).astype(np.uint8), label_map, GEOMETRY, (120, 100)) > 100
    there = labels_on_picture(label_map, GEOMETRY, (120, 100)) == Tissue.LV
    assert there.sum() > 500 and (bright != there).mean() < 0.02


def test_outside_of_the_map_is_background() -> None:
    label_map = LabelMap(np.full((4, 4), Tissue.LV, np.uint8), 0.0, 0.0, 0.001)
    found = labels_on_picture(label_map, GEOMETRY, (120, 100))
    assert found[0, 0] == 0 and found.sum() == 16 * Tissue.LV


def test_calliper_lies_at_its_end_points() -> None:
    image = np.zeros((120, 100), np.uint8)
    ends = (EndPoint(0.010, 0.020), EndPoint(0.010, 0.060))
    picture = overlay(image, np.zeros_like(image), [ends], GEOMETRY)
    assert tuple(picture[30, 60]) == CALLIPER_RGB and tuple(picture[70, 60]) == CALLIPER_RGB
    assert not picture[:, 70:].any()
    broken = (EndPoint(float("nan"), 0.0), EndPoint(0.0, 0.01))
    assert not overlay(image, np.zeros_like(image), [broken], GEOMETRY).any()
