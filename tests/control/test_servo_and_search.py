"""Servo and search: signs, task priority, spiral coverage, fusion."""

import numpy as np
import pytest

from echopilot_control.safety import Limits
from echopilot_control.search.fusion import TargetFuser
from echopilot_control.search.priors import PRIORS
from echopilot_control.search.spiral import STEP_M, fan_rad, spiral_point_m
from echopilot_control.servo.centering import balance_rate_rad_s, centering_velocity_m_s
from echopilot_control.servo.motion import Motion
from echopilot_control.servo.twist_synthesis import blend
from echopilot_control.vectors import rotation_rate
from echopilot_core import ControlPhase, Guidance, View, se3
from echopilot_core.se3 import nearest_tilt

SEED = 7


def test_centering_moves_the_probe_towards_the_target_and_settles():
    x = 0.02
    for _ in range(500):
        x -= centering_velocity_m_s(x, 0.0, 0.015) * 0.01
    assert abs(x) < 1e-4


def test_a_known_speed_of_the_target_is_followed_without_lag():
    x = 0.0
    for _ in range(500):
        x += (0.004 - centering_velocity_m_s(x, 0.0, 0.015, 0.004)) * 0.01
    assert abs(x) < 1e-6
    assert centering_velocity_m_s(0.0, 0.0, 0.015, 0.1) == 0.015


def test_balance_presses_the_weaker_side():
    coupling = np.r_[np.ones(8), np.zeros(8)]  # the right half (+x) has no contact
    spin = se3.so3_exp(np.array([0.0, balance_rate_rad_s(coupling), 0.0]))
    assert (spin @ np.array([0.01, 0.0, 0.0]))[2] > 0.0  # +x end moves along +z, into the patient
    assert balance_rate_rad_s(np.full(16, np.nan)) == 0.0  # of a model that does not judge contact


def test_force_comes_first_in_the_blend():
    rng = np.random.default_rng(SEED)
    for _ in range(50):
        z = rng.standard_normal(3)
        z /= np.linalg.norm(z)
        motion = Motion(ControlPhase.REFINE, rng.standard_normal(3), rng.standard_normal(3))
        twist = blend(motion, z, 0.004, Limits())
        assert twist[:3] @ z == pytest.approx(0.004)
        assert np.linalg.norm(twist[:3] - 0.004 * z) <= Limits().lateral_contact_m_s + 1e-12
        assert np.linalg.norm(twist[3:]) <= Limits().angular_rad_s + 1e-12


def test_rotation_rate_turns_towards_the_goal():
    R = se3.so3_exp(np.array([0.3, -0.2, 0.5]))
    goal = se3.so3_exp(np.array([-0.4, 0.6, 0.1]))
    for _ in range(800):
        R = se3.so3_exp(rotation_rate(R, goal, 1.2, 0.26) * 0.01) @ R
    assert se3.angle_between(R, goal) < 1e-3


def test_spiral_covers_its_disc():
    path = np.array([spiral_point_m(s) for s in np.arange(0.0, 0.6, 0.001)])
    reach = np.linalg.norm(path[-1]) - STEP_M
    rng = np.random.default_rng(SEED)
    for _ in range(500):
        angle, radius = rng.uniform(0, 2 * np.pi), reach * np.sqrt(rng.random())
        point = radius * np.array([np.cos(angle), np.sin(angle)])
        assert np.linalg.norm(path - point, axis=1).min() <= 0.5 * STEP_M + 1e-3
    speeds = np.linalg.norm(np.diff(path[20:], axis=0), axis=1) / 0.001
    assert speeds.min() > 0.8 and speeds.max() < 1.2


def test_fan_covers_tilts_of_both_signs():
    tilts = np.degrees([fan_rad(t) for t in np.arange(0.0, 40.0, 0.05)])
    for corner in ((7, 7), (-7, 7), (7, -7), (-7, -7), (0, 0)):
        assert np.linalg.norm(tilts - np.array(corner), axis=1).min() < 3.0


def test_nearest_tilt_keeps_small_tilts_and_limits_large_ones():
    rng = np.random.default_rng(SEED)
    inward = np.array([0.0, 0.0, -1.0])
    for _ in range(50):
        R = se3.so3_exp(rng.uniform(-1.5, 1.5, 3)) @ np.diag([1.0, -1.0, -1.0])
        limited = nearest_tilt(R, inward, 0.4)
        angle = np.arccos(np.clip(limited[:, 2] @ inward, -1, 1))
        assert angle <= 0.4 + 1e-9
        if np.arccos(np.clip(R[:, 2] @ inward, -1, 1)) <= 0.4:
            assert np.array_equal(limited, R)


def test_fusion_is_better_than_one_frame_and_survives_outliers():
    rng = np.random.default_rng(SEED)
    T_target = se3.exp(np.array([0.02, -0.01, 0.0, 0.1, 0.2, -0.1]))
    sigma = np.array([0.006, 0.006, 0.006, 0.1, 0.1, 0.1])
    fuser = TargetFuser()
    for k in range(200):
        T = se3.exp(np.r_[0.01 * rng.standard_normal(3), 0.1 * rng.standard_normal(3)])
        error = 1.0 if k % 17 == 5 else 0.0
        motion = se3.log(se3.inverse(T) @ T_target @ se3.exp(sigma * rng.standard_normal(6))) + error
        fuser.update(k * 33_000_000, T, Guidance(View.A4C, motion, sigma))
    left = se3.log(se3.inverse(fuser.T_base_target) @ T_target)
    assert np.linalg.norm(left[:3]) < 0.005 and np.linalg.norm(left[3:]) < 0.08
    assert not fuser.update(0, np.eye(4), Guidance(View.A4C, np.full(6, np.nan), sigma))


def test_every_view_but_none_has_a_prior():
    assert set(PRIORS) == set(View) - {View.NONE}
