"""Closed loop, tick by tick: order, delays and periods of a run without ROS.

The ROS graph in lockstep computes the same numbers at the same ticks (tests/graph/test_loop_equals_graph.py).
"""

import time
from collections import deque
from dataclasses import dataclass, replace
from typing import Generic, TypeVar

from echopilot_control.controller import ControlOutput
from echopilot_control.goal_schedule import IDLE, GoalSchedule, TimedGoal
from echopilot_control.loop.disturbances import Disturbances
from echopilot_control.loop.interfaces import Directive, GoalSource, Plant, ProbeController, Reports, ResultSource
from echopilot_control.observation import ControlInputs
from echopilot_control.safety import ONE_EACH, SafetyDecision, SafetyMonitor
from echopilot_core import (
    BodyLandmarks,
    BodySurface,
    ControlGoal,
    ControlStatus,
    Frame,
    PerceptionResult,
    ProbeCommand,
    RobotState,
    ScannerSettings,
)
from echopilot_core.se3 import as_transmitted
from echopilot_core.timing import EXAM_TICKS, SURFACE_TICKS

M = TypeVar("M")


@dataclass(frozen=True)
class LoopTick(Generic[M]):
    """All that happened in one control tick.

    `published` is the robot's own state, `robot` the same as everybody received it; `frames` and `results` are those
    acquired in the tick, not those that arrived in it; `directive` is set on exam ticks alone; `compute_s` is the wall
    time of controller and safety [s].
    """

    published: RobotState
    robot: RobotState
    acquisitions: tuple[M, ...]
    frames: tuple[Frame, ...]
    results: tuple[PerceptionResult, ...]
    goal: ControlGoal
    directive: Directive | None
    control: ControlOutput
    safety: SafetyDecision
    landmarks: BodyLandmarks
    compute_s: float


