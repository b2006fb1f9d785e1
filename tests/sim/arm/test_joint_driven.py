"""The simulated arm as a driver offers a real one."""

import numpy as np
import pytest

from echopilot_sim.anatomy import sample_patient
from echopilot_sim.arm.joint_driven import JointDrivenSimulation
from echopilot_sim.simulation import SimConfig

SAMPLE_MS = 10


def test_a_hand_takes_the_probe_back_along_its_axis() -> None:
    simulation = JointDrivenSimulation(sample_patient(600_002), SimConfig())
    simulation.run(SAMPLE_MS)
    from_m, axis = simulation.joints.origin_m.copy(), simulation.joints.rotation[:, 2].copy()
    for _ in range(100):
        simulation.joints.lift(0.02)
        simulation.run(SAMPLE_MS)
    way_m = simulation.joints.origin_m - from_m
    assert way_m @ axis == pytest.approx(-0.02, abs=0.002)
    assert np.linalg.norm(way_m - (way_m @ axis) * axis) < 0.002
    assert simulation.joints.rotation[:, 2] @ axis > np.cos(0.02)
