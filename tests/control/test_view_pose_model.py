"""View pose model: views that were found narrow the poses of the others, on virtual patients outside its data."""

import math

import numpy as np
import pytest

from echopilot_control.body_axes import BodyAxes, body_axes
from echopilot_control.sagittal_plane import aligned_to_sagittal_plane
from echopilot_control.search.priors import PRIORS
from echopilot_control.search.view_pose_model import (
    SIZE,
    expected_coordinates,
    joint_view_poses,
    pose_from_coordinates,
    view_coordinates,
)
from echopilot_control.surface import SkinSurface
from echopilot_core import View, se3
from echopilot_sim.anatomy import sample_patient
from echopilot_sim.anatomy.torso.skin import Skin as Trunk
from echopilot_sim.anatomy.vessels import tree as vessel_tree
from echopilot_sim.anatomy.views import standard_views as views
from echopilot_sim.depth_camera import Body
from echopilot_sim.frame_state import Phases

REST = Phases(0.0, 0.5)
SEEDS = range(500_400, 500_430)
AXES = BodyAxes(np.column_stack([[1.0, 0, 0], [0, 0, -1.0], [0, 1.0, 0]]), np.array([0.5, 0.1, 0.2]), 0.187, 0.173)
SIZE_DEG_MM = np.array([180.0 / math.pi] * 3 + [1e3] * 2)


def _true(seed: int) -> tuple[BodyAxes, dict[View, np.ndarray]]:
    patient = sample_patient(seed)
    trunk, body = Trunk(patient.torso, patient.heart), Body(patient)
    landmarks = body.landmarks(0, REST.breathing)
    axes = body_axes(landmarks)
    axes = aligned_to_sagittal_plane(
        axes, landmarks, SkinSurface(body.surface(0, patient.T_base_patient, REST.breathing))
    )
    window, vessels = views.parasternal_window(patient, trunk), vessel_tree.build(patient)
    found = {view: views.target(patient, trunk, vessels, window, view, REST) for view in joint_view_poses().views}
    return axes, {v: view_coordinates(v, patient.T_base_patient @ T, axes) for v, T in found.items() if T is not None}


@pytest.fixture(scope="module")
def patients() -> list[tuple[BodyAxes, dict[View, np.ndarray]]]:
    return [_true(seed) for seed in SEEDS]


def _median_miss(patients, view: View, others: tuple[View, ...]) -> np.ndarray:
    """Median angle [deg] and way along the skin [mm] between a view and what is expected of it from others."""
    misses = []
    for axes, true in patients:
        if view in true and all(other in true for other in others):
            miss = (expected_coordinates(view, {o: true[o] for o in others}, axes) - true[view]) * SIZE_DEG_MM
            misses.append([np.linalg.norm(miss[:3]), np.linalg.norm(miss[3:])])
    return np.median(misses, axis=0)


def test_statistics_hold_a_symmetric_positive_covariance_and_an_error_for_every_view_that_is_guided():
    joint = joint_view_poses()
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


def test_a_view_that_was_observed_is_believed_more_than_one_that_was_guessed():
    observed = np.array([0.10, -0.05, 0.08, 0.010, -0.015])
    nothing = expected_coordinates(View.A4C, {}, AXES)
    by_network, by_guess = (
        expected_coordinates(View.A4C, {View.A4C: observed}, AXES),
        expected_coordinates(View.A4C, {}, AXES, observed),
    )
    assert np.linalg.norm(by_network - observed) < 0.3 * np.linalg.norm(nothing - observed)
    assert (
        np.linalg.norm(by_network - observed) < np.linalg.norm(by_guess - observed) < np.linalg.norm(nothing - observed)
    )


def test_a_view_without_statistics_is_not_guessed_at_and_does_not_count():
    assert expected_coordinates(View.AORTA_TRANS, {}, AXES) is None
    observed = {View.AORTA_TRANS: np.full(SIZE, 0.1)}
    assert np.array_equal(expected_coordinates(View.A4C, observed, AXES), expected_coordinates(View.A4C, {}, AXES))


@pytest.mark.parametrize("view", [View.PLAX, View.A4C, View.SC4C])
def test_a_pose_has_the_coordinates_it_was_asked_for_and_keeps_to_the_skin(view):
    outward = se3.so3_exp(np.array([0.1, 0.6, 0.0])) @ np.array([0.0, 0.0, 1.0])
    wanted = np.array([0.1, -0.2, 0.15, 0.012, -0.020])
    T = se3.transform(np.eye(3), PRIORS[view].point_m(AXES) + np.array([0.01, 0.02, 0.05]))
    pose = pose_from_coordinates(view, wanted, T, AXES, outward)
    assert se3.is_rigid(pose)
    assert np.allclose(view_coordinates(view, pose, AXES), wanted, atol=1e-9)
    assert abs(float((pose[:3, 3] - T[:3, 3]) @ outward)) < 1e-9


def test_no_step_is_made_where_the_skin_is_steep_to_it():
    T = se3.transform(np.eye(3), PRIORS[View.A4C].point_m(AXES))
    pose = pose_from_coordinates(View.A4C, np.array([0.0, 0.0, 0.0, 0.03, 0.0]), T, AXES, AXES.left)
    assert np.allclose(pose[:3, 3], T[:3, 3])
