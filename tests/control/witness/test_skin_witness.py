"""The face's depth below the seen skin is right to two millimeters, and needs the force that tissue gives."""

from dataclasses import replace

import numpy as np
import pytest

from echopilot_control.safety.witness.skin_witness import (
    SEEN_M,
    DepthMemory,
    fit_skin,
    least_force_n,
    watch_skin,
)
from echopilot_core import Array, BodySurface, RobotMode, RobotState, se3, to_ns

DOWN = np.diag([1.0, -1.0, -1.0])
RADIUS_M, NOISE_M = 0.12, 0.0015


def trunk(seed: int, stamp_ns: int = 0) -> BodySurface:
    """A tube along y of 120 mm radius whose top lies at z = 0."""
    rng = np.random.default_rng(seed)
    angle, y = (g.ravel() for g in np.meshgrid(np.arange(-1.2, 1.2, 0.058), np.arange(-0.2, 0.2, 0.007)))
    radius = RADIUS_M + rng.normal(0.0, NOISE_M, angle.size)
    return BodySurface(stamp_ns, np.column_stack([radius * np.sin(angle), y, radius * np.cos(angle) - RADIUS_M]))


def state(stamp_ns: int, height_m: float, force_n: float, across_m: float = 0.0) -> RobotState:
    wrench = np.array([0.0, 0.0, -force_n, 0.0, 0.0, 0.0])
    T = se3.transform(DOWN, np.array([across_m, 0.0, height_m]))
    return RobotState(stamp_ns, 0, T, np.zeros(6), wrench, np.zeros(7), np.zeros(7), RobotMode.SERVO)


def watched(height_m: float, force_n: float, ticks: int = 60) -> DepthMemory:
    memory = DepthMemory()
    for tick in range(ticks):
        now_ns = 10_000_000 * tick
        surface = trunk(tick // 20, 10_000_000 * (tick // 20 * 20))
        memory = watch_skin(memory, state(now_ns, height_m, force_n), surface, now_ns)
    return memory


@pytest.mark.parametrize("depth_m", [-0.03, 0.0, 0.02])
def test_depth_below_a_curved_noisy_skin_is_right(depth_m: float) -> None:
    errors = []
    for seed in range(40):
        memory = watch_skin(DepthMemory(), state(0, -depth_m, 0.0), trunk(seed), 0)
        errors.append(memory.depth_m - depth_m)
    assert np.abs(errors).max() < SEEN_M
    assert np.std(errors) < 0.0006


def test_depth_follows_a_probe_that_moves_between_two_images() -> None:
    surface, memory = trunk(1), DepthMemory()
    for tick in range(20):
        across_m = 0.0004 * tick
        true_m = RADIUS_M - float(np.hypot(across_m, RADIUS_M - 0.001))  # of the face's center, across the tube
        memory = watch_skin(memory, state(10_000_000 * tick, -0.001, 2.0, across_m), surface, 10_000_000 * tick)
        assert abs(memory.depth_m - true_m) < SEEN_M


def test_a_deep_face_without_force_is_noticed_and_one_with_the_force_of_the_softest_tissue_is_not() -> None:
    assert watched(-0.015, 0.0).unfelt
    assert not watched(-0.015, least_force_n(0.015)).unfelt
    assert not watched(-0.003, 0.0).unfelt
    assert not watched(0.010, 0.0).unfelt


def test_one_wrong_image_is_not_enough() -> None:
    memory = DepthMemory()
    for tick in range(40):
        surface = trunk(tick // 20, 200_000_000 * (tick // 20))
        if tick < 20:
            surface = replace(surface, points_m=surface.points_m + np.array([0.0, 0.0, 0.02]))
        memory = watch_skin(memory, state(10_000_000 * tick, 0.005, 0.0), surface, 10_000_000 * tick)
        assert not memory.unfelt


@pytest.mark.parametrize("points_m", [np.full((500, 3), np.nan), np.zeros((0, 3)), np.zeros((500, 3)) + [0.3, 0, 0]])
def test_skin_that_is_not_there_has_no_depth(points_m: Array) -> None:
    memory = watch_skin(DepthMemory(), state(0, 0.0, 0.0), BodySurface(0, points_m), 0)
    assert np.isnan(memory.depth_m)
    assert fit_skin(np.eye(4), points_m) is None
    assert np.isnan(watch_skin(DepthMemory(), state(0, 0.0, 0.0), None, 0).depth_m)
    assert np.isnan(watch_skin(DepthMemory(), state(to_ns(2.0), 0.0, 0.0), trunk(1), to_ns(2.0)).depth_m)
