"""The breath is learnt and foretold; no breath, no forecast; live changes of gain and set-point do not jump."""

import numpy as np
import pytest
from control_plant import SkinAxis

from echopilot_control.force.breathing import BreathingEstimator
from echopilot_control.force.regulator import CROSSOVER_RAD_S, ForceReading, ForceRegulator
from echopilot_control.servo.velocity import VelocityTrackingIntegrator
from echopilot_core import EchoPilotError

DT_S = 0.01


def skin_m_s(t_s: float, rate_hz: float, amplitude_m_s: float) -> float:
    turn = 2.0 * np.pi * rate_hz * t_s
    return amplitude_m_s * (np.sin(turn + 1.0) + 0.3 * np.sin(2.0 * turn))


@pytest.mark.parametrize("rate_hz", [0.15, 0.25, 0.4])
def test_breath_is_foretold_better_than_by_its_present_speed(rate_hz):
    estimator, rng, lead_s = BreathingEstimator(), np.random.default_rng(4), 0.1
    errors, changes = [], []
    for k in range(3000):
        t = k * DT_S
        estimator.update(skin_m_s(t, rate_hz, 0.006) + 0.0005 * rng.standard_normal(), DT_S)
        change = skin_m_s(t + lead_s, rate_hz, 0.006) - skin_m_s(t, rate_hz, 0.006)
        if k > 1500:
            errors.append(estimator.trust * estimator.ahead(lead_s) - change)
            changes.append(change)
    assert estimator.frequency_rad_s == pytest.approx(2.0 * np.pi * rate_hz, rel=0.05)
    assert np.std(errors) < 0.35 * np.std(changes)


def test_noise_is_not_believed_to_be_a_breath():
    estimator, rng = BreathingEstimator(), np.random.default_rng(5)
    for _ in range(3000):
        estimator.update(0.003 * rng.standard_normal(), DT_S)
    assert estimator.trust < 0.1


def settled() -> tuple[ForceRegulator, VelocityTrackingIntegrator, SkinAxis]:
    regulator, follower = ForceRegulator(5.0), VelocityTrackingIntegrator()
    plant = SkinAxis(1000.0, breathing_pp_m=0.005, friction_n=0.0, noise_n=0.02, x_m=0.002)
    regulator.reset(2.0)
    run(regulator, follower, plant, lambda k: 5.0, 800)
    return regulator, follower, plant


def run(regulator, follower, plant, setpoint_n, ticks):
    forces, wanted = [], []
    for k in range(ticks):
        reading = ForceReading(plant.reading_n, plant.x_m, plant.v_m_s, DT_S)
        regulator.observe(reading)
        wanted.append(regulator.velocity(reading, setpoint_n(k), 12.0, 0.02))
        twist = follower.follow(np.array([0, 0, wanted[-1], 0, 0, 0.0]), np.array([0, 0, plant.v_m_s, 0, 0, 0.0]), DT_S)
        plant.step(float(np.clip(twist[2], -0.02, 0.02)))
        forces.append(plant.force_n)
    return np.array(forces), np.array(wanted)


def test_a_live_change_of_gain_is_bumpless():
    regulator, follower, plant = settled()
    for crossover in (4.0, CROSSOVER_RAD_S, 8.0):
        _, before = run(regulator, follower, plant, lambda k: 5.0, 200)
        regulator.retune(crossover)
        forces, after = run(regulator, follower, plant, lambda k: 5.0, 200)
        assert abs(after[0] - before[-1]) < 0.001
        assert np.abs(forces - 5.0).max() < 1.0


def test_a_gain_outside_the_margins_is_refused():
    with pytest.raises(EchoPilotError, match="crossover"):
        ForceRegulator(5.0).retune(30.0)


def test_a_live_change_of_set_point_follows_the_ramp_within_a_newton():
    regulator, follower, plant = settled()
    wanted_n = np.concatenate([5.0 + 0.05 * np.arange(61), np.full(200, 8.0)])
    forces, _ = run(regulator, follower, plant, lambda k: 8.0, len(wanted_n))
    assert np.abs(forces - wanted_n).max() < 1.0
    assert np.abs(np.diff(forces)).max() < 0.3


def test_the_follower_does_not_wind_up_against_a_limit():
    follower, limit = VelocityTrackingIntegrator(), np.array([0, 0, 0.010, 0, 0, 0.0])
    for _ in range(300):  # the arm lags a little, and the limit lets no more through
        sent = np.minimum(follower.follow(limit, 0.9 * limit, DT_S), limit)
        follower.apply_anti_windup(limit, sent)
    assert follower.follow(np.zeros(6), 0.9 * limit, DT_S)[2] < 0.003
