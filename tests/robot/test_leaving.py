"""The end of a bridge while the probe presses on a patient."""

import math

import numpy as np
import pytest
from made_arm import TOOL, MadeArm, settings_of, urdf_of

from echopilot_core import RobotInputs, RobotState, SafeTwist, SafetyMode, SafetyState
from echopilot_core.robot import CONTACT_N
from echopilot_robot.bridge.leaving import LONGEST_TICKS, leave
from echopilot_robot.bridge.robot import BridgedRobot

DOWN_M_S, PRESSED_N = 0.02, 4.0


def pressed() -> "tuple[MadeArm, BridgedRobot, RobotState]":
    """A robot that was driven down until it pressed."""
    arm = MadeArm()
    robot = BridgedRobot(arm, urdf_of(), TOOL, settings_of())
    state = robot.step(RobotInputs(None, None))
    while state.contact_force_n < PRESSED_N:
        assert state.tick < 2000, "no patient"
        down = np.concatenate([DOWN_M_S * state.T_base_probe[:3, 2], np.zeros(3)])
        safety = SafetyState(state.stamp_ns, SafetyMode.OK, (), math.inf, math.inf)
        state = robot.step(RobotInputs(SafeTwist(state.stamp_ns, down), safety))
    return arm, robot, state


def test_the_probe_is_30_mm_off_the_patient_when_the_arm_is_let_go_of() -> None:
    arm, robot, state = pressed()
    states = list(leave(robot, state, is_stopped=False))
    way_m = (states[-1].T_base_probe[:3, 3] - state.T_base_probe[:3, 3]) @ state.T_base_probe[:3, 2]
    assert way_m == pytest.approx(-0.030, abs=0.002)
    assert arm.simulation.true_normal_force_n == 0.0
    assert len(states) < LONGEST_TICKS / 2
    assert max(after.contact_force_n for after in states) < 2.0 * PRESSED_N


def test_a_robot_that_safety_stopped_holds_compliantly_and_goes_no_way_of_its_own() -> None:
    _, robot, state = pressed()
    states = list(leave(robot, state, is_stopped=True))
    assert len(states) == LONGEST_TICKS
    assert all(CONTACT_N <= after.contact_force_n < 7.0 for after in states[50:])
    assert np.linalg.norm(states[-1].T_base_probe[:3, 3] - state.T_base_probe[:3, 3]) < 0.005


def test_a_probe_that_is_free_stays_where_it_is() -> None:
    robot = BridgedRobot(MadeArm(), urdf_of(), TOOL, settings_of())
    assert list(leave(robot, robot.step(RobotInputs(None, None)), is_stopped=False)) == []


def test_a_fault_of_the_arm_ends_it() -> None:
    arm, robot, state = pressed()
    leaving = leave(robot, state, is_stopped=False)
    next(leaving)
    arm.spoil = lambda sample: None if sample is None else type(sample)(**{**vars(sample), "errors": ("reflex",)})
    assert len(list(leaving)) == 1
    assert robot.faults and arm.stops > 1
