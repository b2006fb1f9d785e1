"""The closed loop of a scenario, tick by tick: as in loop.py, with disturbances and any controller in it."""

from collections.abc import Iterator
from dataclasses import dataclass

from echopilot_control.controller import ControlInputs, ControlOutput
from echopilot_control.safety import Limits, SafetyDecision, SafetyMemory, check
from echopilot_core import ControlGoal, ControlStatus, RobotState, Seen
from echopilot_exam.states import OperatorRequest
from echopilot_lab.loop import CONTROL_TICKS_PER_EXAM_TICK, IDLE_GOAL, SURFACE_PERIOD_TICKS, safety_inputs
from echopilot_lab.scenarios.director import Director, Reports
from echopilot_lab.scenarios.eyes import Eye
from echopilot_lab.scenarios.interface import ProbeController
from echopilot_lab.scenarios.model import Scenario
from echopilot_lab.scenarios.world import World
from echopilot_sim.moment import Moment
from echopilot_sim.simulation import Simulation

_TOUCH_N, _TOUCH_TICKS = 1.0, 10


@dataclass(frozen=True)
class Lived:
    """One tick; `robot` as it was heard, `since_contact_s` NaN before the first contact."""

    since_contact_s: float
    robot: RobotState
    true_force_n: float
    moments: tuple[Moment, ...]
    control: ControlOutput
    safety: SafetyDecision
    goal: ControlGoal
    completed: bool


def live(
    scenario: Scenario,
    simulation: Simulation,
    eye: Eye,
    world: World,
    director: Director,
    controller: ProbeController,
    limits: Limits,
) -> Iterator[Lived]:
    """Yield every tick until the scenario's time is over, its exam has ended, or the skin was never touched."""
    memory, safety = SafetyMemory(), None
    joint_limits_rad = simulation.joint_limits_rad
    status: ControlStatus | None = None
    goal = next_goal = IDLE_GOAL
    latest: Seen | None = None
    fresh: list[Seen] = []
    surface = landmarks = None
    imaging = (simulation.imaging.preset, 0.0)
    next_preset, done = imaging[0], False
    touching, contact_ns = 0, -1
    request = OperatorRequest.NONE
    while not done:
        since_s = simulation.now_ns * 1e-9
        contact_s = float("nan") if contact_ns < 0 else (simulation.now_ns - contact_ns) * 1e-9
        asked = world.tick(since_s, contact_s)
        request = request if asked is OperatorRequest.NONE else asked
        step = simulation.step(world.command(safety.twist if safety else None))
        robot = world.robot(step.robot)
        for moment in step.moments:
            if world.loses_result():
                continue  # and nobody need look at it
            world.send(eye.see(moment, goal.view), round(1e6 * scenario.sim.image_latency_ms))
        arrived = world.arrived(robot.stamp_ns)
        fresh.extend(arrived)
        latest = arrived[-1] if arrived else latest
        if landmarks is None:
            landmarks = world.landmarks(simulation.landmarks())
        if surface is None or robot.tick % SURFACE_PERIOD_TICKS == 0:
            surface = world.surface(simulation.surface())
        if robot.tick % CONTROL_TICKS_PER_EXAM_TICK == 0:
            goal = next_goal
            if (next_preset, world.gain_db) != imaging:
                imaging = (next_preset, world.gain_db)
                simulation.set_imaging(next_preset, gain_db=world.gain_db)
            directive = director.step(
                Reports(robot.stamp_ns, robot, status, safety.state if safety else None, tuple(fresh), request)
            )
            fresh, request = [], OperatorRequest.NONE
            next_goal, next_preset, done = directive.goal, directive.preset, directive.done
        goal_now = world.goal(goal)
        control = controller.step(ControlInputs(robot.stamp_ns, robot, latest, surface, landmarks, goal_now))
        status = control.status
        heard = safety_inputs(robot, control.command, surface, landmarks, goal, joint_limits_rad, world.stop_pressed)
        safety = check(memory, heard, limits)
        memory = safety.memory
        force_n = simulation.true_normal_force_n
        touching = touching + 1 if force_n > _TOUCH_N else 0
        if contact_ns < 0 and touching >= _TOUCH_TICKS:
            contact_ns = robot.stamp_ns
        yield Lived(contact_s, robot, force_n, step.moments, control, safety, goal_now, director.completed)
        over = contact_s > scenario.duration_s if contact_ns >= 0 else since_s > scenario.contact_within_s
        done = done or over or (scenario.ends_when_done and director.completed)
