"""Root, vena cava and effusion: bars and rings of known width in any place and turn, and walls out of sight."""

import numpy as np
import pytest
from mask_shapes import COARSE, FINE, Array, Cells, bar, ellipse
from scipy.ndimage import gaussian_filter

from echopilot_core import CaliperConvention, CardiacPhase, GateStatus, Measurement, MeasurementName, View
from echopilot_perception.measure import measure_effusion, measure_inferior_vena_cava, measure_root
from echopilot_perception.measure.root import WALL_M

SEED = 5


def root_of(cells: Cells, mask: Array, unseen: Array | None = None, lv: Array | None = None) -> tuple[Measurement, ...]:
    nothing = np.zeros_like(mask)
    hidden = nothing > 0 if unseen is None else unseen > 0.5
    return measure_root(mask, nothing if lv is None else lv, hidden, cells.x_m, cells.y_m, cells.spacing_m)


@pytest.mark.parametrize("cells", [COARSE, FINE], ids=["coarse", "fine"])
def test_root_reads_its_width_and_one_wall_in_any_place_and_turn(cells: Cells) -> None:
    print("seed", SEED)
    rng = np.random.default_rng(SEED)
    for _ in range(4):
        width, turn = rng.uniform(0.022, 0.036), rng.uniform(-0.8, 0.8)
        mask = cells.mask(bar(rng.uniform(-0.02, 0.02), rng.uniform(0.06, 0.09), 0.05, width, turn))
        rows = root_of(cells, gaussian_filter(mask, 0.0005 / cells.spacing_m))
        assert rows[0].value == pytest.approx(width + WALL_M, abs=0.001)
        assert rows[0].convention is CaliperConvention.LEADING_EDGE and rows[0].view is View.PLAX
        first, second = rows[0].end_points
        assert np.hypot(first.x_m - second.x_m, first.y_m - second.y_m) == pytest.approx(rows[0].value, abs=1e-6)
        assert first.y_m < second.y_m


def test_sinuses_and_ascending_aorta_are_told_apart_by_the_side_of_the_ventricle() -> None:
    wide, narrow = ellipse(-0.008, 0.07, 0.015, 0.018), bar(0.01, 0.07, 0.05, 0.028, 0.0)
    mask = COARSE.mask(lambda x, y: wide(x, y) | narrow(x, y))
    lv = COARSE.mask(ellipse(-0.05, 0.08, 0.03, 0.02))
    sinus, ascending = root_of(COARSE, mask, lv=lv)
    assert sinus.value == pytest.approx(0.036 + WALL_M, abs=0.0015)
    assert ascending.value == pytest.approx(0.028 + WALL_M, abs=0.0015)
    assert ascending.name is MeasurementName.ASCENDING_AORTA_PLAX
    mirrored = root_of(COARSE, mask[:, ::-1], lv=lv[:, ::-1])
    assert mirrored[0].value == pytest.approx(sinus.value, abs=1e-4)


def test_a_wall_outside_the_image_gives_no_number() -> None:
    mask = COARSE.mask(bar(0.0, 0.07, 0.05, 0.03, 0.0))
    edge = COARSE.mask(lambda x, y: y < 0.060)
    (row,) = root_of(COARSE, mask * (1.0 - edge), unseen=edge)[:1]
    assert np.isnan(row.value) and row.gate is GateStatus.REFUSED and "outside the image" in row.gate_reason
    assert np.isfinite(root_of(COARSE, mask, unseen=COARSE.mask(lambda x, y: x > 0.025))[0].value)
    assert root_of(COARSE, np.zeros_like(mask)) == ()


def test_cusps_inside_do_not_shorten_the_caliper() -> None:
    tube, cusp = bar(0.0, 0.07, 0.05, 0.03, 0.3), bar(-0.01, 0.07, 0.001, 0.02, 0.3)
    whole, split = COARSE.mask(tube), COARSE.mask(lambda x, y: tube(x, y) & ~cusp(x, y))
    assert root_of(COARSE, split)[0].value == pytest.approx(root_of(COARSE, whole)[0].value, abs=0.0005)


def test_vena_cava_reads_its_inner_width() -> None:
    for turn in (-0.3, 0.0, 0.4):
        mask = COARSE.mask(bar(0.01, 0.08, 0.06, 0.018, turn))
        row = measure_inferior_vena_cava(mask, mask < 0.0, COARSE.x_m, COARSE.y_m, COARSE.spacing_m)
        assert row is not None and row.value == pytest.approx(0.018, abs=0.0007)
        assert row.convention is CaliperConvention.INNER_TO_INNER
    cut = measure_inferior_vena_cava(
        mask, COARSE.mask(lambda x, y: x > -1.0) > 0.5, COARSE.x_m, COARSE.y_m, COARSE.spacing_m
    )
    assert cut is not None and np.isnan(cut.value)


@pytest.mark.parametrize("cells", [COARSE, FINE], ids=["coarse", "fine"])
@pytest.mark.parametrize("depth_m", [0.005, 0.012, 0.024])
def test_effusion_depth_is_the_thickness_of_the_layer(cells: Cells, depth_m: float) -> None:
    heart, sac = ellipse(0.0, 0.07, 0.03, 0.04), ellipse(0.0, 0.07 + depth_m / 2, 0.03 + 0.001, 0.04 + depth_m / 2)
    fluid = cells.mask(lambda x, y: sac(x, y) & ~heart(x, y))
    row = measure_effusion(fluid, cells.x_m, cells.y_m, cells.spacing_m, View.A4C, CardiacPhase.END_DIASTOLE)
    assert row is not None
    assert row.value == pytest.approx(depth_m, abs=0.0012)
    near, far = row.end_points
    assert np.hypot(near.x_m - far.x_m, near.y_m - far.y_m) == pytest.approx(row.value)
    assert 0.5 * (near.y_m + far.y_m) == pytest.approx(0.11 + depth_m / 2, abs=0.002)
    assert row.phase is CardiacPhase.END_DIASTOLE


def test_effusion_depth_turns_and_grows_with_the_layer() -> None:
    print("seed", SEED)
    rng = np.random.default_rng(SEED)
    last = 0.0
    for width in (0.004, 0.008, 0.016):
        mask = COARSE.mask(bar(rng.uniform(-0.02, 0.02), 0.08, 0.05, width, rng.uniform(-1.5, 1.5)))
        row = measure_effusion(mask, COARSE.x_m, COARSE.y_m, COARSE.spacing_m, View.A4C)
        assert row is not None and row.value == pytest.approx(width, abs=0.0012) and row.value > last
        last = row.value
    speck = COARSE.mask(ellipse(0.0, 0.08, 0.003, 0.003))
    assert measure_effusion(speck, COARSE.x_m, COARSE.y_m, COARSE.spacing_m, View.A4C) is None
