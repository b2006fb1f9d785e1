"""Taring finds weight, center of mass and bias of the simulated sensor, and refuses what cannot tell them apart."""

import numpy as np
import pytest

from echopilot_control.force.tare import GRAVITY_M_S2, Tool, fit_tool
from echopilot_core import EchoPilotError, se3
from echopilot_sim.arm.sensor import TOOL_COM_M, TOOL_MASS_KG, ForceSensor

DOWN = np.diag([1.0, -1.0, -1.0])
TWO = [np.radians(40.0) * np.array(side) for side in ([1.0, 0.0, 0.0], [-1.0, 0.0, 0.0])]
THREE = [*TWO, np.radians(40.0) * np.array([0.0, 1.0, 0.0])]
TOLERANCE_N = 0.2


def readings(seed: int, turns_rad: "list[np.ndarray]") -> "tuple[list[np.ndarray], list[np.ndarray], ForceSensor]":
    """Means over 0.4 s of the simulated sensor in air, the probe turned by each of `turns_rad` (3,)."""
    sensor = ForceSensor(seed, 1e-3)
    rotations, means = [], []
    for turn in turns_rad:
        R, samples = DOWN @ se3.so3_exp(turn), []
        for _ in range(400):
            sensor.read(np.zeros(6), R)
            samples.append(sensor.raw.copy())
        rotations.append(R)
        means.append(np.mean(samples[5:], axis=0))
    return rotations, means, sensor


def read_pressed(sensor: ForceSensor, tool: Tool, turn: np.ndarray) -> np.ndarray:
    """Force (3,) that is read while 5 N press, in another orientation."""
    R, raw = DOWN @ se3.so3_exp(turn), []
    for _ in range(400):
        sensor.read(np.array([0.0, 0.0, -5.0, 0.0, 0.0, 0.0]), R)
        raw.append(sensor.raw.copy())
    return np.asarray(tool.contact(np.mean(raw[5:], axis=0), R)[:3])


@pytest.mark.parametrize("seed", range(1, 6))
@pytest.mark.parametrize("known", [True, False])
def test_weight_and_bias_are_found_within_the_tolerance_and_contact_reads_true(seed: int, known: bool) -> None:
    rotations, means, sensor = readings(seed, TWO if known else THREE)
    tool = fit_tool(rotations, means, np.array(TOOL_COM_M) if known else None)
    assert tool.mass_kg * GRAVITY_M_S2 == pytest.approx(TOOL_MASS_KG * GRAVITY_M_S2, abs=TOLERANCE_N)
    assert tool.com_m == pytest.approx(np.array(TOOL_COM_M), abs=0.01)
    assert read_pressed(sensor, tool, np.array([0.3, -0.2, 0.0])) == pytest.approx([0.0, 0.0, -5.0], abs=TOLERANCE_N)


def test_without_errors_all_is_found_exactly() -> None:
    made = Tool(0.7, np.array([0.01, -0.02, 0.05]), np.array([1.0, -2.0, 3.0, 0.1, 0.2, -0.3]), np.zeros(2))
    rotations = [DOWN @ se3.so3_exp(turn) for turn in THREE]
    found = fit_tool(rotations, [made.unloaded(R) for R in rotations])
    assert found.mass_kg == pytest.approx(made.mass_kg) and found.com_m == pytest.approx(made.com_m)
    assert found.bias == pytest.approx(made.bias) and found.residual == pytest.approx(np.zeros(2), abs=1e-9)


def test_orientations_that_are_alike_are_refused() -> None:
    rotations, means, _ = readings(1, [0.05 * turn for turn in THREE])
    with pytest.raises(EchoPilotError, match="too much alike"):
        fit_tool(rotations, means)


def test_three_orientations_of_which_two_are_alike_do_not_tell_the_center() -> None:
    rotations, means, _ = readings(1, [*TWO, 0.97 * TWO[0]])
    with pytest.raises(EchoPilotError, match="two of the orientations"):
        fit_tool(rotations, means)
    assert fit_tool(rotations, means, np.array(TOOL_COM_M)).mass_kg == pytest.approx(TOOL_MASS_KG, abs=0.02)


def test_few_or_broken_readings_are_refused() -> None:
    rotations, means, _ = readings(1, TWO)
    with pytest.raises(EchoPilotError, match=r"3 or more orientations.*2 where"):
        fit_tool(rotations, means)
    with pytest.raises(EchoPilotError, match="finite"):
        fit_tool(rotations, [means[0], np.full(6, np.nan)], np.zeros(3))
    with pytest.raises(EchoPilotError, match="sign and axes"):
        fit_tool(rotations, [-m for m in means], np.zeros(3))
