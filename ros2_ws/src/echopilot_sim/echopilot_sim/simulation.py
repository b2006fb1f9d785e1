"""The simulated robot over the virtual patient, one control tick at a time, in simulated time."""

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np

from echopilot_core import (
    Array,
    BodyLandmarks,
    BodySurface,
    EchoPilotError,
    Frame,
    ManualClock,
    RobotInputs,
    RobotState,
    SafeTwist,
    SafetyMode,
    SafetyState,
    ScannerSettings,
    se3,
)
from echopilot_core.timing import TICK_NS
from echopilot_sim.anatomy import Anatomy, Patient, build
from echopilot_sim.arm.arm_models import ArmName, arm_model
from echopilot_sim.arm.mujoco_arm import JointState
from echopilot_sim.arm.robot import SimulatedRobot
from echopilot_sim.bmode import Renderer
from echopilot_sim.bmode.imaging_limits import check_imaging
from echopilot_sim.frame_schedule import STEP_NS, FrameSchedule
from echopilot_sim.frame_state import FrameState, Phases
from echopilot_sim.physics.coupling_gel import PLENTY_M
from echopilot_sim.physics.patient_world import PatientWorld

__all__ = ["START_POSE", "STEPS_PER_TICK", "STEP_NS", "SimConfig", "Simulation", "Tick"]


STEPS_PER_TICK = TICK_NS // STEP_NS
START_POSE = se3.transform(np.diag([1.0, -1.0, -1.0]), np.array([0.50, 0.0, 0.25]))  # 15 cm over the nominal xiphoid


@dataclass(frozen=True)
class SimConfig:
    """Configuration of the simulation; only tests switch disturbances off."""

    frame_hz: float = 30.0
    image_latency_ns: int = 60_000_000
    command_latency_steps: int = 5
    quality: Literal["full", "fast"] = "full"  # of the images
    breathing: bool = True
    joint_friction: bool = True
    sensor_errors: bool = True
    arm: ArmName = "fr3_like"
    gel_m: float = PLENTY_M  # film of coupling gel at the start; see coupling_gel.py

    def __post_init__(self) -> None:
        """Raise EchoPilotError for a frame rate or a latency that the clock of the physics cannot keep."""
        if not 1.0 <= self.frame_hz <= 100.0:
            raise EchoPilotError(f"frame rate {self.frame_hz} Hz is impossible; choose 1 to 100 Hz")
        if self.command_latency_steps not in range(STEPS_PER_TICK):
            raise EchoPilotError(f"command latency {self.command_latency_steps} ms is impossible; choose 0 to 9 ms")
        if not 0.0 <= self.gel_m <= 0.1:
            raise EchoPilotError(f"gel {self.gel_m} m is impossible; choose 0 to 0.1 m")
        arm_model(self.arm)


@dataclass(frozen=True)
class Tick:
    """One control tick: the robot at its end and the states of the frames acquired during it."""

    robot: RobotState
    acquisitions: tuple[FrameState, ...]


