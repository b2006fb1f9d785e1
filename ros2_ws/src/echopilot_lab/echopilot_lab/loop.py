"""The closed loop in one process, without ROS: the same classes, ticks and latencies as the graph."""

import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from echopilot_control.controller import ControlInputs, Controller, ControlOutput
from echopilot_control.safety import Limits, SafetyDecision, SafetyInputs, SafetyMemory, check
from echopilot_control.search.priors import StartOffset
from echopilot_core import (
    BodyLandmarks,
    BodySurface,
    ControlGoal,
    ControlStatus,
    Frame,
    GoalKind,
    ProbeCommand,
    RobotState,
    Seen,
)
from echopilot_exam.machine import ExamInputs, ExamMachine, ExamOutput, ExamPhase
from echopilot_perception.pipeline import Perception
from echopilot_sim.moment import Moment
from echopilot_sim.simulation import Simulation

CONTROL_TICKS_PER_EXAM_TICK = 5
SURFACE_PERIOD_TICKS = 20

IDLE_GOAL = ControlGoal(goal_id=0, kind=GoalKind.IDLE)


@dataclass(frozen=True)
class LoopTick:
    """All that happened in one control tick; `exam` is set on exam ticks only."""

    robot: RobotState
    moments: tuple[Moment, ...]
    frames: tuple[Frame, ...]
    seen: tuple[Seen, ...]
    control: ControlOutput
    safety: SafetyDecision
    exam_inputs: ExamInputs | None
    exam: ExamOutput | None
    landmarks: BodyLandmarks


def run_loop(
    simulation: Simulation,
    perception: Perception,
    machine: ExamMachine,
    limits: Limits,
    on_step_s: Callable[[float], None] = lambda _: None,
    start_offset: Callable[[ControlGoal], StartOffset | None] = lambda _: None,
    every: Callable[[ExamPhase], int] = lambda _: 1,
) -> Iterator[LoopTick]:
    """Yield every control tick until the exam is done; the caller may stop at any tick.

    `on_step_s` hears the wall time [s] of every controller and safety step; `start_offset` puts starts off their prior;
    `every` says by the state of the exam which frames there are: all (1), every second (2) ...
    """
    controller = Controller(limits, start_offset)
    memory = SafetyMemory()
    joint_limits_rad = simulation.joint_limits_rad
    status: ControlStatus | None = None
    goal = next_goal = IDLE_GOAL
    waiting: deque[Seen] = deque()
    latest: Seen | None = None
    fresh: list[Seen] = []
    surface, landmarks = simulation.surface(), simulation.landmarks()
    safety: SafetyDecision | None = None
    preset = next_preset = simulation.imaging.preset
    phase = ExamPhase.IDLE
    done = False
    while not done:
        step = simulation.step(safety.twist if safety else None)
        robot = step.robot
        moments = tuple(m for m in step.moments if m.sequence % every(phase) == 0)
        frames = tuple(simulation.render(moment) for moment in moments)
        seen = tuple(perception.see(frame) for frame in frames)
        waiting.extend(seen)
        while waiting and waiting[0].sequence <= robot.due_frame_sequence:
            latest = waiting.popleft()
            fresh.append(latest)
        if robot.tick % SURFACE_PERIOD_TICKS == 0:
            surface = simulation.surface()

        exam_inputs: ExamInputs | None = None
        exam: ExamOutput | None = None
        if robot.tick % CONTROL_TICKS_PER_EXAM_TICK == 0:
            goal = next_goal
            if next_preset != preset:
                preset = next_preset
                simulation.set_imaging(preset)
            exam_inputs = ExamInputs(robot.stamp_ns, robot, status, safety.state if safety else None, tuple(fresh))
            exam = machine.step(exam_inputs)
            fresh = []
            next_goal = exam.goal
            done, phase = exam.done, exam.state.phase
            next_preset = exam.imaging

        started = time.perf_counter()
        control = controller.step(ControlInputs(robot.stamp_ns, robot, latest, surface, landmarks, goal))
        status = control.status
        heard = safety_inputs(robot, control.command, surface, landmarks, goal, joint_limits_rad)
        safety = check(memory, heard, limits)
        on_step_s(time.perf_counter() - started)
        memory = safety.memory
        yield LoopTick(robot, moments, frames, seen, control, safety, exam_inputs, exam, landmarks)


def safety_inputs(
    robot: RobotState,
    command: ProbeCommand,
    surface: BodySurface,
    landmarks: BodyLandmarks,
    goal: ControlGoal,
    joint_limits_rad: NDArray[np.float64],
    operator_stop: bool = False,
) -> SafetyInputs:
    """What safety hears in the tick of `robot`, on the same clock; an idle goal has the strictest limits."""
    return SafetyInputs(
        now_ns=robot.stamp_ns,
        robot=robot,
        command=command,
        landmarks=landmarks,
        preset="" if goal.kind is GoalKind.IDLE else goal.preset,
        operator_stop=operator_stop,
        joint_limits_rad=joint_limits_rad,
        surface=surface,
    )
