"""Guided mode: the hand moves the probe, the robot keeps the force, and nobody's silence moves anything."""

from dataclasses import replace
from math import degrees, radians

import numpy as np
import pytest
from control_loop import Loop
from control_world import World

from echopilot_control.hand_guiding import JOG_AGE_NS, JOG_LINEAR_M_S, PUSH_FREE_N, Jog, hand_guiding_twist
from echopilot_core import ControlGoal, ControlPhase, ControlStatus, GoalKind, View, se3

GUIDED = ControlGoal(1, GoalKind.HOLD, View.PLAX, 5.0, "cardiac", 60.0)


def guide(loop: Loop, seconds: float, twist: np.ndarray | None = None, goal: ControlGoal = GUIDED) -> ControlStatus:
    """Run with a scripted hand at the stick; None leaves it alone."""
    loop.change = None if twist is None else (lambda i: replace(i, jog=Jog(i.now_ns, twist)))
    return loop.run(goal, seconds)


@pytest.fixture(scope="module")
def settled() -> Loop:
    loop = Loop(World(seed=3))
    for _ in range(60):
        if guide(loop, 0.5).phase is ControlPhase.HOLD:
            break
    assert guide(loop, 2.0).phase is ControlPhase.HOLD
    return loop


def test_the_robot_sets_down_holds_force_and_waits(settled: Loop) -> None:
    before = settled.world.T.copy()
    guide(settled, 2.0)
    assert np.linalg.norm(settled.world.T[:2, 3] - before[:2, 3]) < 0.002
    assert abs(float(np.mean(settled.forces[-200:])) - 5.0) < 0.5


def test_a_jog_moves_across_the_skin_and_leaves_the_force_alone(settled: Loop) -> None:
    before = settled.world.T.copy()
    guide(settled, 2.0, np.array([0.010, 0.0, -0.05, 0.0, 0.0, radians(10.0)]))
    moved_m = se3.inverse(before) @ settled.world.T
    assert 0.010 < moved_m[0, 3] < 0.022
    assert 12.0 < degrees(np.linalg.norm(se3.so3_log(moved_m[:3, :3]))) < 30.0
    assert np.abs(np.array(settled.forces[-150:]) - 5.0).max() < 2.0


def test_a_silent_stick_stops_the_probe(settled: Loop) -> None:
    robot = settled.shown.robot
    jog = Jog(robot.stamp_ns, np.full(6, 0.01))
    for age_ns, moves in ((0, True), (JOG_AGE_NS, True), (JOG_AGE_NS + 1, False), (-JOG_AGE_NS - 1, False)):
        assert hand_guiding_twist(robot, jog, robot.stamp_ns + age_ns).any() == moves
    assert not hand_guiding_twist(robot, Jog(robot.stamp_ns, np.full(6, np.nan)), robot.stamp_ns).any()


def test_a_push_across_the_beam_moves_the_probe_its_way_and_never_along_the_beam(settled: Loop) -> None:
    seed = 11
    print(f"seed {seed}")
    rng = np.random.default_rng(seed)
    for _ in range(200):
        wrench = rng.normal(0.0, [6.0, 6.0, 6.0, 0.5, 0.5, 0.5])
        robot = replace(settled.shown.robot, wrench=wrench)
        in_probe = robot.T_base_probe[:3, :3].T @ hand_guiding_twist(robot, None, robot.stamp_ns)[:3]
        push_n = float(np.linalg.norm(wrench[:2]))
        assert abs(in_probe[2]) < 1e-12 and np.linalg.norm(in_probe) <= JOG_LINEAR_M_S + 1e-12
        assert (np.linalg.norm(in_probe) > 0.0) == (push_n > PUSH_FREE_N)
        assert in_probe[:2] @ wrench[:2] >= 0.0


def test_the_probe_never_leans_more_than_sixty_degrees(settled: Loop) -> None:
    leaning = []
    for _ in range(16):
        guide(settled, 0.5, np.array([0.0, 0.0, 0.0, 0.0, radians(15.0), 0.0]))
        z = settled.world.T[:3, 2]
        outward = settled.controller._estimates.body.local_skin.normal  # type: ignore[union-attr]
        leaning.append(degrees(np.arccos(np.clip(-z @ outward, -1.0, 1.0))))
    assert 45.0 < max(leaning) < 63.0


def test_without_a_usual_place_nothing_flies_by_itself() -> None:
    loop = Loop(World(seed=4))
    before = loop.world.T.copy()
    status = guide(loop, 1.0, goal=replace(GUIDED, view=View.NONE))
    assert status.phase is ControlPhase.IDLE and np.allclose(loop.world.T, before, atol=1e-4)
