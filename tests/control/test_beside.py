"""A view that was held and refused is tried again where its picture showed more."""

import math
from dataclasses import replace

import numpy as np
from hazard_bench import good_image

from echopilot_control.search.beside import AIM_M, richer_side, richness, slid
from echopilot_control.search.homing import LOOK_S, Homing
from echopilot_core import ClassExtent, Guidance, Tissue, View, se3

SEED = 5


def _extent(tissue: Tissue, area_cm2: float) -> ClassExtent:
    return ClassExtent(tissue, 1e-4 * area_cm2, 0.0, 0.0, 0.08)


def test_a_slide_keeps_what_lies_on_the_beam():
    T = se3.exp(np.array([0.1, 0.2, 0.3, 0.5, -0.4, 0.3]))
    step = 0.006 * T[:3, 0] - 0.004 * T[:3, 1]
    moved = slid(T, step)
    assert se3.is_rigid(moved) and np.allclose(moved[:3, 3] - T[:3, 3], step)
    assert np.abs(se3.apply(se3.inverse(moved), T[:3, 3] + AIM_M * T[:3, 2])[:2]).max() < 1e-9


def test_a_small_or_unknown_area_hardly_counts():
    seen = replace(
        good_image(0), extents=(_extent(Tissue.LV, 20.0), _extent(Tissue.RV, 0.1), _extent(Tissue.LA, math.nan))
    )
    assert math.isclose(richness(seen), 1.2)


def test_the_richer_side_is_found_from_pictures_around_and_is_nowhere_without_a_slope():
    print("seed", SEED)
    rng = np.random.default_rng(SEED)
    T = se3.exp(np.array([0.1, 0.2, 0.3, 0.5, -0.4, 0.3]))
    points = T[:3, 3] + rng.normal(0.0, 0.006, (80, 2)) @ T[:3, :2].T + rng.normal(0.0, 0.003, (80, 1)) * T[:3, 2]
    truth = (T[:3, 0] - T[:3, 1]) / math.sqrt(2.0)
    shown = 4.0 + 60.0 * (points - T[:3, 3]) @ truth + rng.normal(0.0, 0.2, 80)
    assert richer_side(T, points, shown) @ truth > 0.9
    assert not richer_side(T, points, np.full(80, 4.0)).any()
    assert not richer_side(T, points[:2], shown[:2]).any()


def test_homing_remembers_on_which_side_of_its_last_look_round_more_was_seen():
    homing, T = Homing(), np.eye(4)
    homing.start_look(T, 0)
    for k in range(60):
        now_ns = round(k / 60.0 * LOOK_S * 1e9)
        pose = homing.look(now_ns, 0.0)
        shown = (_extent(Tissue.LV, 20.0), _extent(Tissue.RV, max(0.0, 0.25 + 25.0 * pose[0, 3])))
        guidance = Guidance(View.A4C, se3.log(se3.inverse(pose)), np.full(6, 0.01))
        homing.hear(pose, replace(good_image(now_ns), stamp_ns=now_ns, extents=shown), guidance)
    homing.look(round(1.01 * LOOK_S * 1e9), 0.0)
    assert homing.richer @ np.array([1.0, 0.0, 0.0]) > 0.9
