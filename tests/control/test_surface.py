"""Surface and body axes: planes from noisy points with holes, axes of a turned patient, clear errors."""

import numpy as np
import pytest
from control_world import XIPHOID, World, skin_at

from echopilot_control.body_axes import body_axes
from echopilot_control.search.priors import PRIORS, place_prior
from echopilot_control.surface import SkinSurface, height_m
from echopilot_core import BodyLandmarks, BodySurface, EchoPilotError


@pytest.mark.parametrize(("dx", "y"), [(0.0, 0.0), (0.09, -0.01), (-0.06, 0.1), (0.03, -0.05)])
@pytest.mark.parametrize("seed", [2, 3, 5])
def test_patch_is_close_to_the_true_skin(dx, y, seed):
    skin = SkinSurface(World(seed=seed).surface())
    point, normal = skin_at(XIPHOID[0] + dx, y)
    patch = skin.patch(point + 0.02 * normal)
    assert np.degrees(np.arccos(np.clip(patch.normal @ normal, -1, 1))) < 6.0
    assert height_m(point + 0.02 * normal, patch) == pytest.approx(0.02, abs=0.003)
    below = skin.patch_below(np.array([XIPHOID[0] + dx, y, 0.5]))
    assert np.linalg.norm(below.point_m - point) < 0.006


def test_normals_of_the_flank_point_outward():
    angles = np.random.default_rng(0).uniform(-1.0, 1.9, 4000)
    y = np.random.default_rng(1).uniform(-0.2, 0.2, 4000)
    points = np.stack([0.5 + 0.15 * np.sin(angles), y, 0.05 + 0.15 * np.cos(angles)], axis=1)
    patch = SkinSurface(BodySurface(0, points)).patch(
        np.array([0.5 + 0.15 * np.sin(1.75), 0.0, 0.05 + 0.15 * np.cos(1.75)])
    )
    assert patch.normal @ np.array([np.sin(1.75), 0.0, np.cos(1.75)]) > 0.95


def test_bad_surfaces_and_landmarks_are_refused_in_one_line():
    with pytest.raises(EchoPilotError, match="finite points"):
        SkinSurface(BodySurface(0, np.full((50, 3), np.nan)))
    good = World().landmarks()
    for bad in (
        BodyLandmarks(0, good.navel_m, good.xiphoid_m, good.notch_m - np.array([0.0, 1.0, 0.0])),
        BodyLandmarks(0, good.xiphoid_m, good.xiphoid_m, good.xiphoid_m),
        BodyLandmarks(0, np.full(3, np.nan), good.xiphoid_m, good.navel_m),
    ):
        with pytest.raises(EchoPilotError):
            body_axes(bad)


def test_axes_are_lps_and_turn_with_the_patient():
    for yaw in np.radians([-5.0, 0.0, 5.0]):
        turn = np.array([[np.cos(yaw), -np.sin(yaw), 0], [np.sin(yaw), np.cos(yaw), 0], [0, 0, 1.0]])
        points = [turn @ np.array([0.0, y, 0.2]) for y in (0.2, 0.0, -0.18)]
        axes = body_axes(BodyLandmarks(0, *points))
        assert np.allclose(axes.R_base_patient.T @ axes.R_base_patient, np.eye(3))
        assert np.linalg.det(axes.R_base_patient) == pytest.approx(1.0)
        assert np.allclose(axes.left, turn @ np.array([1.0, 0, 0]))
        assert np.allclose(axes.posterior, [0, 0, -1])
        assert axes.sternum_m == pytest.approx(0.2) and axes.abdomen_m == pytest.approx(0.18)


def test_every_prior_can_be_placed_on_the_skin():
    world = World(seed=4)
    skin, axes = SkinSurface(world.surface()), body_axes(world.landmarks())
    for view in PRIORS:
        start = place_prior(view, axes, skin)
        on_skin, _ = skin_at(start.patch.point_m[0], start.patch.point_m[1])
        assert abs(start.patch.point_m[2] - on_skin[2]) < 0.01
        assert start.T_base_probe[:3, 2] @ -start.patch.normal > 0.3
