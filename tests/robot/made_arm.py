"""A made `Arm` over the simulator's physics, and the rig of the contract with the bridge in it."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from echopilot_control.force.tare import Tool
from echopilot_core import Array
from echopilot_core.paths import share_file
from echopilot_robot import ArmSample
from echopilot_robot.bridge.robot import BridgedRobot
from echopilot_robot.bridge.settings import BridgeSettings
from echopilot_sim.anatomy import sample_patient
from echopilot_sim.arm.arm_models import ArmName, arm_model
from echopilot_sim.arm.joint_driven import JointDrivenSimulation
from echopilot_sim.arm.sensor import TOOL_COM_M, TOOL_MASS_KG
from echopilot_sim.simulation import SimConfig

TOOL = Tool(TOOL_MASS_KG, np.array(TOOL_COM_M), np.zeros(6), np.zeros(2))
MS = 1_000_000


def urdf_of(arm: ArmName = "fr3_like") -> str:
    return share_file("echopilot_description", arm_model(arm).urdf).read_text()


def settings_of(arm: ArmName = "fr3_like") -> BridgeSettings:
    kind = arm_model(arm)
    return BridgeSettings(rest_rad=tuple(kind.rest_rad), pull_1_s=tuple(kind.pull_1_s))


class MadeArm:
    """An arm in simulated time, which passes while a sample is waited for; `spoil` changes what the driver tells."""

    def __init__(self, arm: ArmName = "fr3_like", rate_hz: int = 500, seed: int = 1, breathing: bool = False) -> None:
        self.simulation = JointDrivenSimulation(
            sample_patient(seed), SimConfig(frame_hz=1.0, breathing=breathing, arm=arm)
        )
        self._steps = round(1000 / rate_hz)
        self.period_ns = self._steps * MS
        self.spoil: Callable[[ArmSample], ArmSample | None] = lambda sample: sample
        self.commands: list[tuple[int, Array]] = []
        self.stops = 0

    @property
    def joint_names(self) -> tuple[str, ...]:
        return self.simulation.joint_state.names

    def read(self, timeout_s: float) -> ArmSample | None:
        self.simulation.run(self._steps)
        joints, now_ns = self.simulation.joint_state, self.simulation.now_ns
        sample = ArmSample(
            now_ns,
            now_ns,
            joints.position_rad,
            joints.velocity_rad_s,
            self.simulation.joints.raw,
            joints.torque_n_m,
        )
        return self.spoil(sample)

    def command(self, velocity_rad_s: Array) -> None:
        self.commands.append((self.simulation.now_ns, velocity_rad_s))
        self.simulation.joints.command(velocity_rad_s)

    def stop(self) -> None:
        self.stops += 1
        self.simulation.joints.command(np.zeros(len(self.joint_names)))

    def close(self) -> None:
        self.stop()


class BridgedRig:
    """The rig of the contract: the bridge over a made arm, whose surface is a patient who holds the breath."""

    def __init__(self, arm: ArmName = "fr3_like", rate_hz: int = 500, **changes: object) -> None:
        self._kind, self._rate_hz, self._changes = arm, rate_hz, changes

    def robot(self) -> BridgedRobot:
        self.arm = MadeArm(self._kind, self._rate_hz)
        settings = replace(settings_of(self._kind), **self._changes)
        return BridgedRobot(self.arm, urdf_of(self._kind), TOOL, settings)

    def move_surface(self, towards_probe_m: float) -> None:
        simulation = self.arm.simulation
        simulation.shift_patient(-towards_probe_m * simulation.robot.rotation[:, 2])

    def witness_force_n(self) -> float:
        return self.arm.simulation.true_normal_force_n
