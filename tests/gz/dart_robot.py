"""The simulated robot with Gazebo's DART engine in MuJoCo's place: its joints take velocities."""

from collections import deque

import numpy as np

from echopilot_control.kinematics.arm_model import ArmDynamics
from echopilot_control.kinematics.chain import arm_kinematics
from echopilot_core import RobotState
from echopilot_gz.joints import JointVelocityLoop, joint_efforts
from echopilot_sim.arm.mujoco_arm import DT_S
from echopilot_sim.arm.physics_step import COMMAND, ArmState, drive_arm
from echopilot_sim.arm.robot import SimulatedRobot

from .dart_engine import VELOCITY, ArmStep, DartEngine


class DartRobot(SimulatedRobot):
    """Sensor, watchdog and inverse kinematics of a `SimulatedRobot`; the engine moves the arm under the wrench."""

    def __init__(self, robot: SimulatedRobot, arm: ArmDynamics, engine: DartEngine, late_steps: int = 0) -> None:
        """Take the place of `robot`, where it stands; `arm` is read from the description that the engine has.

        The wrench comes `late_steps` of 1 ms late, as from a patient in another process.
        """
        vars(self).update(vars(robot))
        self._engine, self._model = engine, arm
        n = len(robot.arm.names)
        self._live = ArmState(
            joints=robot.arm.joints.copy(),
            J=np.zeros((6, n)),
            q_rad=robot.arm.data.qpos.copy(),
            velocity_rad_s=np.zeros(n),
            bias_n_m=np.zeros(n),
            rotation=robot.rotation.copy(),
            origin_m=robot.origin_m.copy(),
            com_m=np.zeros(3),
            torque_n_m=np.zeros(n),
            applied=np.zeros(6),
        )
        self.rotation, self.origin_m = self._live.rotation, self._live.origin_m
        self.twist = np.zeros(6)
        self._wrenches = deque(np.zeros((late_steps, 6)))
        self._loop = JointVelocityLoop(n)
        self._take(engine.place(self._live.q_rad))

    def step(self, now_ns: int, noise: np.ndarray, wrench: np.ndarray) -> None:
        """The millisecond that begins at `now_ns`: the same sensor, watchdog and joint velocities, another engine."""
        live = self._live
        live.com_m[:] = live.origin_m  # the engine takes the wrench at the probe's origin
        self._wrenches.append(wrench.copy())
        wrench = self._wrenches.popleft()
        drive_arm(now_ns, DT_S, noise, wrench, self.sensor.state, self.watchdog.state, self._allowed_twist, tuple(live))
        velocity = self._loop.step(live.joints[COMMAND], DT_S)
        self._take(self._engine.step(velocity, live.applied, VELOCITY))

    def _take(self, step: ArmStep) -> None:
        live = self._live
        live.q_rad[:], live.velocity_rad_s[:] = step.q_rad, step.velocity_rad_s
        live.rotation[:], live.origin_m[:], self.twist[:] = step.rotation, step.origin_m, step.twist
        at = arm_kinematics(self._model, live.q_rad)
        live.J[:] = at.J
        self.arm.data.qpos[:], self.arm.data.qvel[:] = live.q_rad, live.velocity_rad_s
        model, speed_rad_s = self._model, live.velocity_rad_s
        self.arm.data.ctrl[:] = joint_efforts(
            step.torque_n_m, at.axis, speed_rad_s, model.damping_n_m_s, model.friction_n_m
        )

    def state(self, now_ns: int, tick: int, due_frame_sequence: int) -> RobotState:
        """State at the end of a control tick, with the joints and the probe of the engine."""
        self.arm.rotation[:], self.arm.origin_m[:] = self.rotation, self.origin_m
        return super().state(now_ns, tick, due_frame_sequence)
