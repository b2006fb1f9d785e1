"""The FR3 of patient_server.py with the product's driver, bridge and force law, driven tick by tick by a test."""

import json
import os
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np

from echopilot_control.force.regulator import ForceReading, ForceRegulator
from echopilot_control.force.tare import Tool
from echopilot_core import Array, RobotInputs, RobotState, SafeTwist, SafetyMode, SafetyState
from echopilot_core.paths import share_file
from echopilot_robot.bridge.robot import BridgedRobot
from echopilot_robot.bridge.settings import BridgeSettings
from echopilot_robot.fr3.driver import Fr3Arm

SERVER = Path(__file__).with_name("patient_server.py")
URDF = share_file("echopilot_description", "urdf/echopilot_fr3.urdf").read_text()
NO_TOOL = Tool(0.0, np.zeros(3), np.zeros(6), np.zeros(2))  # the arm's estimate is without its load
TICK_S = 0.01
CAP_N, TRIP_N = 12.0, 18.0


class PatientArm:
    """Server, driver and bridge; `states` are those of all ticks so far."""

    def __init__(self, host: str, seed: int = 600002) -> None:
        self.server = subprocess.Popen(
            [sys.executable, str(SERVER), host, str(seed)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self.arm: Fr3Arm | None = None
        self._nice = os.getpriority(os.PRIO_PROCESS, 0)
        try:
            hello = self._answer()
            self.caudal = np.array(hello["caudal"])
            self.arm = Fr3Arm(host, URDF)
            self.robot = BridgedRobot(self.arm, URDF, NO_TOOL, BridgeSettings(own_clock=True))
            with suppress(PermissionError):
                os.setpriority(os.PRIO_PROCESS, 0, -10)  # in the place of a node with a machine for itself
            self._force = ForceRegulator(5.0)
            self.states: list[RobotState] = [self.robot.step(RobotInputs(None, None))]
        except BaseException:
            self.close()
            raise

    def ask(self, word: str) -> dict[str, Any]:
        assert self.server.stdin is not None
        self.server.stdin.write(word + "\n")
        self.server.stdin.flush()
        return self._answer()

    def tick(self, along_m_s: Array, setpoint_n: float, limit_m_s: float) -> RobotState:
        """One tick: `along_m_s` (3,) in base beside the force law along probe z."""
        state = self.states[-1]
        z = state.T_base_probe[:3, 2]
        reading = ForceReading(
            state.contact_force_n, float(state.T_base_probe[:3, 3] @ z), float(state.twist[:3] @ z), TICK_S
        )
        self._force.observe(reading)
        twist = np.zeros(6)
        twist[:3] = along_m_s - (along_m_s @ z) * z + self._force.velocity(reading, setpoint_n, CAP_N, limit_m_s) * z
        now_ns = state.stamp_ns
        safety = SafetyState(now_ns, SafetyMode.OK, (), CAP_N, TRIP_N)
        self.states.append(self.robot.step(RobotInputs(SafeTwist(now_ns, twist), safety)))
        return self.states[-1]

    def land(self, setpoint_n: float = 5.0) -> None:
        """Down to the skin at 10 mm/s, then 6 s of holding the set-point."""
        for _ in range(1500):
            if self.tick(np.zeros(3), 2.0, 0.010).contact_force_n > 2.0:
                break
        self._force.reset(self.states[-1].contact_force_n)
        for _ in range(600):
            self.tick(np.zeros(3), setpoint_n, 0.020)

    def close(self) -> None:
        with suppress(PermissionError):
            os.setpriority(os.PRIO_PROCESS, 0, self._nice)
        if self.arm is not None:
            self.arm.close()
        assert self.server.stdin is not None and self.server.stdout is not None
        self.server.stdin.close()
        self.server.stdout.read()
        self.server.wait(10)

    def _answer(self) -> dict[str, Any]:
        assert self.server.stdout is not None
        answer: dict[str, Any] = json.loads(self.server.stdout.readline())
        return answer
