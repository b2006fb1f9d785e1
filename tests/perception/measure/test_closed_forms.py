"""Measurements against closed forms."""

import numpy as np
import pytest

from echopilot_core import MeasurementName as Name
from echopilot_perception import grid
from echopilot_perception.measure import aorta, ejection_fraction, measure_section, measure_ventricle

CELLS = grid.STANDARD.x_m, grid.STANDARD.y_m, grid.STANDARD.spacing_m
X, Y = np.meshgrid(*CELLS[:2])


def soft_ellipse(cx: float, cy: float, rx: float, ry: float, turn: float = 0.0) -> np.ndarray:
    """Area share of every cell inside an ellipse, by 8 x 8 sampling."""
    sub = (np.arange(8) - 3.5) / 8 * grid.STANDARD.spacing_m
    total = np.zeros_like(X)
    for dx in sub:
        for dy in sub:
            u, v = X + dx - cx, Y + dy - cy
            a, b = u * np.cos(turn) + v * np.sin(turn), -u * np.sin(turn) + v * np.cos(turn)
            total += (a / rx) ** 2 + (b / ry) ** 2 <= 1
    return total / 64


def section(lumen: np.ndarray, outer: np.ndarray) -> aorta.AorticSection:
    found = measure_section(lumen, outer - lumen, *CELLS)
    assert found is not None
    return found


@pytest.mark.parametrize("diameter_m", [0.012, 0.018, 0.030, 0.055])
def test_disc_diameters_are_finer_than_a_cell(diameter_m: float) -> None:
    r = diameter_m / 2
    found = section(soft_ellipse(0.0031, 0.0905, r - 0.002, r - 0.002), soft_ellipse(0.0031, 0.0905, r, r))
    for width in (found.outer.ap_m, found.outer.transverse_m):
        assert width == pytest.approx(diameter_m, abs=0.0003)
    assert found.inner.ap_m == pytest.approx(diameter_m - 0.004, abs=0.0004)
    assert found.outer.sigma_m < 0.002


def test_off_center_thrombus_counts_outside_not_inside() -> None:
    found = section(soft_ellipse(0.006, 0.09, 0.009, 0.009), soft_ellipse(0.0, 0.09, 0.022, 0.019))
    assert found.outer.transverse_m == pytest.approx(0.044, abs=0.0005)
    assert found.outer.ap_m == pytest.approx(0.038, abs=0.0005)
    assert found.inner.ap_m == pytest.approx(0.018, abs=0.0005)


def test_a_second_vessel_is_not_measured() -> None:
    big, small = soft_ellipse(0.0, 0.09, 0.010, 0.010), soft_ellipse(0.05, 0.09, 0.006, 0.006)
    both = section(big * 0.8 + small * 0.8, np.maximum(big, small))
    assert both.outer.ap_m == pytest.approx(0.020, abs=0.0005)
    assert abs(both.outer.centre_m[0]) < 0.0005


def test_obliquity_shortens_the_stretched_width() -> None:
    tilt = np.deg2rad(30.0)
    found = section(
        soft_ellipse(0, 0.09, 0.008, 0.008 / np.cos(tilt)), soft_ellipse(0, 0.09, 0.01, 0.01 / np.cos(tilt))
    )
    ap = next(m for m in aorta.measurements(found, tilt=aorta.elevation_tilt(tilt)) if m.name is Name.AORTA_OUTER_AP)
    assert ap.value == pytest.approx(0.020, abs=0.0004)
    assert len(ap.end_points) == 2


def test_no_aorta_gives_none() -> None:
    empty = np.zeros_like(X)
    assert measure_section(empty, empty, *CELLS) is None
    wall_only = soft_ellipse(0, 0.09, 0.01, 0.01)
    assert measure_section(empty, wall_only, *CELLS) is None


@pytest.mark.parametrize("turn_deg", [0.0, 15.0, -25.0])
def test_prolate_ellipsoid_volume(turn_deg: float) -> None:
    mask = soft_ellipse(0.01, 0.07, 0.025, 0.045, np.deg2rad(turn_deg))
    found = measure_ventricle(mask, *CELLS)
    assert found is not None
    assert found.volume_m3 * 1e6 == pytest.approx(117.8, rel=0.01)
    assert found.length_m == pytest.approx(0.090, abs=0.002)
    assert found.apex.y_m < found.base.y_m


def test_a_speck_is_no_ventricle() -> None:
    assert measure_ventricle(soft_ellipse(0, 0.07, 0.005, 0.006), *CELLS) is None


@pytest.mark.parametrize("true_ef, rate_hz", [(0.6, 1.1), (0.3, 1.4), (0.45, 0.9)])
def test_ejection_fraction_of_a_noisy_curve(true_ef: float, rate_hz: float) -> None:
    seed = 11
    print("seed", seed)
    rng = np.random.default_rng(seed)
    times = np.arange(90) / 30.0
    phase = times * rate_hz % 1.0
    shape = np.where(
        phase < 0.35, np.sin(phase / 0.35 * np.pi / 2) ** 2, np.cos((phase - 0.35) / 0.65 * np.pi / 2) ** 2
    )
    volumes = 120e-6 * (1 - true_ef * shape) * (1 + rng.normal(0, 0.015, 90))
    volumes[[5, 40]] = np.nan
    volumes[20] = 10e-6
    found = ejection_fraction(volumes, times)
    assert found is not None
    assert found.fraction == pytest.approx(true_ef, abs=0.05)
    assert found.beats >= 2
    assert abs(found.fraction - true_ef) < 3 * found.sigma


def test_a_still_heart_has_no_ejection_fraction() -> None:
    assert ejection_fraction(np.full(60, 1e-4), np.arange(60) / 30) is None
    assert ejection_fraction(np.full(60, np.nan), np.arange(60) / 30) is None
