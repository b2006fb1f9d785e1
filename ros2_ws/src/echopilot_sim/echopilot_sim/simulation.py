"""The virtual patient and the arm, one control tick at a time; everything that happens in simulated time."""

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from echopilot_core import BodyLandmarks, BodySurface, EchoPilotError, Frame, RobotState, SafeTwist, se3
from echopilot_sim.anatomy import Anatomy, Patient, build
from echopilot_sim.anatomy.rhythm import heart_phase
from echopilot_sim.anatomy.skin import Skin, apex_beat
from echopilot_sim.arm import loop
from echopilot_sim.arm.guard import Guard
from echopilot_sim.arm.kinds import ArmName, arm_kind
from echopilot_sim.arm.model import Arm, JointState
from echopilot_sim.arm.sensor import ForceSensor
from echopilot_sim.arm.servo import FRICTION_N_M
from echopilot_sim.bmode import Renderer
from echopilot_sim.body import Body
from echopilot_sim.breathing import breathing_phase
from echopilot_sim.contact import CELL_AREA_M2, face_points
from echopilot_sim.gel import PLENTY_M, bridged_gap_m, friction, worn
from echopilot_sim.imaging_limits import check_imaging
from echopilot_sim.moment import ImagingSettings, Moment, Phases
from echopilot_sim.placement import Placement
from echopilot_sim.skin_patch import element_gaps, empty_planes, take_planes

Array = NDArray[np.float64]

STEP_NS = 1_000_000
STEPS_PER_TICK = 10
HARD_LIMIT_N = 20.0
START_POSE = se3.transform(np.diag([1.0, -1.0, -1.0]), np.array([0.50, 0.0, 0.25]))  # 15 cm over the nominal xiphoid


@dataclass(frozen=True)
class SimConfig:
    """How the simulation runs; disturbances are switched off by tests only."""

    frame_hz: float = 30.0
    image_latency_ns: int = 60_000_000
    command_latency_steps: int = 5
    quality: Literal["full", "fast"] = "full"  # of the pictures
    breathing: bool = True
    joint_friction: bool = True
    sensor_errors: bool = True
    arm: ArmName = "fr3_like"
    gel_m: float = PLENTY_M  # film of coupling gel at the start; see gel.py

    def __post_init__(self) -> None:
        """Raise EchoPilotError for a frame rate or a latency that the clock of the physics cannot keep."""
        if not 1.0 <= self.frame_hz <= 100.0:
            raise EchoPilotError(f"frame rate {self.frame_hz} Hz is impossible; choose 1 to 100 Hz")
        if self.command_latency_steps not in range(STEPS_PER_TICK):
            raise EchoPilotError(f"command latency {self.command_latency_steps} ms is impossible; choose 0 to 9 ms")
        if not 0.0 <= self.gel_m <= 0.1:
            raise EchoPilotError(f"gel {self.gel_m} m is impossible; choose 0 to 0.1 m")
        arm_kind(self.arm)


@dataclass(frozen=True)
class Tick:
    """One control tick: the robot at its end and the moments of the frames acquired during it."""

    robot: RobotState
    moments: tuple[Moment, ...]


