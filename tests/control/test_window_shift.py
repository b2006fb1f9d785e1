"""A view that was held and rejected is tried again where more of it was visible."""

import math
from dataclasses import replace

import numpy as np
from hazard_bench import good_image

from echopilot_control.search.pose_rounds import DITHER_S, PoseRounds
from echopilot_control.search.window_shift import (
    AIM_M,
    richer_direction,
    visible_structure_count,
)
from echopilot_core import ClassExtent, Guidance, SegmentationClass, View, se3

SEED = 5


def _extent(tissue: SegmentationClass, area_cm2: float) -> ClassExtent:
    return ClassExtent(tissue, 1e-4 * area_cm2, 0.0, 0.0, 0.08)


def test_a_slide_keeps_what_lies_on_the_beam():
    T = se3.exp(np.array([0.1, 0.2, 0.3, 0.5, -0.4, 0.3]))
    step = 0.006 * T[:3, 0] - 0.004 * T[:3, 1]
    moved = se3.shift_about_point(T, step, AIM_M)
    assert se3.is_rigid(moved) and np.allclose(moved[:3, 3] - T[:3, 3], step)
    assert np.abs(se3.apply(se3.inverse(moved), T[:3, 3] + AIM_M * T[:3, 2])[:2]).max() < 1e-9


def test_a_small_or_unknown_area_hardly_counts():
    seen = replace(
        good_image(0),
        extents=(
            _extent(SegmentationClass.LV, 20.0),
            _extent(SegmentationClass.RV, 0.1),
            _extent(SegmentationClass.LA, math.nan),
        ),
    )
    assert math.isclose(visible_structure_count(seen), 1.2)


def test_the_richer_side_is_found_from_images_around_and_is_nowhere_without_a_slope():
    print("seed", SEED)
    rng = np.random.default_rng(SEED)
    T = se3.exp(np.array([0.1, 0.2, 0.3, 0.5, -0.4, 0.3]))
    points = T[:3, 3] + rng.normal(0.0, 0.006, (80, 2)) @ T[:3, :2].T + rng.normal(0.0, 0.003, (80, 1)) * T[:3, 2]
    truth = (T[:3, 0] - T[:3, 1]) / math.sqrt(2.0)
    shown = 4.0 + 60.0 * (points - T[:3, 3]) @ truth + rng.normal(0.0, 0.2, 80)
    assert richer_direction(T, points, shown) @ truth > 0.9
    assert not richer_direction(T, points, np.full(80, 4.0)).any()
    assert not richer_direction(T, points[:2], shown[:2]).any()


def test_rounds_remember_on_which_side_more_was_visible_in_the_last_one():
    rounds, T = PoseRounds(), np.eye(4)
    rounds.start_round(T, 0)
    for k in range(60):
        now_ns = round(k / 60.0 * DITHER_S * 1e9)
        pose = rounds.step(now_ns, 0.0)
        shown = (_extent(SegmentationClass.LV, 20.0), _extent(SegmentationClass.RV, max(0.0, 0.25 + 25.0 * pose[0, 3])))
        guidance = Guidance(View.A4C, se3.log(se3.inverse(pose)), np.full(6, 0.01))
        rounds.update(pose, replace(good_image(now_ns), stamp_ns=now_ns, extents=shown), guidance)
    rounds.step(round(1.01 * DITHER_S * 1e9), 0.0)
    assert rounds.richer @ np.array([1.0, 0.0, 0.0]) > 0.9
