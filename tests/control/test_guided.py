"""Guided mode: the hand moves the probe, the robot keeps the force, and nobody's silence moves anything."""

from dataclasses import replace
from math import degrees, radians

import numpy as np
import pytest
from control_world import World

from echopilot_control.controller import ControlInputs, Controller
from echopilot_control.hand import JOG_AGE_NS, JOG_LINEAR_M_S, PUSH_FREE_N, Jog, hand_twist
from echopilot_control.safety import Limits, SafetyInputs, SafetyMemory, check
from echopilot_core import ControlGoal, ControlPhase, ControlStatus, GoalKind, View, se3

GUIDED = ControlGoal(1, GoalKind.HOLD, View.PLAX, 5.0, "cardiac", 60.0)


class Guided:
    """A closed loop with a scripted hand."""

    def __init__(self, seed: int) -> None:
        self.world = World(seed=seed)
        self.controller, self.memory = Controller(Limits()), SafetyMemory()
        self.surface, self.landmarks = self.world.surface(), self.world.landmarks()
        self.robot = self.world.state()
        self.forces: list[float] = []

    def run(self, seconds: float, twist: np.ndarray | None, goal: ControlGoal = GUIDED) -> ControlStatus:
        world = self.world
        for _ in range(round(100 * seconds)):
            jog = None if twist is None else Jog(world.now_ns, twist)
            inputs = ControlInputs(world.now_ns, self.robot, world.latest, self.surface, self.landmarks, goal, jog)
            output = self.controller.step(inputs)
            safety = SafetyInputs(world.now_ns, self.robot, output.command, self.landmarks, goal.preset)
            decision = check(self.memory, safety, Limits())
            self.memory = decision.memory
            self.forces.append(world.force_n(world.tick * 0.01))
            self.robot = world.step(None if decision.twist is None else decision.twist.twist)
        return output.status


@pytest.fixture(scope="module")
def settled() -> Guided:
    loop = Guided(seed=3)
    for _ in range(60):
        if loop.run(0.5, None).phase is ControlPhase.HOLD:
            break
    assert loop.run(2.0, None).phase is ControlPhase.HOLD
    return loop


def test_the_robot_sets_down_holds_force_and_waits(settled: Guided) -> None:
    before = settled.world.T.copy()
    settled.run(2.0, None)
    assert np.linalg.norm(settled.world.T[:2, 3] - before[:2, 3]) < 0.002
    assert abs(float(np.mean(settled.forces[-200:])) - 5.0) < 0.5


def test_a_jog_moves_across_the_skin_and_leaves_the_force_alone(settled: Guided) -> None:
    before = settled.world.T.copy()
    settled.run(2.0, np.array([0.010, 0.0, -0.05, 0.0, 0.0, radians(10.0)]))
    moved_m = se3.inverse(before) @ settled.world.T
    assert 0.010 < moved_m[0, 3] < 0.022
    assert 12.0 < degrees(np.linalg.norm(se3.so3_log(moved_m[:3, :3]))) < 30.0
    assert np.abs(np.array(settled.forces[-150:]) - 5.0).max() < 2.0


def test_a_silent_stick_stops_the_probe(settled: Guided) -> None:
    robot = settled.robot
    jog = Jog(robot.stamp_ns, np.full(6, 0.01))
    for age_ns, moves in ((0, True), (JOG_AGE_NS, True), (JOG_AGE_NS + 1, False), (-JOG_AGE_NS - 1, False)):
        assert hand_twist(robot, jog, robot.stamp_ns + age_ns).any() == moves
    assert not hand_twist(robot, Jog(robot.stamp_ns, np.full(6, np.nan)), robot.stamp_ns).any()


def test_a_push_across_the_beam_moves_the_probe_its_way_and_never_along_the_beam(settled: Guided) -> None:
    seed = 11
    print(f"seed {seed}")
    rng = np.random.default_rng(seed)
    for _ in range(200):
        wrench = rng.normal(0.0, [6.0, 6.0, 6.0, 0.5, 0.5, 0.5])
        robot = replace(settled.robot, wrench=wrench)
        in_probe = robot.T_base_probe[:3, :3].T @ hand_twist(robot, None, robot.stamp_ns)[:3]
        push_n = float(np.linalg.norm(wrench[:2]))
        assert abs(in_probe[2]) < 1e-12 and np.linalg.norm(in_probe) <= JOG_LINEAR_M_S + 1e-12
        assert (np.linalg.norm(in_probe) > 0.0) == (push_n > PUSH_FREE_N)
        assert in_probe[:2] @ wrench[:2] >= 0.0


def test_the_probe_never_leans_more_than_sixty_degrees(settled: Guided) -> None:
    leaning = []
    for _ in range(16):
        settled.run(0.5, np.array([0.0, 0.0, 0.0, 0.0, radians(15.0), 0.0]))
        z = settled.world.T[:3, 2]
        outward = settled.controller._patch.normal  # type: ignore[union-attr]
        leaning.append(degrees(np.arccos(np.clip(-z @ outward, -1.0, 1.0))))
    assert 45.0 < max(leaning) < 63.0


def test_without_a_usual_place_nothing_flies_by_itself() -> None:
    loop = Guided(seed=4)
    before = loop.world.T.copy()
    status = loop.run(1.0, None, replace(GUIDED, view=View.NONE))
    assert status.phase is ControlPhase.IDLE and np.allclose(loop.world.T, before, atol=1e-4)
