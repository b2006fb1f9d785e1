"""The closed loop on a plant that stands still, with a controller and a source of goals that only remember."""

from collections.abc import Callable
from dataclasses import dataclass

import gantry
import numpy as np
from control_world import EMPTY_MAP, FRAME_TICKS, GEOMETRY, IMAGE_LATENCY_NS, XIPHOID
from good_evidence import NOISE, trunk

from echopilot_control.controller import ControlOutput
from echopilot_control.loop import ClosedLoop, Directive, Disturbances, LoopTick, Reports
from echopilot_control.observation import ControlInputs
from echopilot_control.safety import Limits, SafetyMonitor
from echopilot_core import (
    BodyLandmarks,
    BodySurface,
    ControlGoal,
    ControlPhase,
    ControlStatus,
    GoalKind,
    Outcome,
    PerceptionResult,
    ProbeCommand,
    RobotMode,
    RobotState,
    SafeTwist,
    ScannerSettings,
    View,
    se3,
)
from echopilot_core.timing import EXAM_TICKS, TICK_NS

POSE = se3.transform(se3.so3_exp(np.array([3.0, 0.2, 0.1])), XIPHOID + np.array([0.0, -0.05, 0.10]))


@dataclass(frozen=True)
class PlantTick:
    robot: RobotState
    acquisitions: tuple[PerceptionResult, ...]


class StillPlant:
    """A probe in the air that never moves; a frame in every third tick. Keeps what reaches it and when."""

    def __init__(self, tick: int = 0) -> None:
        self.tick, self.sequence = tick, 0
        self.twists: list[SafeTwist | None] = []
        self.imaging: list[tuple[int, str, float]] = []
        self.read_for: list[tuple[int, ControlGoal]] = []

    def step(self, command: SafeTwist | None) -> PlantTick:
        self.twists.append(command)
        self.tick += 1
        now_ns, zero = self.tick * TICK_NS, np.zeros(6)
        q, dq, at = gantry.joints(POSE, zero)
        wrench = NOISE * np.random.default_rng(self.tick).standard_normal(6)
        effort = gantry.efforts(at, POSE[:3, :3], zero)
        robot = RobotState(
            now_ns, self.tick, POSE.copy(), zero, wrench, q, dq, RobotMode.SERVO, joint_effort_n_m=effort
        )
        return PlantTick(robot, (self._frame(now_ns),) if self.tick % FRAME_TICKS == 0 else ())

    def surface(self) -> BodySurface:
        return BodySurface(self.tick * TICK_NS, trunk(seed=self.tick) + XIPHOID - [0.5, 0.0, 0.2])

    def landmarks(self) -> BodyLandmarks:
        up = np.array([0.0, 0.18, 0.0])
        return BodyLandmarks(0, XIPHOID + up, XIPHOID, XIPHOID - up)

    def set_imaging(self, settings: ScannerSettings) -> None:
        self.imaging.append((self.tick, settings.preset, settings.gain_db))

    def observe(self, acquisition: PerceptionResult, goal: ControlGoal) -> tuple[None, PerceptionResult]:
        self.read_for.append((self.tick, goal))
        return None, acquisition

    def _frame(self, now_ns: int) -> PerceptionResult:
        self.sequence += 1
        even = np.full(len(View), 1.0 / len(View))
        return PerceptionResult(now_ns, self.sequence, GEOMETRY, EMPTY_MAP, (), even, 0.9, np.ones(16), 0.0)


class RememberingController:
    """Keeps its inputs; asks for a motion across the body that tells its ticks apart."""

    def __init__(self) -> None:
        self.taken: list[ControlInputs] = []

    def step(self, inputs: ControlInputs) -> ControlOutput:
        self.taken.append(inputs)
        robot, goal, n = inputs.robot, inputs.goal, len(self.taken)
        twist = np.array([1e-6 * n, 0.0, 0.0, 0.0, 0.0, 0.0])
        sequence = -1 if inputs.result is None else inputs.result.sequence
        command = ProbeCommand(inputs.now_ns, n, twist, 0.0, sequence, 4 * TICK_NS)
        status = ControlStatus(
            inputs.now_ns, robot.tick, goal.goal_id, goal.kind, ControlPhase.IDLE, Outcome.RUNNING, "", 0.0, 0.0,
            robot.contact_force_n, np.nan, 0.0, sequence, np.nan,
        )  # fmt: skip
        return ControlOutput(command, status)


class Goals:
    """Gives goal j at exam tick j; `directive` may say otherwise. Keeps all reports."""

    def __init__(self, directive: Callable[[int, Directive], Directive] = lambda j, usual: usual) -> None:
        self._directive = directive
        self.reports: list[Reports] = []

    def step(self, reports: Reports) -> Directive:
        self.reports.append(reports)
        j = reports.robot.tick // EXAM_TICKS
        return self._directive(j, Directive(ControlGoal(j, GoalKind.HOLD), "", False))


class StillLoop:
    """A loop of all of them; `ticks` are those that were run."""

    def __init__(
        self,
        disturbances: Disturbances | None = None,
        goals: Goals | None = None,
        start: int = 0,
        latency_ns: int = IMAGE_LATENCY_NS,
    ) -> None:
        self.plant, self.controller, self.goals = StillPlant(start), RememberingController(), goals or Goals()
        safety = SafetyMonitor(Limits(), robot_description=gantry.URDF)
        self.loop = ClosedLoop(self.plant, self.plant, self.goals, self.controller, safety, latency_ns, disturbances)
        self.ticks: list[LoopTick[PerceptionResult]] = []

    def run(self, ticks: int) -> "StillLoop":
        self.ticks += [self.loop.step() for _ in range(ticks)]
        return self