class ClosedLoop(Generic[M]):
    """Plant, perception, goals, controller and safety; deterministic where all of them are.

    Order within a tick: the robot moves under the last answer of safety; frames are acquired and read; results that
    are due arrive; the depth camera looks (every 20th tick); goals and imaging of the last exam tick take effect and
    the goal source decides anew (every 5th tick); the controller computes a command; safety answers it.
    """

    def __init__(
        self,
        plant: Plant[M],
        results: ResultSource[M] | None,
        goals: GoalSource,
        controller: ProbeController,
        safety: SafetyMonitor,
        image_latency_ns: int,
        disturbances: Disturbances | None = None,
    ) -> None:
        """`results` None: nobody reads the frames, as in runs of force alone. `image_latency_ns` is the time from the
        acquisition of a frame to the use of its result [ns].
        """
        self._plant = plant
        self._source = results
        self._goals = goals
        self._controller = controller
        self._safety = safety
        self._disturbances = disturbances or Disturbances()
        self._schedule = GoalSchedule()
        self._goal = IDLE
        self._imaging: ScannerSettings | None = None  # that the scanner was set to
        self._next_preset = ""
        self._latency_ns = image_latency_ns
        self._under_way: deque[tuple[int, PerceptionResult]] = deque()  # time of arrival [ns], result
        self._latest: PerceptionResult | None = None
        self._since_exam_tick: list[PerceptionResult] = []
        self._status: ControlStatus | None = None
        self._decision: SafetyDecision | None = None
        self._surface: BodySurface | None = None
        self._landmarks: BodyLandmarks | None = None
        self._tick = 0
        self._now_ns = 0
        self.done = False

    def step(self) -> LoopTick[M]:
        """One control tick."""
        d = self._disturbances
        self._tick += 1
        d.begin(self._tick, self._now_ns)
        if self._landmarks is None or self._surface is None:
            self._landmarks = d.landmarks(self._plant.landmarks())
            self._surface = d.surface(self._plant.surface())
        step = self._plant.step(d.twist(self._tick, self._decision.twist if self._decision else None))
        robot = d.robot(replace(step.robot, T_base_probe=as_transmitted(step.robot.T_base_probe)))
        self._now_ns = robot.stamp_ns
        acquisitions = tuple(step.acquisitions)
        observed = self._observe(acquisitions)
        self._receive(robot.stamp_ns)
        if robot.tick % SURFACE_TICKS == 0:
            self._surface = d.surface(self._plant.surface())
        directive = self._exam_tick(robot) if robot.tick % EXAM_TICKS == 0 else None
        goal = self._goal = self._schedule.at(robot.tick, robot.stamp_ns, lockstep=True)
        goal = d.goal(self._tick, goal)

        started_s = time.perf_counter()
        control = self._control(robot, goal)
        decision = self._answer(robot, d.command(self._tick, control.command))
        return LoopTick(
            published=step.robot,
            robot=robot,
            acquisitions=acquisitions,
            frames=tuple(frame for frame, _ in observed if frame is not None),
            results=tuple(result for _, result in observed),
            goal=goal,
            directive=directive,
            control=control,
            safety=decision,
            landmarks=self._landmarks,
            compute_s=time.perf_counter() - started_s,
        )

    def _observe(self, acquisitions: tuple[M, ...]) -> list[tuple[Frame | None, PerceptionResult]]:
        observed: list[tuple[Frame | None, PerceptionResult]] = []
        for acquisition in acquisitions:
            if self._source is None or self._disturbances.loses_frame(acquisition):
                continue
            frame, result = self._source.observe(acquisition, self._goal)
            due_ns = result.stamp_ns + self._latency_ns + self._disturbances.extra_delay_ns(result)
            if self._under_way:
                due_ns = max(due_ns, self._under_way[-1][0])
            self._under_way.append((due_ns, result))
            observed.append((frame, result))
        return observed

    def _receive(self, now_ns: int) -> None:
        while self._under_way and self._under_way[0][0] <= now_ns:
            self._latest = self._disturbances.result(self._under_way.popleft()[1], now_ns)
            self._since_exam_tick.append(self._latest)

    def _exam_tick(self, robot: RobotState) -> Directive:
        """Let the preset of the last exam tick take effect, then ask for the next directive."""
        imaging = ScannerSettings(self._next_preset, gain_db=self._disturbances.gain_db())
        if imaging != self._imaging and self._next_preset:
            self._imaging = imaging
            self._plant.set_imaging(imaging)
        safety = self._decision.state if self._decision else None
        reports = Reports(robot.stamp_ns, robot, self._status, safety, tuple(self._since_exam_tick))
        directive = self._goals.step(reports)
        self._since_exam_tick = []
        self._next_preset = directive.preset or self._next_preset
        goal = _as_transmitted_goal(directive.goal)
        self._schedule.put(robot.tick // EXAM_TICKS, TimedGoal(robot.stamp_ns, goal, not directive.done))
        self.done = directive.done
        return directive

    def _control(self, robot: RobotState, goal: ControlGoal) -> ControlOutput:
        inputs = ControlInputs(robot.stamp_ns, robot, self._latest, self._surface, self._landmarks, goal)
        output = self._controller.step(self._disturbances.control_inputs(self._tick, inputs))
        self._status = output.status
        return output

    def _answer(self, robot: RobotState, command: ProbeCommand | None) -> SafetyDecision:
        inputs = self._safety.inputs(
            now_ns=robot.stamp_ns,
            robot=robot,
            command=command,
            surface=self._surface,
            landmarks=self._landmarks,
            preset=self._schedule.fresh_preset(robot.stamp_ns),
            lost_nodes=(),
            publishers=ONE_EACH,
        )
        decision = self._safety.decide(self._disturbances.safety_inputs(self._tick, inputs))
        if decision.twist is not None:  # the robot counts by its own stamps, whatever safety's clock says
            decision = replace(decision, twist=replace(decision.twist, stamp_ns=robot.stamp_ns))
        self._decision = decision
        return decision


def _as_transmitted_goal(goal: ControlGoal) -> ControlGoal:
    """A goal with its start as the controller's node receives it."""
    start = goal.T_base_start
    return goal if start is None else replace(goal, T_base_start=as_transmitted(start))