class Simulation:
    """`robot` (a SimulatedRobot) over `world` (a PatientWorld), and the scanner.

    The same patient, configuration and commands give the same bytes.
    """

    def __init__(self, patient: Patient | Anatomy, config: SimConfig = SimConfig()) -> None:
        """A patient's anatomy is built for the first frame; an Anatomy is used as it is."""
        self._anatomy = patient if isinstance(patient, Anatomy) else None
        self.patient = patient.patient if isinstance(patient, Anatomy) else patient
        self.config = config
        self.imaging = ScannerSettings()
        self._clock = ManualClock()
        self.world = PatientWorld(self.patient, self._clock, config.breathing, config.gel_m)
        self.robot = SimulatedRobot(
            START_POSE, arm_model(config.arm), self.patient.seed, config.joint_friction, config.sensor_errors
        )
        self._frames = FrameSchedule(config.frame_hz, config.image_latency_ns)
        self._sequence = 0

    def restarted(self) -> "Simulation":
        """The same patient and configuration at time zero; an anatomy that is built already is kept."""
        return Simulation(self._anatomy or self.patient, self.config)

    @property
    def anatomy(self) -> Anatomy:
        """The patient's anatomy, built when first needed."""
        if self._anatomy is None:
            self._anatomy = build(self.patient)
        return self._anatomy

    @cached_property
    def _renderer(self) -> Renderer:
        return Renderer(self.anatomy, self.config.quality)

    @property
    def now_ns(self) -> int:
        """Simulated time [ns]."""
        return self._clock.now_ns()

    @property
    def true_normal_force_n(self) -> float:
        """Pressing force now [N] along probe z."""
        return self.world.normal_force_n

    @property
    def max_normal_force_n(self) -> float:
        """Largest true pressing force [N] of any physics step."""
        return self.world.max_normal_force_n

    @property
    def limit_crossings(self) -> int:
        """Physics steps with a true pressing force above 20 N."""
        return self.world.limit_crossings

    @property
    def gel_m(self) -> float:
        """Film of gel [m] on the face."""
        return self.world.gel_m

    @property
    def joint_state(self) -> JointState:
        """Joints now."""
        return self.robot.joint_state

    @property
    def joint_limits_rad(self) -> Array:
        """Lower and upper limit of every joint (n, 2) [rad]."""
        return self.robot.joint_limits_rad

    @property
    def raw_wrench(self) -> Array:
        """Force sensor now (6,) [N, N m], with tool weight and bias."""
        return self.robot.sensor.raw.copy()

    def step(self, command: SafeTwist | None) -> Tick:
        """Advance one control tick (10 ms); `command` answers the last tick's state and acts 5 ms later.

        For loops in one process, where only the safety monitor sends: the robot side assumes that safety is OK.
        """
        well = SafetyState(self.now_ns, SafetyMode.OK, (), soft_cap_n=math.inf, trip_force_n=math.inf)
        return self.advance(RobotInputs(command, well))

    def advance(self, inputs: RobotInputs) -> Tick:
        """Advance one control tick (10 ms); `inputs` answer the last tick's state and reach the arm 5 ms later."""
        clock, robot, world = self._clock, self.robot, self.world
        now_ns = clock.now_ns()
        frame_ns = self._frames.stamp_ns(self._sequence)
        frame_states = []
        if now_ns == frame_ns:  # at the start of all
            frame_states.append(self._frame_state())
            frame_ns = self._frames.stamp_ns(self._sequence)
        world.renew_skin(robot.rotation, robot.origin_m)
        for i, noise in enumerate(robot.sensor.noise(STEPS_PER_TICK)):
            if i == self.config.command_latency_steps:
                robot.receive(inputs, now_ns)
            robot.step(now_ns, noise, world.wrench)
            now_ns += STEP_NS
            clock.advance_to(now_ns)
            world.step(robot.rotation, robot.origin_m, robot.twist)
            if now_ns == frame_ns:
                frame_states.append(self._frame_state())
                frame_ns = self._frames.stamp_ns(self._sequence)
        world.wear_gel(robot.rotation, robot.twist)
        return Tick(robot.state(now_ns, now_ns // TICK_NS, self._frames.due_sequence(now_ns)), tuple(frame_states))

    def render(self, frame_state: FrameState) -> Frame:
        """Render a frame state; late calls, or none, change nothing else."""
        return self._renderer.render(frame_state)

    def surface(self) -> BodySurface:
        """Skin surface of the depth camera now."""
        return self.world.surface()

    def landmarks(self) -> BodyLandmarks:
        """Landmarks that the operator marked before the exam, on breathing skin; fixed when the patient shifts."""
        return self.world.landmarks()

    def set_imaging(self, settings: ScannerSettings) -> None:
        """Scanner settings of the frames from now on; raises EchoPilotError, changing nothing, for impossible ones."""
        check_imaging(settings)
        self.imaging = settings

    def phases(self, now_ns: int | None = None) -> Phases:
        """Where the patient is in the heart and breathing cycles at a time [ns], by default now."""
        return self.world.phases(now_ns)

    def shift_patient(self, translation_m: Array, yaw_rad: float = 0.0) -> None:
        """The patient moves, as in `PatientWorld.shift`."""
        self.world.shift(translation_m, yaw_rad)

    def sway_patient(self, swing_m: Array, rate_hz: float) -> None:
        """The patient swings, as in `PatientWorld.sway`."""
        self.world.sway(swing_m, rate_hz)

    def bias_force(self, wrench: Array) -> None:
        """Add a lasting error (6,) [N, N m], in probe at its origin, to what the force sensor reads from now on."""
        self.robot.sensor.add_bias(wrench)

    def apply_gel(self, gel_m: float) -> None:
        """Put a fresh film of gel [m] on the face."""
        self.world.gel_m = gel_m

    def _frame_state(self) -> FrameState:
        sequence, self._sequence = self._sequence, self._sequence + 1
        return self.world.frame_state(sequence, self.robot.arm.pose(), self.imaging)
