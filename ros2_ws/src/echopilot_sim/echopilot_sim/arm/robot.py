"""The simulated robot: arm, joint loop, force sensor and command watchdog, stepped by 1 ms."""

import numpy as np

from echopilot_core import Array, RobotInputs, RobotState
from echopilot_core.robot_side.command_watchdog import CommandWatchdog
from echopilot_sim.arm.arm_models import ArmModel
from echopilot_sim.arm.mujoco_arm import DT_S, ArmPhysics, JointState
from echopilot_sim.arm.physics_step import drive_arm, update_kinematics
from echopilot_sim.arm.sensor import ForceSensor
from echopilot_sim.arm.servo import FRICTION_N_M


class SimulatedRobot:
    """The arm without a patient, under the wrench that it is given.

    `rotation` (3, 3), `origin_m` (3,) and `twist` (6,) are the probe in base: live arrays.
    """

    def __init__(
        self, T_base_probe: Array, kind: ArmModel, seed: int, joint_friction: bool = True, sensor_errors: bool = True
    ) -> None:
        """At rest with the probe at `T_base_probe` (4, 4); `seed` fixes noise and bias of the force sensor.

        Raises EchoPilotError when the arm cannot reach the pose.
        """
        self.arm = arm = ArmPhysics(T_base_probe, FRICTION_N_M if joint_friction else 0.0, kind)
        self.sensor = ForceSensor(seed, DT_S, sensor_errors)
        self.watchdog = CommandWatchdog()
        self.rotation, self.origin_m, self.twist = arm.rotation, arm.origin_m, arm.twist
        self._allowed_twist = np.zeros(6)  # after the watchdog

    def receive(self, inputs: RobotInputs, now_ns: int) -> None:
        """Pass the inputs that reach the arm at a time [ns] to the watchdog, which takes or refuses them."""
        self.watchdog.take(inputs, now_ns, self.rotation[:, 2])

    def step(self, now_ns: int, noise: Array, wrench: Array) -> None:
        """The millisecond that begins at `now_ns`, under the contact `wrench` (6,), in probe at its origin.

        `noise` (2, 6) is a sample of the sensor's `noise`.
        """
        arm = self.arm
        drive_arm(now_ns, DT_S, noise, wrench, self.sensor.state, self.watchdog.state, self._allowed_twist, arm.arrays)
        arm.advance()
        update_kinematics(*arm.kinematics)

    def state(self, now_ns: int, tick: int, due_frame_sequence: int) -> RobotState:
        """State of the robot at the end of a control tick."""
        joints = self.arm.joint_state()
        return RobotState(
            stamp_ns=now_ns,
            tick=tick,
            T_base_probe=self.arm.pose(),
            twist=self.twist.copy(),
            wrench=self.sensor.measured.copy(),
            joint_position_rad=joints.position_rad,
            joint_velocity_rad_s=joints.velocity_rad_s,
            mode=self.watchdog.mode,
            due_frame_sequence=due_frame_sequence,
            joint_names=joints.names,
            joint_effort_n_m=joints.torque_n_m,
        )

    @property
    def joint_state(self) -> JointState:
        """Joints now."""
        return self.arm.joint_state()

    @property
    def joint_limits_rad(self) -> Array:
        """Lower and upper limit of every joint (n, 2) [rad]."""
        return np.column_stack([self.arm.lower_rad, self.arm.upper_rad])
