"""The force on the probe out of raw readings: true for a sensor anywhere on the tool, delayed as stated, tared."""

from dataclasses import replace

import numpy as np
import pytest
from made_arm import MS, TOOL, urdf_of

from echopilot_control.force.tare import Tool
from echopilot_control.kinematics.urdf import fixed_pose
from echopilot_core import EchoPilotError, se3
from echopilot_robot.bridge.faults import ArmFaultKind
from echopilot_robot.bridge.filter import MeanFilter
from echopilot_robot.bridge.force import BIAS_N, ContactForce, described_tool
from echopilot_robot.bridge.settings import BridgeSettings
from echopilot_sim.arm.sensor import TOOL_COM_M, TOOL_MASS_KG

DOWN = np.diag([1.0, -1.0, -1.0])
PRESSED = np.array([1.0, -0.5, -5.0, 0.02, 0.01, 0.0])
BIAS = np.array([2.0, -1.0, 3.0, 0.1, 0.0, -0.1])
SENSOR = "force_torque_sensor"


def raw_reading(tool: Tool, bias: np.ndarray, rotation: np.ndarray, link: str, pressed: np.ndarray) -> np.ndarray:
    """Reading (6,) of a sensor at a link while `pressed` (6,) acts on the probe, by statics alone."""
    T_sensor_probe = se3.inverse(fixed_pose(urdf_of(), link))
    force = T_sensor_probe[:3, :3] @ pressed[:3]
    torque = T_sensor_probe[:3, :3] @ pressed[3:] + np.cross(T_sensor_probe[:3, 3], force)
    return np.concatenate([force, torque]) + tool.weight(rotation @ T_sensor_probe[:3, :3].T) + bias


@pytest.mark.parametrize("link", ["probe", SENSOR, "flange"])
@pytest.mark.parametrize("sign", [1, -1])
def test_a_sensor_at_any_link_of_the_tool_tells_the_force_on_the_probe(link: str, sign: int) -> None:
    settings = BridgeSettings(sensor_link=link, sensor_sign=sign, filter_ns=0)
    force = ContactForce(urdf_of(), TOOL, settings, 2 * MS)
    assert force.tare([sign * raw_reading(TOOL, BIAS, DOWN, link, np.zeros(6))], DOWN) is None
    tilted = DOWN @ se3.so3_exp(np.array([0.4, -0.3, 0.8]))
    told = force.on_probe(sign * raw_reading(TOOL, BIAS, tilted, link, PRESSED), tilted)
    assert told == pytest.approx(PRESSED, abs=1e-9)


@pytest.mark.parametrize("link", ["probe", SENSOR])
def test_without_a_calibration_the_tool_is_that_of_the_description(link: str) -> None:
    tool, T_probe_sensor = described_tool(urdf_of(), link), fixed_pose(urdf_of(), link)
    assert tool.mass_kg == pytest.approx(TOOL_MASS_KG, abs=0.01)
    assert se3.apply(T_probe_sensor, tool.com_m) == pytest.approx(np.array(TOOL_COM_M), abs=1e-3)


def test_a_sensor_that_is_not_fixed_to_the_probe_is_refused_with_the_links_that_are() -> None:
    with pytest.raises(EchoPilotError, match=r"'link3' is not fixed to 'probe'; choose from: flange, force_torque"):
        ContactForce(urdf_of(), TOOL, BridgeSettings(sensor_link="link3"), MS)


def test_a_touch_while_taring_is_named_where_the_bias_is_known() -> None:
    known = replace(TOOL, bias=BIAS)
    force = ContactForce(urdf_of(), known, BridgeSettings(filter_ns=0), MS)
    touched = np.array([0.0, 0.0, -BIAS_N - 1.0, 0.0, 0.0, 0.0])
    fault = force.tare([raw_reading(TOOL, BIAS, DOWN, "probe", touched)], DOWN)
    assert fault is not None and fault.kind is ArmFaultKind.TARE
    assert "6.0 N and 0.00 N m more" in fault.text and "expected: at most 5 N" in fault.text
    assert force.bias == pytest.approx(BIAS)
    assert force.tare([raw_reading(TOOL, BIAS, DOWN, "probe", 0.2 * touched)], DOWN) is None


@pytest.mark.parametrize(("window_ms", "period_ms", "delay_ns"), [(4, 2, MS), (10, 2, 4 * MS), (4, 10, 0), (0, 1, 0)])
def test_the_filter_is_delayed_as_it_says(window_ms: int, period_ms: int, delay_ns: int) -> None:
    kept = MeanFilter(window_ms * MS, period_ms * MS)
    assert kept.delay_ns == delay_ns
    ramp = [kept.take(np.full(6, 1e-3 * k * period_ms)) for k in range(50)]  # 1 N/s
    assert 49e-3 * period_ms - ramp[-1][2] == pytest.approx(1e-9 * delay_ns, abs=1e-12)