class Simulation:
    """A patient under the arm. The same patient, configuration and commands give the same bytes.

    `limit_crossings` counts physics steps with a true normal force above 20 N, `max_normal_force_n` is its maximum.
    """

    def __init__(self, patient: Patient | Anatomy, config: SimConfig = SimConfig()) -> None:
        """A patient is built when a picture is first asked for; an Anatomy is taken as it is."""
        if isinstance(patient, Anatomy):
            self.anatomy, self.patient = patient, patient.patient
        else:
            self.patient = patient
        self.config = config
        self.imaging = ImagingSettings()
        self.limit_crossings = 0
        self.max_normal_force_n = 0.0
        self.gel_m = config.gel_m
        self._skin = Skin(self.patient.torso, self.patient.heart)
        self._body = Body(self.patient)
        self._placement = Placement(self.patient.T_base_patient)
        self._arm = Arm(START_POSE, FRICTION_N_M if config.joint_friction else 0.0, arm_kind(config.arm))
        self._sensor = ForceSensor(self.patient.seed, STEP_NS * 1e-9, config.sensor_errors)
        self._guard = Guard()
        self._face = face_points()
        self._planes = empty_planes(len(self._face))
        self._wrench = np.zeros(6)
        self._asked = np.zeros(6)  # twist that the guard lets through
        self._step = 0
        self._sequence = 0

    @cached_property
    def anatomy(self) -> Anatomy:
        """The patient's organs, baked when first needed."""
        return build(self.patient)

    @cached_property
    def _renderer(self) -> Renderer:
        return Renderer(self.anatomy, self.config.quality)

    @property
    def now_ns(self) -> int:
        """Simulated time [ns]."""
        return self._step * STEP_NS

    @property
    def true_wrench(self) -> Array:
        """What the patient does to the probe now (6,) [N, N m], in probe at its origin, without sensor errors."""
        return self._wrench.copy()

    @property
    def true_normal_force_n(self) -> float:
        """Pressing force now [N] along probe z."""
        return -float(self._wrench[2])

    @property
    def joint_state(self) -> JointState:
        """Joints now."""
        return self._arm.joint_state()

    @property
    def joint_limits_rad(self) -> Array:
        """Lower and upper limit of every joint (n, 2) [rad]."""
        return np.column_stack([self._arm.lower_rad, self._arm.upper_rad])

    @property
    def raw_wrench(self) -> Array:
        """Force sensor now (6,) [N, N m], with tool weight and bias."""
        return self._sensor.raw.copy()

    def step(self, command: SafeTwist | None) -> Tick:
        """Advance one control tick (10 ms); `command` answers the last tick's state and acts 5 ms later."""
        moments = [self._moment()] if self._step == 0 else []
        self._take_planes()
        arm, noise, dt_s = self._arm, self._sensor.noise(STEPS_PER_TICK), STEP_NS * 1e-9
        slippery = friction(self.gel_m)
        for i in range(STEPS_PER_TICK):
            if command is not None and i == self.config.command_latency_steps:
                self._guard.offer(command, self.now_ns)
            loop.drive(
                self._step * STEP_NS,
                dt_s,
                self._sensor.state,
                noise[i],
                self._guard.state,
                self._asked,
                self._wrench,
                arm.joints,
                arm.J,
                *arm.torques,
            )
            arm.advance()
            self._step += 1
            loop.feel(
                *arm.axes,
                arm.J,
                arm.rotation,
                arm.origin_m,
                arm.twist,
                self._face,
                self._planes,
                (i + 1) * dt_s,
                slippery,
                self._wrench,
            )
            force_n = -self._wrench[2]
            if force_n > self.max_normal_force_n:
                self.max_normal_force_n = float(force_n)
            self.limit_crossings += bool(force_n > HARD_LIMIT_N)
            if self.now_ns == self._frame_stamp_ns(self._sequence):
                moments.append(self._moment())
        self._wear_gel(STEPS_PER_TICK * dt_s)
        return Tick(self._robot_state(), tuple(moments))

    def render(self, moment: Moment) -> Frame:
        """Picture of a frozen moment; may be called late or not at all without changing anything else."""
        return self._renderer.render(moment)

    def surface(self) -> BodySurface:
        """What the depth camera sees now."""
        phases = self.phases()
        T_base_patient = self._placement.at(self.now_ns)
        return self._body.surface(self.now_ns, T_base_patient, phases.breathing, apex_beat(phases.heart))

    def landmarks(self) -> BodyLandmarks:
        """Where the operator pointed before the exam, on skin that breathes; they do not follow a shifted patient."""
        return self._body.landmarks(self.now_ns, self.phases().breathing)

    def set_imaging(
        self,
        preset: str,
        depth_m: float = 0.16,
        gain_db: float = 0.0,
        focus_m: float = 0.08,
        dynamic_range_db: float = 60.0,
        tgc_db: tuple[float, ...] = (0.0,) * 8,
        compounding: int = 1,
        persistence: float = 0.0,
    ) -> None:
        """Scanner settings of the frames from now on; raises EchoPilotError, changing nothing, for impossible ones."""
        asked = ImagingSettings(preset, depth_m, gain_db, focus_m, dynamic_range_db, tgc_db, compounding, persistence)
        check_imaging(asked)
        self.imaging = asked

    def phases(self, now_ns: int | None = None) -> Phases:
        """Where the patient is in the heart and breathing cycles at a time [ns], by default now."""
        time_s = (self.now_ns if now_ns is None else now_ns) * 1e-9
        heart = heart_phase(self.patient, time_s)
        if not self.config.breathing:
            return Phases(heart)
        return Phases(heart, breathing_phase(self.patient, time_s))

    def shift_patient(self, translation_m: Array, yaw_rad: float = 0.0) -> None:
        """The patient moves (a cough, a roll): over half a second by (3,) [m] in base and a yaw about the vertical.

        Raises EchoPilotError, moving nothing, for more than 0.1 m or 0.35 rad.
        """
        self._placement.shift(translation_m, yaw_rad, self.now_ns)

    def sway_patient(self, swing_m: Array, rate_hz: float) -> None:
        """The patient swings from now on by (3,) [m] in base, peak to peak, at a rate [Hz]; zeros end it.

        Raises EchoPilotError, moving nothing, for more than 0.05 m or 2 Hz.
        """
        self._placement.sway(swing_m, rate_hz, self.now_ns)

    def bias_force(self, wrench: Array) -> None:
        """Add a lasting error (6,) [N, N m], in probe at its origin, to what the force sensor reads from now on."""
        self._sensor.add_bias(wrench)

    def apply_gel(self, gel_m: float) -> None:
        """Put a fresh film of gel [m] on the face."""
        self.gel_m = gel_m

    def _wear_gel(self, dt_s: float) -> None:
        force_n = self.true_normal_force_n
        if force_n <= 0.0:
            self.gel_m = worn(self.gel_m, 0.0, 0.0, dt_s)
            return
        slide_m_s = math.hypot(*(self._arm.rotation[:, :2].T @ self._arm.twist[:3]))
        self.gel_m = worn(self.gel_m, slide_m_s * dt_s, force_n / (CELL_AREA_M2 * len(self._face)), dt_s)

    def _take_planes(self) -> None:
        later_ns = self.now_ns + STEPS_PER_TICK * STEP_NS
        now, later = self.phases(), self.phases(later_ns)
        take_planes(
            self._skin.parameters,
            self._placement.at(self.now_ns),
            self._placement.at(later_ns),
            self._arm.rotation,
            self._arm.origin_m,
            self._face,
            np.array([[now.breathing, apex_beat(now.heart)], [later.breathing, apex_beat(later.heart)]]),
            STEPS_PER_TICK * STEP_NS * 1e-9,
            self._planes,
        )

    def _frame_stamp_ns(self, sequence: int) -> int:
        return round(sequence * 1e9 / self.config.frame_hz / STEP_NS) * STEP_NS

    def _moment(self) -> Moment:
        T_base_probe = self._arm.pose()
        T_patient_probe = se3.inverse(self._placement.at(self.now_ns)) @ T_base_probe
        phases = self.phases()
        sequence, self._sequence = self._sequence, self._sequence + 1
        return Moment(
            stamp_ns=self.now_ns,
            sequence=sequence,
            T_base_probe=T_base_probe,
            T_patient_probe=T_patient_probe,
            phases=phases,
            gap_m=element_gaps(self._skin, T_patient_probe, phases),
            contact_force_n=self.true_normal_force_n,
            imaging=self.imaging,
            flicker_seed=(self.patient.seed * 1_000_003 + sequence) % 2**31,
            gel_m=bridged_gap_m(self.gel_m),
        )

    def _robot_state(self) -> RobotState:
        joints = self._arm.joint_state()
        due_ns = self.now_ns - self.config.image_latency_ns
        due = math.floor(due_ns * 1e-9 * self.config.frame_hz) + 1
        while due >= 0 and self._frame_stamp_ns(due) > due_ns:
            due -= 1
        return RobotState(
            stamp_ns=self.now_ns,
            tick=self._step // STEPS_PER_TICK,
            T_base_probe=self._arm.pose(),
            twist=self._arm.twist.copy(),
            wrench=self._sensor.measured.copy(),
            joint_position_rad=joints.position_rad,
            joint_velocity_rad_s=joints.velocity_rad_s,
            mode=self._guard.mode,
            due_frame_sequence=due,
        )
