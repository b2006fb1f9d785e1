"""The sensor's reading as the force of the patient on the probe: without weight and bias, filtered, in probe."""

from dataclasses import replace

import numpy as np

from echopilot_control.force.tare import Tool
from echopilot_control.kinematics.arm_model import carried_by
from echopilot_control.kinematics.urdf import fixed_pose
from echopilot_core import Array
from echopilot_robot.bridge.faults import ArmFault, ArmFaultKind
from echopilot_robot.bridge.filter import MeanFilter
from echopilot_robot.bridge.settings import BridgeSettings

BIAS_N, BIAS_N_M = 5.0, 0.5
"""How far the bias at the start may lie from that of the tool's calibration: more is a touch, or another tool."""


def described_tool(urdf: str, sensor_link: str) -> Tool:
    """The tool that a description has at the sensor's link and beyond, of no known bias; ValueError without a mass."""
    mass_kg, com_m = carried_by(urdf, sensor_link)
    return Tool(mass_kg, com_m, np.zeros(6), np.zeros(2))


class ContactForce:
    """Wrenches of a sensor that is fixed to the probe, without the tool's weight and the sensor's bias.

    `tool` is in the sensor's frame. Its bias is that of the calibration until `tare` finds the present one.
    """

    def __init__(self, urdf: str, tool: Tool, settings: BridgeSettings, period_ns: int) -> None:
        """`period_ns` is that of the samples; ValueError for a sensor's link that is not fixed to the probe."""
        T_probe_sensor = fixed_pose(urdf, settings.sensor_link)
        self._R, self._lever_m = T_probe_sensor[:3, :3], T_probe_sensor[:3, 3]
        self._sign, self._calibrated, self._tool = settings.sensor_sign, tool, tool
        self._filter = MeanFilter(settings.filter_ns, period_ns)
        self.delay_ns = self._filter.delay_ns

    def tare(self, readings: list[Array], rotation: Array) -> ArmFault | None:
        """Take the bias from readings (6,) in free air at rest; `rotation` (3, 3) is of the probe in base.

        A fault where it is not that of the calibration, whose bias then stays in use; a calibration without bias (all
        zero) knows none to compare with.
        """
        mean = self._sign * np.mean(readings, axis=0)
        bias = mean - self._calibrated.weight(rotation @ self._R)
        off = bias - self._calibrated.bias
        off_n, off_n_m = float(np.linalg.norm(off[:3])), float(np.linalg.norm(off[3:]))
        if self._calibrated.bias.any() and (off_n > BIAS_N or off_n_m > BIAS_N_M):
            return ArmFault(
                ArmFaultKind.TARE,
                f"{off_n:.1f} N and {off_n_m:.2f} N m more than the weight and the bias of the calibration; expected: "
                f"at most {BIAS_N:g} N and {BIAS_N_M:g} N m. Does something touch the probe, or is it another?",
            )
        self._tool = replace(self._calibrated, bias=bias)
        return None

    @property
    def bias(self) -> Array:
        """The bias (6,) [N, N m] in use, in the sensor's frame."""
        return self._tool.bias

    def on_probe(self, raw: Array, rotation: Array) -> Array:
        """Wrench (6,) of the patient on the probe, in probe at its origin, `delay_ns` ago, after a raw reading (6,)."""
        at_sensor = self._tool.contact(self._sign * raw, rotation @ self._R)
        (x, y, z), (fx, fy, fz) = self._lever_m.tolist(), (self._R @ at_sensor[:3]).tolist()
        tx, ty, tz = (self._R @ at_sensor[3:]).tolist()
        return self._filter.take(
            np.array([fx, fy, fz, tx + y * fz - z * fy, ty + z * fx - x * fz, tz + x * fy - y * fx])
        )
