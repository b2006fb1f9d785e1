"""Scores follow the design's definitions of reached and near, and hide nothing."""

import math

import pytest

from echopilot_core import View
from echopilot_lab.cohort import aorta_figures, summarise, view_figures
from echopilot_lab.scores import TruthSample, force_score, true_max_diameter_mm, view_score


def sample(sequence: int, angle_deg: float, offset_mm: float, outer_mm: float = math.nan) -> TruthSample:
    return TruthSample(
        stamp_ns=sequence,
        sequence=sequence,
        view_angle_rad={View.A4C: math.radians(angle_deg)},
        view_offset_m={View.A4C: 1e-3 * offset_mm},
        aorta_outer_ap_m=1e-3 * outer_mm,
        station_m=0.0,
    )


@pytest.mark.parametrize(
    ("angle_deg", "offset_mm", "reached", "near"),
    [
        (7.9, 7.9, True, True),
        (8.1, 1.0, False, True),
        (1.0, 8.1, False, True),
        (15.1, 1.0, False, False),
        (1.0, 15.1, False, False),
    ],
)
def test_reached_and_near_need_both_angle_and_offset(
    angle_deg: float, offset_mm: float, reached: bool, near: bool
) -> None:
    result = view_score(View.A4C, True, 10.0, [1, 2, 3], [sample(k, angle_deg, offset_mm) for k in (1, 2, 3)])
    assert (result.reached, result.near) == (reached, near)


def test_a_view_that_the_gate_refused_is_never_reached() -> None:
    assert not view_score(View.A4C, False, 10.0, [1], [sample(1, 0.0, 0.0)]).reached


def test_a_view_without_kept_frames_is_neither_near_nor_scored() -> None:
    result = view_score(View.A4C, True, 10.0, [], [sample(1, 0.0, 0.0)])
    assert not result.near
    assert math.isnan(result.angle_error_deg)


def test_only_kept_frames_are_scored() -> None:
    truth = [sample(1, 40.0, 40.0), sample(2, 2.0, 2.0)]
    assert view_score(View.A4C, True, 1.0, [2], truth).reached


def test_true_maximum_is_taken_over_the_sweep_alone() -> None:
    truth = [sample(1, 0, 0, 60.0), sample(2, 0, 0, 21.0), sample(3, 0, 0, 24.0), sample(4, 0, 0)]
    assert true_max_diameter_mm(truth, [2, 3, 4]) == pytest.approx(24.0)


def test_force_rmse_of_a_constant_error_is_that_error() -> None:
    result = force_score([5.5, 5.5], [5.0, 5.0], 3.0)
    assert result.rmse_n == pytest.approx(0.5)
    assert result.max_n == pytest.approx(3.0)


def aorta(measured_mm: float | None, true_mm: float, unloaded_mm: float) -> dict[str, object]:
    return {
        "attempted": True,
        "completed": measured_mm is not None,
        "max_diameter_mm": measured_mm,
        "true_max_diameter_mm": true_mm,
        "unloaded_max_diameter_mm": unloaded_mm,
        "aneurysm": measured_mm is not None and measured_mm >= 30.0,
        "true_aneurysm": unloaded_mm >= 30.0,
    }


def test_a_missed_aneurysm_counts_as_false_negative_even_without_a_number() -> None:
    figures = aorta_figures(
        [aorta(None, 44.0, 45.0), aorta(45.5, 44.0, 45.0), aorta(20.0, 20.0, 20.5), aorta(31.0, 30.0, 30.5)]
    )
    assert figures["aneurysm"] == {"tp": 1, "fp": 0, "tn": 1, "fn": 1, "borderline": 1}
    assert figures["completed"] == 3
    assert figures["diameter_error_mm"]["mae"] == pytest.approx((1.5 + 0.0 + 1.0) / 3)


def test_unknown_errors_do_not_enter_medians_but_counts_do() -> None:
    known = {
        "attempted": True,
        "accepted": True,
        "reached": True,
        "near": True,
        "seconds": 10.0,
        "angle_error_deg": 4.0,
        "offset_mm": 3.0,
    }
    lost = known | {"accepted": False, "reached": False, "near": False, "angle_error_deg": None, "offset_mm": None}
    figures = view_figures([known, lost])
    assert (figures["attempted"], figures["near"]) == (2, 1)
    assert figures["angle_error_deg"]["median"] == pytest.approx(4.0)


def test_limit_crossings_and_trips_add_up_over_patients() -> None:
    one = {
        "views": {},
        "aorta": aorta(20.0, 20.0, 20.0),
        "heart": {"ef_pct": 55.0, "true_ef_pct": 60.0},
        "force": {"rmse_n": 0.2, "max_n": 8.0},
        "safety": {"trips": 1, "limit_crossings": 2},
        "real_time_factor": 1.0,
    }
    figures = summarise([one, one])
    assert figures["safety"] == {"limit_crossings": 4, "trips": 2}
    assert figures["ef_error_pct"]["mae"] == pytest.approx(5.0)
