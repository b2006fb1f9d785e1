"""Force: tracking over the stiffness range on a breathing spring with friction, caps never crossed."""

import numpy as np
import pytest
from control_plant import SkinAxis

from echopilot_control.force.regulator import ForceReading, ForceRegulator, barrier_velocity_m_s
from echopilot_control.force.stiffness import StiffnessEstimator
from echopilot_control.servo.velocity import VelocityTrackingIntegrator

CAP_N = 12.0


def press(plant: SkinAxis, setpoint_n: float, seconds: float, approach_m_s: float = 0.010):
    """Approach at full speed, touch at 2 N, ramp to the set-point; true forces from touch on."""
    regulator, follower, forces, touched = ForceRegulator(5.0), VelocityTrackingIntegrator(), [], False
    for _ in range(int(seconds * 100)):
        reading = ForceReading(plant.reading_n, plant.x_m, plant.v_m_s, 0.01)
        regulator.observe(reading)
        if not touched and reading.force_n > 1.0:
            touched = True
            regulator.reset(reading.force_n)
        goal_n = setpoint_n if len(forces) > 40 else 2.0
        wanted = regulator.velocity(reading, goal_n, CAP_N, 0.020) if touched else approach_m_s
        twist = follower.follow(np.array([0, 0, wanted, 0, 0, 0.0]), np.array([0, 0, plant.v_m_s, 0, 0, 0.0]), 0.01)
        plant.step(float(np.clip(twist[2], -0.02, 0.02)))
        if touched:
            forces.append(plant.force_n)
    return np.array(forces), regulator


@pytest.mark.parametrize("stiffness_n_m", [300, 600, 1500, 3000, 6000, 15000])
@pytest.mark.parametrize(("friction_n", "breathing_m"), [(0.0, 0.010), (3.0, 0.005)])
def test_force_is_held_over_the_stiffness_range(stiffness_n_m, friction_n, breathing_m):
    plant = SkinAxis(stiffness_n_m, breathing_pp_m=breathing_m, friction_n=friction_n, seed=3)
    forces, _ = press(plant, 5.0, 15.0)
    settled = forces[250:]
    rmse_n = float(np.sqrt(np.mean((settled - 5.0) ** 2)))
    print(f"K {stiffness_n_m} friction {friction_n}: rmse {rmse_n:.2f} max {settled.max():.2f} peak {plant.peak_n:.2f}")
    assert rmse_n <= (1.0 if friction_n == 0.0 or stiffness_n_m <= 6000 else 1.8)
    assert plant.peak_n <= CAP_N


@pytest.mark.parametrize("stiffness_n_m", [300, 1500, 6000, 15000])
def test_touch_down_stays_below_eight_newtons(stiffness_n_m):
    for seed in range(3):
        plant = SkinAxis(stiffness_n_m, friction_n=1.0, seed=seed)
        forces, _ = press(plant, 5.0, 8.0)
        assert forces[:60].max() <= 8.0


def test_stiffness_is_found_within_a_factor_when_it_matters():
    for stiffness_n_m in (6000, 15000):
        _, regulator = press(SkinAxis(stiffness_n_m, friction_n=0.0, seed=1), 5.0, 8.0)
        assert 0.4 * stiffness_n_m <= regulator.stiffness.value_n_m <= 2.0 * stiffness_n_m


@pytest.mark.parametrize("stiffness_n_m", [300.0, 3000.0, 15000.0])
def test_barrier_keeps_the_cap_invariant(stiffness_n_m):
    force_n = 0.0
    for _ in range(2000):
        v = min(0.02, barrier_velocity_m_s(force_n, CAP_N, max(stiffness_n_m, 1500.0)))
        force_n = max(force_n + stiffness_n_m * v * 0.01, 0.0)
        assert force_n <= CAP_N + 1e-9


def test_setpoint_ramps_at_its_rate():
    regulator = ForceRegulator(5.0)
    regulator.reset(2.0)
    values = []
    for _ in range(50):
        regulator.velocity(ForceReading(2.0, 0.0, 0.0, 0.01), 8.0, CAP_N, 0.02)
        values.append(regulator.reference_n)
    assert np.diff(values).max() <= 0.05 + 1e-9 and values[-1] == pytest.approx(4.5)


def test_integral_does_not_wind_up():
    """Held back for 5 s (velocity ignored), the regulator must not overshoot by more than 2 N when released."""
    plant = SkinAxis(2000, breathing_pp_m=0.0, friction_n=0.0, noise_n=0.0)
    plant.x_m = 0.001
    regulator = ForceRegulator(5.0)
    regulator.reset(2.0)
    for k in range(1500):
        reading = ForceReading(plant.reading_n if k else 2.0, plant.x_m, plant.v_m_s, 0.01)
        regulator.observe(reading)
        v = regulator.velocity(reading, 6.0, CAP_N, 0.02)
        plant.step(0.0 if k < 500 else v)
    assert plant.peak_n <= 8.0


def test_follower_reaches_commanded_velocity_despite_friction():
    plant, follower = SkinAxis(1.0, breathing_pp_m=0.0, friction_n=3.0), VelocityTrackingIntegrator()
    start = plant.x_m
    for _ in range(200):
        twist = follower.follow(np.array([0, 0, 0.008, 0, 0, 0.0]), np.array([0, 0, plant.v_m_s, 0, 0, 0.0]), 0.01)
        plant.step(float(twist[2]))
    assert (plant.x_m - start) / 2.0 == pytest.approx(0.008, rel=0.1)


def test_the_answer_to_noise_is_not_taken_for_stiffness():
    """Once 1 kN/m was learnt, 30 s of sensor noise that the loop answers 20 ms later change nothing."""
    estimator, rng, x_m = StiffnessEstimator(), np.random.default_rng(6), 0.0
    for k in range(200):
        x_m += 1e-4 * np.sign(np.sin(0.3 * k))
        estimator.update(5.0 + 1000.0 * x_m, x_m, 0.01)
    assert estimator.value_n_m == pytest.approx(1000.0, rel=0.1)
    learnt, noise_n = estimator.value_n_m, 0.1 * rng.standard_normal(3000)
    for k in range(2, 3000):
        estimator.update(5.0 + 1000.0 * x_m + noise_n[k], x_m - 3e-4 * noise_n[k - 2], 0.01)
    assert estimator.value_n_m == pytest.approx(learnt, rel=0.1)
