"""The force sensor: weight removed in every pose, bias tared, errors of the stated size, two milliseconds late."""

import numpy as np

from echopilot_core import se3
from echopilot_sim.arm.sensor import TARE_STEPS, TOOL_MASS_KG, ForceSensor

DOWN = np.diag([1.0, -1.0, -1.0])


def settle(sensor: ForceSensor) -> None:
    for _ in range(TARE_STEPS):
        sensor.read(np.zeros(6), DOWN)


def test_weight_is_removed_in_every_orientation() -> None:
    seed = 2
    print("seed", seed)
    rng = np.random.default_rng(seed)
    sensor = ForceSensor(1, 1e-3, disturbed=False)
    settle(sensor)
    for _ in range(20):
        rotation, push = se3.so3_exp(rng.normal(0.0, 1.0, 3)), rng.normal(0.0, 5.0, 6)
        sensor.read(push, rotation)
        assert np.allclose(sensor.measured, push, atol=1e-12)
        assert np.isclose(np.linalg.norm(sensor.raw[:3] - push[:3]), TOOL_MASS_KG * 9.81)


def test_bias_is_tared_and_noise_and_drift_are_of_the_stated_size() -> None:
    readings = []
    for seed in range(20):
        sensor = ForceSensor(seed, 1e-3)
        settle(sensor)
        trace = []
        for _ in range(500):
            sensor.read(np.array([0, 0, -5.0, 0, 0, 0]), DOWN)
            trace.append(sensor.measured[2])
        readings.append(trace[2:])
    values = np.array(readings)
    assert 0.09 < values.std(axis=1).mean() < 0.11
    assert np.abs(values.mean(axis=1) + 5.0).max() < 0.15


def test_reading_is_two_milliseconds_late_and_silent_before_taring() -> None:
    sensor = ForceSensor(3, 1e-3)
    sensor.read(np.zeros(6), DOWN)
    assert np.all(sensor.measured == 0.0)
    settle(sensor)
    seen = []
    for _ in range(4):
        sensor.read(np.array([0, 0, -50.0, 0, 0, 0]), DOWN)
        seen.append(sensor.measured[2] < -25.0)
    assert seen == [False, False, True, True]
