"""Volumes of ventricle and atrium: ellipsoids in any place, turn and cell size, and what sigma promises."""

import numpy as np
import pytest
from mask_shapes import COARSE, FINE, Array, Cells, doubtful_ellipse, ellipse
from scipy.ndimage import gaussian_filter

from echopilot_core import CardiacPhase, GateStatus
from echopilot_perception.measure import atrium, ventricle
from echopilot_perception.measure.simpson_disks import SimpsonDisks, biplane, simpson_disks, single_plane

TRUE_ML = 117.8


def measured(cells: Cells, lv: Array, la: Array | None = None) -> ventricle.Ventricle:
    found = ventricle.measure_ventricle(lv, cells.x_m, cells.y_m, cells.spacing_m, la)
    assert found is not None
    return found


def plane(cells: Cells, mask: Array) -> SimpsonDisks:
    found = simpson_disks(mask, None, cells.x_m, cells.y_m, cells.spacing_m, 1e-4)
    assert found is not None
    return found


@pytest.mark.parametrize("cells", [COARSE, FINE], ids=["coarse", "fine"])
def test_prolate_ellipsoid_keeps_its_volume_in_any_place_and_turn(cells: Cells) -> None:
    seed = 3
    print("seed", seed)
    rng = np.random.default_rng(seed)
    for kind in ("soft", "hard", "blurred"):
        cx, cy, turn = rng.uniform(-0.02, 0.02), rng.uniform(0.06, 0.10), rng.uniform(-0.6, 0.6)
        mask = cells.mask(ellipse(cx, cy, 0.025, 0.045, turn))
        if kind == "hard":
            mask = (mask > 0.5).astype(np.float64)
        elif kind == "blurred":
            mask = gaussian_filter(mask, 0.0008 / cells.spacing_m)
        found = measured(cells, mask)
        assert found.volume_m3 * 1e6 == pytest.approx(TRUE_ML, rel=0.01), (kind, cx, cy, turn)
        assert biplane(found.disks, found.disks).volume_m3 == pytest.approx(found.volume_m3)


def test_biplane_takes_the_product_of_both_widths_and_the_longer_axis() -> None:
    wide, narrow = (plane(COARSE, COARSE.mask(ellipse(0.0, 0.08, r, 0.045))) for r in (0.030, 0.020))
    expected_m3 = 4.0 / 3.0 * np.pi * 0.030 * 0.020 * 0.045
    assert biplane(wide, narrow).volume_m3 == pytest.approx(expected_m3, rel=0.01)
    assert single_plane(wide).volume_m3 == pytest.approx(expected_m3 * 1.5, rel=0.01)
    short = plane(COARSE, COARSE.mask(ellipse(0.0, 0.08, 0.020, 0.040)))
    assert biplane(wide, short).volume_m3 == pytest.approx(expected_m3, rel=0.01)


def test_planes_of_unequal_length_are_refused_as_foreshortened() -> None:
    long, short = (measured(COARSE, COARSE.mask(ellipse(0.0, 0.08, 0.025, r))) for r in (0.045, 0.039))
    refused = ventricle.biplane_measurement(long, short, CardiacPhase.END_DIASTOLE, (1, 2))
    assert refused.gate is GateStatus.REFUSED and "foreshortened" in refused.gate_reason
    assert ventricle.biplane_measurement(long, long, CardiacPhase.END_DIASTOLE, (1, 2)).gate is GateStatus.PASSED


def test_volume_grows_with_the_cube_of_the_spacing() -> None:
    mask = COARSE.mask(ellipse(0.0, 0.08, 0.02, 0.04, 0.2))
    small = ventricle.measure_ventricle(mask, COARSE.x_m, COARSE.y_m, COARSE.spacing_m)
    large = ventricle.measure_ventricle(mask, 2 * COARSE.x_m, 2 * COARSE.y_m, 2 * COARSE.spacing_m)
    assert small is not None and large is not None
    assert large.volume_m3 == pytest.approx(8.0 * small.volume_m3)
    assert large.length_m == pytest.approx(2.0 * small.length_m)


