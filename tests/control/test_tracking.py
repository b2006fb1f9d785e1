"""Tracking: prediction over the frame's age beats using the frame as it is; history interpolates on SE(3)."""

import numpy as np
import pytest

from echopilot_control.tracking import ImageTarget, uncertainty_speed_scale
from echopilot_core import se3
from echopilot_core.timing.pose_history import PoseHistory


def sliding_pose(t_s: float) -> np.ndarray:
    """Face at 15 mm/s along x, turning about z by 0.1 rad/s."""
    return se3.transform(se3.so3_exp(np.array([0.0, 0.0, 0.1 * t_s])), np.array([0.015 * t_s, 0.0, 0.0]))


def test_prediction_removes_the_delay_error():
    rng = np.random.default_rng(1)
    target, history = ImageTarget(), PoseHistory(1.5)
    predicted, naive = [], []
    for k in range(300):
        now = k * 10_000_000
        t = now * 1e-9
        history.add(now, sliding_pose(t))
        if k % 3 == 0 and k >= 9:
            stamp = now - 90_000_000
            point = se3.apply(se3.inverse(sliding_pose(stamp * 1e-9)), truth(stamp * 1e-9))
            T = history.at(stamp)
            assert T is not None
            x, y = point[0] + 3e-4 * rng.standard_normal(), point[2] + 3e-4 * rng.standard_normal()
            target.update(stamp, T, x, y, 5e-4)
            actual = se3.apply(se3.inverse(sliding_pose(t)), truth(t))
            estimate = target.now(now, sliding_pose(t))
            assert estimate is not None
            if k > 60:
                predicted.append(estimate.x_m - actual[0])
                naive.append(x - actual[0])
    assert np.sqrt(np.mean(np.square(predicted))) < 0.5 * np.sqrt(np.mean(np.square(naive)))
    assert np.abs(predicted).max() < 0.002


def truth(t_s: float) -> np.ndarray:
    """A target that drifts by 5 mm/s, 90 mm deep."""
    return np.array([0.004 - 0.005 * t_s, 0.0, 0.09])


def test_uncertainty_grows_without_images_and_slows_the_servo():
    target = ImageTarget()
    target.update(0, np.eye(4), 0.0, 0.09, 1e-3)
    sigmas = [target.now(k * 100_000_000, np.eye(4)).sigma_x_m for k in range(1, 8)]
    assert all(np.diff(sigmas) > 0.0)
    assert uncertainty_speed_scale(0.0, 0.01) == 1.0 and uncertainty_speed_scale(0.01, 0.01) == 0.5


def test_outliers_are_gated_but_a_real_move_is_followed():
    target = ImageTarget()
    for k in range(30):
        target.update(k * 33_000_000, np.eye(4), 0.0, 0.09, 1e-3)
    target.update(30 * 33_000_000, np.eye(4), 0.05, 0.09, 1e-3)
    assert abs(target.now(30 * 33_000_000, np.eye(4)).x_m) < 1e-3
    for k in range(31, 45):
        target.update(k * 33_000_000, np.eye(4), 0.03, 0.09, 1e-3)
    assert target.now(44 * 33_000_000, np.eye(4)).x_m == pytest.approx(0.03, abs=2e-3)


def breath_m(t_s: float, rate_hz: float) -> np.ndarray:
    """A target that swings 5 mm from side to side, 90 mm deep."""
    return np.array([0.0025 * np.sin(2.0 * np.pi * rate_hz * t_s), 0.0, 0.09])


@pytest.mark.parametrize("rate_hz", [0.2, 0.25, 0.33])
def test_a_swing_is_predicted_over_200_ms_and_its_speed_is_known(rate_hz):
    rng = np.random.default_rng(7)
    target = ImageTarget()
    late, missed, speed_missed, speeds = [], [], [], []
    for k in range(450):
        t = k / 15.0
        seen = breath_m(t - 0.2, rate_hz) + 3e-4 * rng.standard_normal(3)
        target.update(round((t - 0.2) * 1e9), np.eye(4), seen[0], seen[2], 2e-3)
        estimate = target.now(round(t * 1e9), np.eye(4))
        assert estimate is not None
        if t > 12.0:
            speed = float(breath_m(t + 0.005, rate_hz)[0] - breath_m(t - 0.005, rate_hz)[0]) / 0.01
            missed.append(estimate.x_m - breath_m(t, rate_hz)[0])
            late.append(seen[0] - breath_m(t, rate_hz)[0])
            speed_missed.append(estimate.speed_x_m_s - speed)
            speeds.append(speed)
    assert np.std(missed) < 0.75 * np.std(late)
    assert np.std(speed_missed) < 0.5 * np.std(speeds)


def test_a_still_noisy_target_has_no_speed_to_follow():
    rng = np.random.default_rng(8)
    target = ImageTarget()
    speeds = []
    for k in range(300):
        target.update(k * 66_000_000, np.eye(4), 1e-3 * rng.standard_normal(), 0.09, 2e-3)
        estimate = target.now(k * 66_000_000 + 100_000_000, np.eye(4))
        assert estimate is not None
        speeds.append(estimate.speed_x_m_s)
    assert np.std(speeds[100:]) < 0.0015
