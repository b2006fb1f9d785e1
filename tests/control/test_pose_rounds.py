"""Rounds of the dither pattern: within limits and balanced, and more accurate than guidance from single poses."""

import math
from dataclasses import replace

import numpy as np
from hazard_bench import good_image

from echopilot_control.search.pose_rounds import DITHER_S, ROUNDS, PoseRounds, dither_pose
from echopilot_control.search.windows import PROXY_VIEWS, WINDOW_OF, proxy_view_for, rotation_to_view
from echopilot_control.servo.motion import DITHER_RAD_S, MOVE_M_S
from echopilot_control.servo.velocity import ANGULAR_RAD_S2, LINEAR_M_S2, AccelerationLimiter
from echopilot_core import Guidance, View, se3

SEED = 11
FRAME_S = 1.0 / 15.0


def test_a_round_is_no_faster_than_contact_allows_and_comes_back_to_where_it_began():
    T = se3.exp(np.array([0.1, -0.2, 0.3, 0.4, -0.5, 0.6]))
    steps = [se3.log(se3.inverse(dither_pose(T, a)) @ dither_pose(T, a + 0.001)) for a in np.linspace(0.0, 1.0, 200)]
    rates = np.array(steps) / (0.001 * DITHER_S)
    assert np.linalg.norm(rates[:, 3:], axis=1).max() < DITHER_RAD_S
    assert np.linalg.norm(rates[:, :3], axis=1).max() < MOVE_M_S
    assert np.allclose(dither_pose(T, 0.0), dither_pose(T, 1.0))
    around = np.mean([se3.log(se3.inverse(T) @ dither_pose(T, a)) for a in np.linspace(0.0, 1.0, 200, False)], axis=0)
    assert np.abs(around[:3]).max() < 0.001 and np.abs(around[3:]).max() < math.radians(1.0)


def test_rounds_end_near_a_view_whose_guidance_shrinks_and_errs_with_the_pose():
    """Guidance covers 70 % of the way; its error varies with the pose over 25 mm and 17 degrees."""
    print("seed", SEED)
    rng = np.random.default_rng(SEED)
    errors, alone = [], []
    for _ in range(40):
        wrong = rng.normal(0.0, 1.0, (6, 6)) * np.array([0.004] * 3 + [0.06] * 3)[:, None]
        phase = rng.uniform(0.0, 2.0 * math.pi, (6, 6))
        waves = 2.0 * math.pi / np.array([0.025] * 3 + [0.3] * 3)

        def guidance(T, wrong=wrong, phase=phase, waves=waves):
            motion = se3.log(se3.inverse(T))
            error = np.sum(wrong * np.sin(phase + motion * waves), axis=1) / math.sqrt(6.0)
            return Guidance(View.A4C, 0.7 * motion + error, np.array([0.006] * 3 + [0.08] * 3))

        T = se3.exp(np.r_[rng.uniform(-0.02, 0.02, 3), rng.uniform(-0.2, 0.2, 3)])
        rounds, now_ns = PoseRounds(), 0
        rounds.start_round(T @ se3.exp(guidance(T).relative_pose_twist), now_ns)
        while not rounds.settled:
            if not rounds.under_way:
                rounds.start_round(rounds.T_base_mean, now_ns)
            pose = rounds.step(now_ns, 0.0)
            if rounds.under_way:
                rounds.update(pose, replace(good_image(now_ns), stamp_ns=now_ns), guidance(pose))
            now_ns += round(FRAME_S * 1e9)
        assert ROUNDS.least <= rounds.rounds <= ROUNDS.most
        left = se3.log(rounds.T_base_mean)
        errors.append([np.linalg.norm(left[:3]), np.linalg.norm(left[3:])])
        for _ in range(10):  # after the guidance of single poses
            T = T @ se3.exp(guidance(T).relative_pose_twist)
        left = se3.log(T)
        alone.append([np.linalg.norm(left[:3]), np.linalg.norm(left[3:])])
    share = np.median(errors, axis=0) / np.median(alone, axis=0)
    print("error of rounds in shares of that of single poses: offset, angle", share)
    assert (share < 0.75).all()


def test_without_a_frame_a_round_keeps_its_pose_and_gives_up_after_the_last_round():
    T = se3.exp(np.full(6, 0.1))
    rounds = PoseRounds()
    for k in range(ROUNDS.most):
        assert not rounds.settled
        rounds.start_round(T, k * 10**10)
        assert np.array_equal(rounds.step(k * 10**10 + round(1.01 * DITHER_S * 1e9), 0.0), T)
    assert rounds.settled


def test_smoothing_bounds_acceleration_across_the_axis_and_leaves_the_force_axis_alone():
    print("seed", SEED)
    rng = np.random.default_rng(SEED)
    limiter, last = AccelerationLimiter(), np.zeros(6)
    for _ in range(200):
        z = se3.so3_exp(0.02 * rng.standard_normal(3))[:, 2]
        wanted = np.r_[rng.uniform(-0.02, 0.02, 3), rng.uniform(-0.5, 0.5, 3)]
        twist = limiter.limit(wanted, z, 0.01)
        assert math.isclose(float(twist[:3] @ z), float(wanted[:3] @ z), abs_tol=1e-12)
        project_orthogonal = twist[:3] - (twist[:3] @ z) * z
        was = last[:3] - (last[:3] @ z) * z
        assert np.linalg.norm(project_orthogonal - was) <= LINEAR_M_S2 * 0.01 + 1e-9
        assert np.linalg.norm(twist[3:] - last[3:]) <= ANGULAR_RAD_S2 * 0.01 + 1e-12
        last = np.r_[project_orthogonal, twist[3:]]
    for _ in range(100):
        twist = limiter.limit(np.zeros(6), z, 0.01)
    assert not twist.any()


def test_a_proxy_view_is_sought_only_where_no_view_of_the_window_was_found():
    assert proxy_view_for(View.PLAX, (View.A4C, View.SC4C)) is View.PSAX_PM
    assert proxy_view_for(View.PLAX, (View.PSAX_AV,)) is None
    assert proxy_view_for(View.A4C, ()) is None


def test_a_proxy_view_shares_the_window_of_its_view_and_turning_there_and_back_ends_where_it_began():
    R = se3.so3_exp(np.array([0.4, -0.3, 0.8]))
    for view, proxy in PROXY_VIEWS.items():
        assert WINDOW_OF[view] is WINDOW_OF[proxy]
        there = rotation_to_view(R, view, proxy)
        assert np.allclose(rotation_to_view(there, proxy, view), R)
        assert math.radians(60.0) < se3.angle_between(R, there) < math.radians(120.0)
