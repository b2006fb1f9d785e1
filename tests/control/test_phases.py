"""Phases alone: what each of them keeps to itself, and how it resumes after an interruption."""

from dataclasses import replace

import numpy as np
import pytest

from echopilot_control.estimates import Estimates
from echopilot_control.observation import Observation
from echopilot_control.phase_machine import PhaseMachine
from echopilot_control.phases.contact import Couple
from echopilot_control.phases.phase import Transition
from echopilot_control.phases.recover import Recover
from echopilot_control.safety import Limits
from echopilot_control.search.priors import StartPriors
from echopilot_control.servo.motion import Motion
from echopilot_core import ControlGoal, ControlPhase, GoalKind, RobotMode, RobotState, View

LIMITS = Limits()
GOAL = ControlGoal(1, GoalKind.ACQUIRE_VIEW, View.A4C, 5.0, "cardiac", 70.0)


def observation(force_n: float, now_ns: int, goal: ControlGoal = GOAL, image_age_s: float = 0.06) -> Observation:
    """A probe at rest that points down, with a contact force [N]."""
    T = np.diag([1.0, -1.0, -1.0, 1.0])
    wrench = np.array([0.0, 0.0, -force_n, 0.0, 0.0, 0.0])
    joints = np.zeros(7)
    robot = RobotState(now_ns, now_ns // 10_000_000, T, np.zeros(6), wrench, joints, joints, RobotMode.SERVO)
    return Observation(
        now_ns=now_ns,
        dt_s=0.01,
        robot=robot,
        T_base_probe=T,
        result=None,
        new_result=None,
        T_base_probe_at_frame=None,
        image_age_s=image_age_s,
        goal=goal,
        preset_limits=LIMITS.cardiac,
        limits=LIMITS,
        local_skin=None,
        guiding_twist=np.zeros(6),
    )


@pytest.fixture
def estimates() -> Estimates:
    known = Estimates(StartPriors())
    known.begin_goal(observation(0.0, 0))
    return known


def test_an_interruption_does_not_count_towards_the_time_that_a_force_has_settled(estimates: Estimates) -> None:
    couple = Couple()
    couple.enter(observation(5.0, 0), estimates, Transition(ControlPhase.COUPLE))
    assert isinstance(couple.update(observation(5.0, 0), estimates), Motion)
    couple.resume(waited_ns=1_000_000_000)
    assert isinstance(couple.update(observation(5.0, 1_290_000_000), estimates), Motion)
    assert isinstance(couple.update(observation(5.0, 1_310_000_000), estimates), Transition)


def test_a_lost_image_interrupts_a_phase_and_a_new_one_resumes_the_same_phase(estimates: Estimates) -> None:
    recover = Recover()
    stale = observation(5.0, 0, image_age_s=1.0)
    assert recover.detect(stale, ControlPhase.REFINE)
    recover.enter(stale, estimates, Transition(ControlPhase.RECOVER))
    step = recover.update(observation(5.0, 400_000_000, image_age_s=0.4), estimates)
    assert isinstance(step, Motion) and step.setpoint_n == 5.0 and not step.linear_m_s.any()
    step = recover.update(observation(5.0, 500_000_000), estimates)
    assert isinstance(step, Transition)
    assert (step.to, step.waited_ns) == (ControlPhase.REFINE, 500_000_000)


def test_a_goal_begins_without_what_the_goal_before_it_knew(estimates: Estimates) -> None:
    estimates.proxy_view, estimates.target_seen_ns, estimates.score = View.PSAX_PM, 5, 0.9
    estimates.rounds.settled = True
    PhaseMachine(observation(0.0, 0, replace(GOAL, goal_id=2)), estimates)
    assert (estimates.proxy_view, estimates.target_seen_ns, estimates.score) == (None, 0, 0.0)
    assert not estimates.rounds.settled
