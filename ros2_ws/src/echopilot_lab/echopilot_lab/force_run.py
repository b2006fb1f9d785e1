"""The closed loop without pictures and perception: real simulation, controller and safety.

A force-only run lands on the body as an exam does, then holds: the goal HOLD needs no image.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from echopilot_control.controller import ControlInputs, Controller
from echopilot_control.force.regulator import CROSSOVER_RAD_S
from echopilot_control.safety import Limits, SafetyDecision, SafetyInputs, SafetyMemory, check
from echopilot_core import (
    ControlGoal,
    ControlPhase,
    ControlStatus,
    GoalKind,
    ProbeCommand,
    RobotState,
    SafeTwist,
    View,
)
from echopilot_lab.force_bodies import exact_landmarks
from echopilot_lab.loop import SURFACE_PERIOD_TICKS
from echopilot_sim.simulation import SimConfig, Simulation

TICK_NS = 10_000_000
FREE_N = 0.5
NO_PICTURES = SimConfig(frame_hz=1.0)  # as few moments of pictures that nobody takes as there can be
LANDED = (ControlPhase.COUPLE, ControlPhase.SEARCH, ControlPhase.REFINE, ControlPhase.HOLD)


@dataclass(frozen=True)
class ForceTick:
    """One control tick; `true_force_n` is the true normal force at its end."""

    robot: RobotState
    true_force_n: float
    status: ControlStatus
    command: ProbeCommand
    safety: SafetyDecision


@dataclass(frozen=True)
class Script:
    """What the run asks for and how it is disturbed; the defaults leave everything as it is.

    `force_n` and `crossover_rad_s` give set-point and gain of the force loop at a tick; `before` may move the patient
    before a tick, `controller` and `safety` change the robot state on its way there, `command` and `twist` what goes
    on, `now_ns` safety's clock.
    """

    force_n: Callable[[int], float] = lambda tick: 5.0
    crossover_rad_s: Callable[[int], float] = lambda tick: CROSSOVER_RAD_S
    before: Callable[[int, Simulation], None] = lambda tick, simulation: None
    controller: Callable[[int, RobotState], RobotState] = lambda tick, robot: robot
    safety: Callable[[int, RobotState], RobotState | None] = lambda tick, robot: robot
    command: Callable[[int, ProbeCommand], ProbeCommand | None] = lambda tick, command: command
    twist: Callable[[int, SafeTwist | None], SafeTwist | None] = lambda tick, twist: twist
    now_ns: Callable[[int, int], int] = lambda tick, now_ns: now_ns
    reset: Callable[[int], bool] = lambda tick: False


def run_force(
    simulation: Simulation,
    script: Script = Script(),
    preset: str = "cardiac",
    view: View = View.AORTA_TRANS,
    on_step_s: Callable[[float], None] = lambda _: None,
) -> Iterator[ForceTick]:
    """Yield every control tick for ever: land at the start of `view`, then hold; land again when a goal ended.

    `on_step_s` hears the wall time [s] of every controller and safety step.
    """
    limits = Limits()
    controller, memory = Controller(limits), SafetyMemory()
    surface, landmarks = simulation.surface(), exact_landmarks(simulation.patient)
    joint_limits_rad = simulation.joint_limits_rad
    goal = _landing(1, script.force_n(0), preset, view)
    safety: SafetyDecision | None = None
    twist: SafeTwist | None = None
    while True:
        tick = simulation.now_ns // TICK_NS
        script.before(tick, simulation)
        robot = simulation.step(twist).robot
        tick += 1
        now_ns = script.now_ns(tick, robot.stamp_ns)
        if robot.tick % SURFACE_PERIOD_TICKS == 0:
            surface = simulation.surface()
        if (force_n := script.force_n(tick)) != goal.force_setpoint_n:
            goal = replace(goal, force_setpoint_n=force_n)
        controller.retune(script.crossover_rad_s(tick))
        seen = script.controller(tick, robot)
        started = time.perf_counter()
        control = controller.step(ControlInputs(now_ns, seen, None, surface, landmarks, goal))
        command = script.command(tick, control.command)
        inputs = SafetyInputs(
            now_ns=now_ns,
            robot=script.safety(tick, robot),
            command=command,
            landmarks=landmarks,
            preset=preset,
            reset=script.reset(tick),
            joint_limits_rad=joint_limits_rad,
            surface=surface,
        )
        safety = check(memory, inputs, limits)
        on_step_s(time.perf_counter() - started)
        memory = safety.memory
        twist = script.twist(tick, safety.twist)
        status = control.status
        yield ForceTick(robot, simulation.true_normal_force_n, status, control.command, safety)
        if goal.kind is GoalKind.ACQUIRE_VIEW and status.phase in LANDED:
            goal = replace(goal, goal_id=goal.goal_id + 1, kind=GoalKind.HOLD)
        elif status.phase is ControlPhase.IDLE and robot.contact_force_n < FREE_N:
            goal = _landing(goal.goal_id + 1, goal.force_setpoint_n, preset, view)


def _landing(goal_id: int, force_n: float, preset: str, view: View) -> ControlGoal:
    return ControlGoal(goal_id, GoalKind.ACQUIRE_VIEW, view, force_n, preset)
