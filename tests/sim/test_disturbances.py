"""A patient who sways comes back after every period; a biased force sensor reads the bias, and only the bias."""

import numpy as np
import pytest

from echopilot_core import EchoPilotError, se3
from echopilot_sim.anatomy import sample_patient
from echopilot_sim.physics.placement import Placement
from echopilot_sim.simulation import SimConfig, Simulation


def test_a_swaying_patient_swings_the_whole_way_and_comes_back():
    placement = Placement(np.eye(4))
    placement.sway(np.array([0.005, 0.0, 0.0]), 0.25, 1_000_000_000)
    x_m = [placement.at(1_000_000_000 + k * 100_000_000)[0, 3] for k in range(81)]
    assert x_m[0] == pytest.approx(0.0) and x_m[20] == pytest.approx(0.005) and x_m[40] == pytest.approx(0.0)
    assert np.ptp(x_m) == pytest.approx(0.005) and np.abs(np.diff(x_m)).max() < 0.0004


def test_a_shift_on_top_of_a_sway_leaves_the_sway_alone():
    placement = Placement(np.eye(4))
    placement.sway(np.array([0.004, 0.0, 0.0]), 0.5, 0)
    placement.shift(np.array([0.0, 0.02, 0.0]), 0.0, 1_000_000_000)
    assert placement.at(1_000_000_000)[:3, 3] == pytest.approx([0.004, 0.0, 0.0])
    assert placement.at(2_000_000_000)[:3, 3] == pytest.approx([0.0, 0.02, 0.0])
    placement.sway(np.zeros(3), 0.0, 2_500_000_000)
    assert placement.at(3_000_000_000)[:3, 3] == pytest.approx([0.0, 0.02, 0.0])


@pytest.mark.parametrize(
    ("swing_m", "rate_hz"), [([0.06, 0.0, 0.0], 0.25), ([0.0, np.nan, 0.0], 1.0), ([0.0] * 3, 9.0)]
)
def test_impossible_sways_are_refused(swing_m, rate_hz):
    with pytest.raises(EchoPilotError, match="impossible"):
        Placement(se3.transform(np.eye(3), np.zeros(3))).sway(np.array(swing_m), rate_hz, 0)


def test_a_force_bias_is_read_and_does_not_push():
    simulation = Simulation(sample_patient(500_001), SimConfig(sensor_errors=False))
    for _ in range(30):
        before = simulation.step(None).robot
    simulation.bias_force(np.array([0.0, 0.0, -2.0, 0.0, 0.0, 0.0]))
    for _ in range(5):
        after = simulation.step(None).robot
    assert after.contact_force_n - before.contact_force_n == pytest.approx(2.0, abs=0.01)
    assert simulation.true_normal_force_n == 0.0