def test_a_larger_cavity_never_measures_smaller() -> None:
    sizes = [measured(COARSE, COARSE.mask(ellipse(0.0, 0.08, r, 0.04))).volume_m3 for r in np.linspace(0.01, 0.03, 12)]
    assert np.all(np.diff(sizes) > 0)


@pytest.mark.parametrize("lean_deg", [-12.0, 0.0, 12.0])
def test_long_axis_ends_in_the_middle_of_a_slanting_mitral_valve(lean_deg: float) -> None:
    lean = np.tan(np.radians(lean_deg))
    cavity, beyond = ellipse(0.0, 0.09, 0.025, 0.06), ellipse(0.0, 0.125, 0.022, 0.030)

    def deep(x: Array, y: Array) -> Array:
        return np.asarray(y > 0.105 + lean * x)

    lv = COARSE.mask(lambda x, y: cavity(x, y) & ~deep(x, y))
    la = COARSE.mask(lambda x, y: beyond(x, y) & deep(x, y - 0.0015))  # closed leaflets lie between
    found = measured(COARSE, lv, la)
    assert found.apex.x_m == pytest.approx(0.0, abs=0.003) and found.apex.y_m == pytest.approx(0.03, abs=0.0015)
    assert found.base.x_m == pytest.approx(0.0, abs=0.002) and found.base.y_m == pytest.approx(0.105, abs=0.002)
    without = measured(COARSE, lv)
    assert abs(found.length_m - 0.075) <= abs(without.length_m - 0.075) + 0.0005


def test_an_atrium_that_hardly_touches_does_not_turn_the_axis() -> None:
    lv = COARSE.mask(ellipse(0.0, 0.07, 0.02, 0.04))
    aside = COARSE.mask(ellipse(0.024, 0.07, 0.004, 0.004))
    assert measured(COARSE, lv, aside).length_m == pytest.approx(0.08, abs=0.002)


def test_atrial_volumes_of_an_ellipsoid_agree_and_run_from_the_roof_to_the_valve() -> None:
    lv, la = COARSE.mask(ellipse(0.0, 0.06, 0.022, 0.035)), COARSE.mask(ellipse(0.0, 0.12, 0.02, 0.0248))
    found = atrium.measure_atrium(la, lv, COARSE.x_m, COARSE.y_m, COARSE.spacing_m)
    assert found is not None
    true_m3 = 4.0 / 3.0 * np.pi * 0.02**2 * 0.0248
    discs_row, area_row = atrium.measurements(found, phase=CardiacPhase.END_SYSTOLE)
    assert discs_row.value == pytest.approx(true_m3, rel=0.02)
    assert area_row.value == pytest.approx(true_m3, rel=0.04)
    roof, valve = discs_row.end_points
    assert roof.y_m > 0.142 and valve.y_m < 0.099
    assert discs_row.phase is CardiacPhase.END_SYSTOLE


def test_sigma_of_a_volume_covers_the_truth() -> None:
    seed = 17
    print("seed", seed)
    rng = np.random.default_rng(seed)
    true_m3 = 4.0 / 3.0 * np.pi * 0.022**2 * 0.04
    for sigma_m in (0.0008, 0.0020):
        off = []
        for _ in range(60):
            found = measured(COARSE, doubtful_ellipse(COARSE, rng, 0.022, 0.04, sigma_m))
            off.append((found.volume_m3 - true_m3) / found.sigma_m3)
        share = float(np.mean(np.abs(off) < 1.0))
        print(sigma_m, "within one sigma", share, "rms", np.sqrt(np.mean(np.square(off))))
        assert 0.5 < share < 0.97
        assert np.mean(np.abs(off) < 2.0) > 0.85
