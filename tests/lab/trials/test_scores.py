"""Scores follow the design's definitions of reached and near, and hide nothing."""

import math
from dataclasses import asdict, replace
from typing import Any

import numpy as np
import pytest

from echopilot_core import View
from echopilot_lab.trials.cohort_figures import aorta_figures, strata_of, summarize, view_figures
from echopilot_lab.trials.scores import (
    TruthSample,
    ViewScore,
    errors_at,
    force_score,
    true_max_diameter_mm,
    view_score,
)

BMI = "bmi_kg_m2"


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


def test_overshoot_is_the_largest_excess_and_touch_down_the_peak_before() -> None:
    result = force_score([4.0, 5.8, 5.2], [5.0, 5.0, 5.0], 9.0, [0.0, 2.4, 6.1])
    assert (result.overshoot_n, result.touchdown_n) == (pytest.approx(0.8), 6.1)
    below = force_score([4.0], [5.0], 4.0)
    assert below.overshoot_n == 0.0
    assert math.isnan(below.touchdown_n)


def test_spin_about_the_beam_and_tilt_of_the_beam_are_told_apart() -> None:
    turned = replace(sample(1, 10.0, 0.0), view_turn_rad={View.A4C: np.radians([3.0, 4.0, -9.0])})
    result = view_score(View.A4C, True, 1.0, [1], [turned])
    assert (result.spin_deg, result.tilt_deg) == (pytest.approx(9.0), pytest.approx(5.0))


def test_errors_at_a_stamp_are_those_of_the_nearest_frame_and_none_far_from_it() -> None:
    truth = [replace(sample(k, float(k), 0.0), stamp_ns=k * 100_000_000) for k in range(5)]
    assert errors_at(View.A4C, 210_000_000, truth)[0] == pytest.approx(2.0)
    assert math.isnan(errors_at(View.A4C, 1_000_000_000, truth)[0])
    assert math.isnan(errors_at(View.A4C, None, truth)[0])
    assert math.isnan(errors_at(View.PLAX, 210_000_000, truth)[0])


def aorta(measured_mm: float | None, true_mm: float, unloaded_mm: float) -> dict[str, Any]:
    score = {
        "attempted": True,
        "completed": measured_mm is not None,
        "max_diameter_mm": measured_mm,
        "true_max_diameter_mm": true_mm,
        "unloaded_max_diameter_mm": unloaded_mm,
        "aneurysm": None if measured_mm is None else measured_mm >= 30.0,
        "true_aneurysm": unloaded_mm >= 30.0,
    }
    return {"aorta": score, "sweep": {"centreline_mm": [], "orientation_deg": []}}


def test_a_missed_aneurysm_counts_as_false_negative_even_without_a_number() -> None:
    figures = aorta_figures(
        [aorta(None, 44.0, 45.0), aorta(45.5, 44.0, 45.0), aorta(20.0, 20.0, 20.5), aorta(31.0, 30.0, 30.5)]
    )
    assert figures["aneurysm"] == {"tp": 1, "fp": 0, "tn": 1, "fn": 1, "borderline": 1}
    assert figures["completed"] == 3
    assert figures["diameter_error_mm"]["mae"] == pytest.approx((1.5 + 0.0 + 1.0) / 3)


def test_errors_of_sweeps_are_pooled_over_their_frames() -> None:
    one, other = aorta(20.0, 20.0, 20.0), aorta(20.0, 20.0, 20.0)
    one["sweep"] = {"centreline_mm": [0.5] * 9, "orientation_deg": [2.0]}
    other["sweep"] = {"centreline_mm": [3.0], "orientation_deg": [4.0]}
    figures = aorta_figures([one, other])
    assert figures["centreline_error_mm"]["median"] == pytest.approx(0.5)
    assert figures["orientation_error_deg"]["median"] == pytest.approx(3.0)


def view(**changes: Any) -> dict[str, Any]:
    return as_json_view(ViewScore(True, True, True, True, 10.0, 4.0, 3.0)) | changes


def as_json_view(score: ViewScore) -> dict[str, Any]:
    return {k: None if isinstance(v, float) and math.isnan(v) else v for k, v in asdict(score).items()}


def test_unknown_errors_do_not_enter_medians_but_counts_do() -> None:
    lost = view(accepted=False, reached=False, near=False, angle_error_deg=None, offset_mm=None, failure="out of time")
    figures = view_figures([view(), lost, lost])
    assert (figures["attempted"], figures["near"]) == (3, 1)
    assert figures["angle_error_deg"]["median"] == pytest.approx(4.0)
    assert figures["failures"] == {"out of time": 2}


def patient(bmi: float | None, reached: bool) -> dict[str, Any]:
    return {
        "views": {"A4C": view(reached=reached)},
        **aorta(20.0, 20.0, 20.0),
        "heart": {"ef_pct": 55.0, "true_ef_pct": 60.0},
        "force": {"rmse_n": 0.2, "max_n": 8.0, "overshoot_n": 1.0, "touchdown_n": None},
        "safety": {"trips": 1, "limit_crossings": 2},
        "person": {"bmi_kg_m2": bmi, "lung_overlap_mm": None},
        "real_time_factor": 1.0,
        "real_time_factor_per_core": 2.0,
    }


def test_thirds_go_from_the_least_to_the_most_and_hold_everyone_once() -> None:
    thirds = strata_of([patient(bmi, bmi < 29) for bmi in (35, 20, 26, 22, 31, 28, 40)] + [patient(None, True)], BMI)
    assert [(t["from"], t["to"]) for t in thirds] == [(20, 22), (26, 28), (31, 40)]
    assert sum(t["patients"] for t in thirds) == 7
    assert [t["views"]["A4C"]["reached"] for t in thirds] == [2, 2, 0]
    assert strata_of([patient(None, True)], BMI) == []


def test_limit_crossings_and_trips_add_up_over_patients() -> None:
    figures = summarize([patient(25.0, True)] * 2)
    assert figures["safety"] == {"limit_crossings": 4, "trips": 2}
    assert figures["ef_error_pct"]["mae"] == pytest.approx(5.0)
    assert figures["force"] == {"rmse_n": 0.2, "max_n": 8.0, "overshoot_n": 1.0, "touchdown_n": None}
