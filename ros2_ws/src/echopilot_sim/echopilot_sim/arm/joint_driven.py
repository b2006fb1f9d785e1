"""The simulated arm as a driver offers a real one: joint velocities in, joints and the raw force sensor out."""

import numpy as np

from echopilot_core import Array
from echopilot_sim.anatomy import Anatomy, Patient
from echopilot_sim.arm.arm_models import ArmModel, arm_model
from echopilot_sim.arm.physics_step import COMMAND, SPEED_MAX, follow_velocity, update_kinematics
from echopilot_sim.arm.robot import SimulatedRobot
from echopilot_sim.arm.sensor import RAW, read_sensor
from echopilot_sim.arm.servo import SPEED_SHARE
from echopilot_sim.frame_schedule import STEP_NS
from echopilot_sim.frame_state import FrameState
from echopilot_sim.simulation import START_POSE, STEPS_PER_TICK, SimConfig, Simulation

LATENCY_STEPS = 2  # from a command to the joint loop


class JointDrivenRobot(SimulatedRobot):
    """Arm, joint loop and force sensor, without any law of the robot side: it knows neither twists nor a hold."""

    def __init__(
        self, T_base_probe: Array, kind: ArmModel, seed: int, joint_friction: bool, sensor_errors: bool
    ) -> None:
        super().__init__(T_base_probe, kind, seed, joint_friction, sensor_errors)
        self._waiting = [np.zeros(len(self.arm.names))] * LATENCY_STEPS

    def command(self, velocity_rad_s: Array) -> None:
        """Joint velocities (n,) [rad/s] to follow from 2 ms from now on, within the arm's limits of speed."""
        most = self.arm.joints[SPEED_MAX] / SPEED_SHARE
        self._waiting[-1] = np.clip(velocity_rad_s, -most, most)

    def step(self, now_ns: int, noise: Array, wrench: Array) -> None:
        """The millisecond that begins at `now_ns`, under the contact `wrench` (6,), in probe at its origin."""
        arm = self.arm
        self._waiting = [*self._waiting[1:], self._waiting[-1]]
        arm.joints[COMMAND] = self._waiting[0]
        read_sensor(self.sensor.state, noise, wrench, self.rotation)
        follow_velocity(wrench, 1e-9 * STEP_NS, arm.arrays)
        arm.advance()
        update_kinematics(*arm.kinematics)

    def lift(self, speed_m_s: float) -> None:
        """Take the probe back along its z axis from 2 ms from now on, as a hand does that guides the arm."""
        away = np.concatenate([-speed_m_s * self.rotation[:, 2], np.zeros(3)])
        self.command(np.linalg.pinv(self.arm.J) @ away)

    @property
    def raw(self) -> Array:
        """The sensor's reading (6,) [N, N m], with tool weight and bias, in probe at its origin."""
        return np.asarray(self.sensor.state[RAW]).copy()


class JointDrivenSimulation(Simulation):
    """An arm that is driven by its joints, over a patient; time goes on by milliseconds."""

    def __init__(self, patient: Patient | Anatomy, config: SimConfig) -> None:
        super().__init__(patient, config)
        self.robot = self.joints = JointDrivenRobot(
            START_POSE, arm_model(config.arm), self.patient.seed, config.joint_friction, config.sensor_errors
        )
        self._since_skin = 0

    def run(self, steps: int) -> tuple[FrameState, ...]:
        """Go on by so many milliseconds; the states of the frames acquired meanwhile."""
        clock, robot, world, frames = self._clock, self.robot, self.world, []
        for noise in robot.sensor.noise(steps):
            if self._since_skin % STEPS_PER_TICK == 0:
                world.renew_skin(robot.rotation, robot.origin_m)
            robot.step(clock.now_ns(), noise, world.wrench)
            clock.advance_to(clock.now_ns() + STEP_NS)
            world.step(robot.rotation, robot.origin_m, robot.twist)
            self._since_skin += 1
            if self._since_skin % STEPS_PER_TICK == 0:
                world.wear_gel(robot.rotation, robot.twist)
            if clock.now_ns() >= self._frames.stamp_ns(self._sequence):
                frames.append(self._frame_state())
        return tuple(frames)
