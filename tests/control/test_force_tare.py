"""Taring finds weight, centre of mass and bias of the simulated sensor, and refuses what cannot tell them apart."""

import numpy as np
import pytest

from echopilot_control.force.tare import fit_tool
from echopilot_core import EchoPilotError, se3
from echopilot_sim.arm.sensor import TARE_STEPS, TOOL_COM_M, TOOL_MASS_KG, ForceSensor

DOWN = np.diag([1.0, -1.0, -1.0])


def readings(seed: int, tilt_rad: float, count: int = 8) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Means over 0.4 s of the simulated sensor in air, the probe tilted to `count` sides, after the first tare."""
    sensor = ForceSensor(seed, 1e-3)
    for _ in range(TARE_STEPS):
        sensor.read(np.zeros(6), DOWN)
    rotations, means = [], []
    for side in 2.0 * np.pi * np.arange(count) / count:
        R = DOWN @ se3.so3_exp(tilt_rad * np.array([np.cos(side), np.sin(side), 0.0]))
        samples = []
        for _ in range(400):
            sensor.read(np.zeros(6), R)
            samples.append(sensor.raw.copy())
        rotations.append(R)
        means.append(np.mean(samples[5:], axis=0))
    return rotations, means


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_tool_and_bias_are_found_and_contact_reads_true(seed):
    print("seed", seed)
    tool = fit_tool(*readings(seed, np.radians(40.0)))
    assert tool.mass_kg == pytest.approx(TOOL_MASS_KG, abs=0.03)
    assert tool.com_m == pytest.approx(np.array(TOOL_COM_M), abs=0.01)
    assert (tool.residual < [0.1, 0.005]).all()
    sensor = ForceSensor(seed, 1e-3)
    pressed = np.array([0.0, 0.0, -5.0, 0.0, 0.0, 0.0])
    R = DOWN @ se3.so3_exp(np.array([0.3, -0.2, 0.0]))
    raw = []
    for _ in range(400):
        sensor.read(pressed, R)
        raw.append(sensor.raw.copy())
    assert tool.contact(np.mean(raw[5:], axis=0), R)[:3] == pytest.approx(pressed[:3], abs=0.4)


def test_orientations_that_are_alike_are_refused():
    with pytest.raises(EchoPilotError, match="too much alike"):
        fit_tool(*readings(1, np.radians(2.0)))


def test_few_or_broken_readings_are_refused():
    rotations, means = readings(1, np.radians(40.0), 4)
    with pytest.raises(EchoPilotError, match="4 or more"):
        fit_tool(rotations[:3], means[:3])
    means[2] = np.full(6, np.nan)
    with pytest.raises(EchoPilotError, match="finite"):
        fit_tool(rotations, means)
