"""Controller and safety over the bridge, in simulated time: land on a breathing patient, hold 5 N, stop for nothing.

The same as the graph of hardware does in wall time, on a machine of any speed.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pytest
from made_arm import TOOL, MadeArm, settings_of, urdf_of

from echopilot_control.controller import Controller
from echopilot_control.loop import ClosedLoop
from echopilot_control.safety import Limits, SafetyMonitor
from echopilot_core import (
    BodyLandmarks,
    BodySurface,
    Preset,
    RobotInputs,
    RobotMode,
    RobotState,
    SafeTwist,
    SafetyMode,
    SafetyState,
    ScannerSettings,
    View,
)
from echopilot_lab.force_runs.run import SETPOINT_N, Landings
from echopilot_robot.bridge.robot import BridgedRobot

SECONDS = 20.0


@dataclass(frozen=True)
class Tick:
    """A control tick of the plant; nobody looks at images here."""

    robot: RobotState
    acquisitions: Sequence[object] = ()


class BridgedPlant:
    """The bridge over a made arm as the plant of the closed loop."""

    def __init__(self, rate_hz: int) -> None:
        self.arm = MadeArm(rate_hz=rate_hz, seed=600_000, breathing=True)
        self.robot = BridgedRobot(self.arm, urdf_of(), TOOL, settings_of())
        self._last: RobotState | None = None

    def step(self, command: SafeTwist | None) -> Tick:
        now_ns = 0 if self._last is None else self._last.stamp_ns
        well = SafetyState(now_ns, SafetyMode.OK, (), math.inf, math.inf)
        self._last = self.robot.step(RobotInputs(command, well))
        return Tick(self._last)

    def surface(self) -> BodySurface:
        return self.arm.simulation.surface()

    def landmarks(self) -> BodyLandmarks:
        return self.arm.simulation.landmarks()

    def set_imaging(self, settings: ScannerSettings) -> None:
        self.arm.simulation.set_imaging(settings)


@pytest.mark.parametrize("rate_hz", [100, 500])
def test_a_breathing_patient_is_pressed_as_wanted_and_safety_holds_for_nothing(rate_hz: int) -> None:
    plant, limits = BridgedPlant(rate_hz), Limits()
    safety = SafetyMonitor(limits, robot_description=urdf_of())
    loop = ClosedLoop(plant, None, Landings(Preset.ABDOMEN, View.AORTA_TRANS), Controller(limits), safety, 60_000_000)
    ticks = [loop.step() for _ in range(round(100 * SECONDS))]
    held = {t.safety.state.reasons for t in ticks[20:] if t.safety.mode is not SafetyMode.OK}
    assert held == set()
    assert plant.robot.faults == () and ticks[-1].robot.mode is RobotMode.SERVO
    forces = np.array([t.robot.contact_force_n for t in ticks[-500:]])
    rmse_n = float(np.sqrt(np.mean((forces - SETPOINT_N) ** 2)))
    print(f"{rate_hz} Hz: {rmse_n:.2f} N from the set-point, {plant.arm.simulation.max_normal_force_n:.1f} N at most")
    assert rmse_n < 0.6
    assert plant.arm.simulation.max_normal_force_n < 10.0
