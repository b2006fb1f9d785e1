"""The robot side of an arm that Gazebo moves: watchdog, inverse kinematics and compensation of the tool's weight."""

import mujoco
import numpy as np

from echopilot_control.kinematics.urdf import PROBE
from echopilot_core import Array
from echopilot_core.paths import share_file
from echopilot_core.robot_side.command_watchdog import watchdog_twist
from echopilot_gz.engine import EngineState
from echopilot_gz.joints import JointVelocityLoop, joint_efforts
from echopilot_robot.bridge.force import described_tool
from echopilot_sim.arm.arm_models import ArmModel
from echopilot_sim.arm.physics_step import COMMAND, follow_twist, update_kinematics
from echopilot_sim.arm.robot import SimulatedRobot
from echopilot_sim.arm.sensor import MEASURED, RAW

_NO_CONTACT = np.zeros(6)  # the engine has the contact


class EngineRobot(SimulatedRobot):
    """The contract of the simulated arm, with the joints, the probe and the force sensor of another engine.

    MuJoCo's model of the same description serves for kinematics alone.
    """

    def __init__(self, T_base_probe: Array, kind: ArmModel, state: EngineState) -> None:
        """Stand as `state` says; `T_base_probe` (4, 4) is any pose that the arm can reach."""
        super().__init__(T_base_probe, kind, seed=0, sensor_errors=False)
        described = mujoco.MjSpec.from_file(str(share_file("echopilot_description", kind.urdf))).compile()
        self._axis = described.jnt_axis.copy()
        self._damping_n_m_s, self._friction_n_m = described.dof_damping.copy(), described.dof_frictionloss.copy()
        self._tool = described_tool(share_file("echopilot_description", kind.urdf).read_text(), PROBE)
        self._loop = JointVelocityLoop(described.nv)
        self.take(state)

    def take(self, state: EngineState) -> None:
        """Stand as a state of the engine says; what the sensor measures is its wrench without the tool's weight."""
        arm, data = self.arm, self.arm.data
        data.qpos[:], data.qvel[:] = state.position_rad, state.velocity_rad_s
        mujoco.mj_kinematics(arm.model, data)
        update_kinematics(*arm.kinematics)
        data.ctrl[:] = joint_efforts(
            state.torque_n_m, self._axis, state.velocity_rad_s, self._damping_n_m_s, self._friction_n_m
        )
        self.sensor.state[RAW] = state.wrench
        self.sensor.state[MEASURED] = self._tool.contact(state.wrench, self.rotation)

    def velocities(self, now_ns: int, dt_s: float) -> Array:
        """Joint velocities (n,) [rad/s] to command for the `dt_s` seconds that begin at `now_ns`.

        They follow the twist that the watchdog allows, as the joint loop of an arm would.
        """
        arm = self.arm
        pressing_n = -float(self.sensor.measured[2])
        watchdog_twist(self.watchdog.state, now_ns, dt_s, pressing_n, self.rotation[:, 2], self._allowed_twist)
        follow_twist(self._allowed_twist, _NO_CONTACT, dt_s, arm.arrays)  # the torques that it fills nobody uses
        return self._loop.step(arm.joints[COMMAND], dt_s)
