"""The diameter in the long axis is that of the vessel at the middle of the image, whatever its slope."""

import numpy as np
import pytest

from echopilot_core import LabelMap, SegmentationClass
from echopilot_exam.measure.aorta_long_axis import long_axis_diameter

CELL_M = 0.00125
GRID_M = CELL_M * (np.arange(128) + 0.5)
X_M, Y_M = np.meshgrid(GRID_M - 0.08, GRID_M)


def vessel(diameter_m: float, slope: float = 0.0, bulge_m: float = 0.0, at_m: float = 0.0) -> np.ndarray:
    """Labels of a vessel across the image, 2.5 mm of it wall, with a bulge at image x `at_m`."""
    off_m = np.abs(Y_M - 0.075 - slope * X_M) / np.hypot(1.0, slope)
    radius_m = 0.5 * (diameter_m + bulge_m * np.exp(-(((X_M - at_m) / 0.02) ** 2)))
    labels = np.where(off_m <= radius_m, SegmentationClass.AO_WALL, SegmentationClass.BACKGROUND)
    labels[off_m <= radius_m - 0.0025] = SegmentationClass.AO_LUMEN
    return labels.astype(np.uint8)


def measured(labels: np.ndarray) -> float:
    found = long_axis_diameter(LabelMap(labels, float(X_M[0, 0]), float(Y_M[0, 0]), CELL_M))
    assert found is not None and 0.0 < found.sigma_m < CELL_M
    return found.diameter_m


@pytest.mark.parametrize("slope", [-0.3, 0.0, 0.2])
@pytest.mark.parametrize("diameter_m", [0.020, 0.032, 0.055])
def test_a_tube_has_its_diameter_at_any_slope(diameter_m: float, slope: float) -> None:
    assert measured(vessel(diameter_m, slope)) == pytest.approx(diameter_m, abs=0.0013)


def test_a_bulge_counts_at_the_middle_of_the_image_alone() -> None:
    assert measured(vessel(0.022, bulge_m=0.020)) == pytest.approx(0.042, abs=0.0013)
    assert measured(vessel(0.022, bulge_m=0.020, at_m=0.060)) == pytest.approx(0.022, abs=0.0015)


def test_other_regions_of_the_same_class_are_left_out() -> None:
    labels = vessel(0.022)
    labels[115:120, 60:70] = SegmentationClass.AO_LUMEN
    assert measured(labels) == pytest.approx(0.022, abs=0.0013)


def test_a_vessel_that_is_not_whole_there_has_no_diameter() -> None:
    whole = vessel(0.030)
    gone, shadowed, cut = whole.copy(), whole.copy(), whole.copy()
    gone[:, 56:72] = SegmentationClass.BACKGROUND
    shadowed[65:, 64] = SegmentationClass.SHADOW
    cut[60:, 64] = SegmentationClass.AO_LUMEN
    for labels in (np.zeros_like(whole), gone, shadowed, cut):
        assert long_axis_diameter(LabelMap(labels, float(X_M[0, 0]), float(Y_M[0, 0]), CELL_M)) is None
