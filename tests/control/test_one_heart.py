"""The views of one heart: what was found of some narrows where the others are, on virtual patients nobody measured."""

import math

import numpy as np
import pytest

from echopilot_control.body_axes import BodyAxes, body_axes
from echopilot_control.midline import on_midline
from echopilot_control.search.one_heart import SIZE, coordinates, expected, joint_poses, posed
from echopilot_control.search.priors import PRIORS
from echopilot_control.surface import Skin
from echopilot_core import View, se3
from echopilot_sim.anatomy import draw_patient, vessel_tree, views
from echopilot_sim.anatomy.skin import Skin as Trunk
from echopilot_sim.body import Body
from echopilot_sim.moment import Phases

REST = Phases(0.0, 0.5)
SEEDS = range(500_400, 500_430)
AXES = BodyAxes(np.column_stack([[1.0, 0, 0], [0, 0, -1.0], [0, 1.0, 0]]), np.array([0.5, 0.1, 0.2]), 0.187, 0.173)
SIZE_DEG_MM = np.array([180.0 / math.pi] * 3 + [1e3] * 2)


def _true(seed: int) -> tuple[BodyAxes, dict[View, np.ndarray]]:
    patient = draw_patient(seed)
    trunk, body = Trunk(patient.torso, patient.heart), Body(patient)
    landmarks = body.landmarks(0, REST.breathing)
    axes = body_axes(landmarks)
    axes = on_midline(axes, landmarks, Skin(body.surface(0, patient.T_base_patient, REST.breathing)))
    window, vessels = views.parasternal_window(patient, trunk), vessel_tree.build(patient)
    found = {view: views.target(patient, trunk, vessels, window, view, REST) for view in joint_poses().views}
    return axes, {v: coordinates(v, patient.T_base_patient @ T, axes) for v, T in found.items() if T is not None}


@pytest.fixture(scope="module")
def patients() -> list[tuple[BodyAxes, dict[View, np.ndarray]]]:
    return [_true(seed) for seed in SEEDS]


def _median_miss(patients, view: View, others: tuple[View, ...]) -> np.ndarray:
    """Median angle [deg] and way along the skin [mm] between a view and what is expected of it from others."""
    misses = []
    for axes, true in patients:
        if view in true and all(other in true for other in others):
            miss = (expected(view, {o: true[o] for o in others}, axes) - true[view]) * SIZE_DEG_MM
            misses.append([np.linalg.norm(miss[:3]), np.linalg.norm(miss[3:])])
    return np.median(misses, axis=0)


def test_statistics_hold_a_symmetric_positive_covariance_and_an_error_for_every_view_that_is_guided():
    joint = joint_poses()
    assert {View.PLAX, View.PSAX_PM, View.A4C, View.A2C, View.SC4C} <= set(joint.views) <= set(PRIORS)
    assert joint.mean.shape == (SIZE * len(joint.views) + 2,) and np.isfinite(joint.mean).all()
    for matrix in (joint.covariance, *(e for e in joint.errors if np.isfinite(e).all())):
        assert np.allclose(matrix, matrix.T, atol=1e-9) and np.linalg.eigvalsh(matrix).min() > -1e-9
    assert sum(np.isfinite(e).all() for e in joint.errors) >= 5


def test_each_view_that_was_found_narrows_where_the_others_are(patients):
    for view, others in (
        (View.SC4C, (View.A4C, View.PLAX)),
        (View.PSAX_PM, (View.A4C, View.PLAX)),
        (View.A2C, (View.A4C,)),
    ):
        alone, known = _median_miss(patients, view, ()), _median_miss(patients, view, others)
        print(view.name, "expected from outside", alone.round(1), "from", [o.name for o in others], known.round(1))
        assert known[0] < 0.75 * alone[0] and known[1] < 0.75 * alone[1]


def test_a_view_that_was_heard_is_believed_more_than_one_that_was_guessed():
    heard = np.array([0.10, -0.05, 0.08, 0.010, -0.015])
    nothing = expected(View.A4C, {}, AXES)
    by_ear, by_guess = expected(View.A4C, {View.A4C: heard}, AXES), expected(View.A4C, {}, AXES, heard)
    assert np.linalg.norm(by_ear - heard) < 0.3 * np.linalg.norm(nothing - heard)
    assert np.linalg.norm(by_ear - heard) < np.linalg.norm(by_guess - heard) < np.linalg.norm(nothing - heard)


def test_a_view_without_statistics_is_not_guessed_at_and_does_not_count():
    assert expected(View.AORTA_TRANS, {}, AXES) is None
    heard = {View.AORTA_TRANS: np.full(SIZE, 0.1)}
    assert np.array_equal(expected(View.A4C, heard, AXES), expected(View.A4C, {}, AXES))


@pytest.mark.parametrize("view", [View.PLAX, View.A4C, View.SC4C])
def test_a_pose_has_the_coordinates_it_was_asked_for_and_keeps_to_the_skin(view):
    outward = se3.so3_exp(np.array([0.1, 0.6, 0.0])) @ np.array([0.0, 0.0, 1.0])
    wanted = np.array([0.1, -0.2, 0.15, 0.012, -0.020])
    T = se3.transform(np.eye(3), PRIORS[view].point_m(AXES) + np.array([0.01, 0.02, 0.05]))
    pose = posed(view, wanted, T, AXES, outward)
    assert se3.is_rigid(pose)
    assert np.allclose(coordinates(view, pose, AXES), wanted, atol=1e-9)
    assert abs(float((pose[:3, 3] - T[:3, 3]) @ outward)) < 1e-9


def test_no_step_is_made_where_the_skin_is_steep_to_it():
    T = se3.transform(np.eye(3), PRIORS[View.A4C].point_m(AXES))
    pose = posed(View.A4C, np.array([0.0, 0.0, 0.0, 0.03, 0.0]), T, AXES, AXES.left)
    assert np.allclose(pose[:3, 3], T[:3, 3])
