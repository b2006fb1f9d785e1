"""The robot-side contract: the simulated arms keep it, and a wrong arm of each kind is caught by the rule it breaks."""

from dataclasses import replace

import numpy as np
import pytest
import wrong_robots as wrong
from wrong_robots import FaultyDriver, change_twist, safety_as_well, stamp_as_now, with_inputs, with_states

from echopilot_control.robot_contract import SCENARIOS, ContractRule, check_robot
from echopilot_core import EchoPilotError, RobotMode, RobotState, SafetyMode
from echopilot_core.paths import share_file
from echopilot_core.robot_interface import FUTURE_NS, SILENCE_NS
from echopilot_core.timing import TICK_NS
from echopilot_sim.arm.arm_models import ARM_NAMES, arm_model

SIM_URDF = share_file("echopilot_description", arm_model("fr3_like").urdf).read_text()


@pytest.mark.parametrize("arm", ARM_NAMES)
def test_the_simulated_arm_keeps_the_contract(arm: str) -> None:
    found = check_robot(
        wrong.SimulatedRig(arm=arm), share_file("echopilot_description", arm_model(arm).urdf).read_text()
    )
    assert found == (), "\n".join(map(str, found))


def test_an_arm_that_retracts_instead_of_holding_keeps_it_in_contact() -> None:
    assert check_robot(wrong.SimulatedRig(wrong.Retracts), SIM_URDF, ["silent_in_contact"]) == ()


def repeat_a_stamp(self: FaultyDriver, state: RobotState) -> RobotState:
    return replace(state, stamp_ns=state.stamp_ns - TICK_NS) if state.tick == 70 else state


def scale_wrench(share: float) -> wrong.Driver:
    return with_states(lambda self, state: replace(state, wrench=share * state.wrench))


STOPPED, RETRACT = SafetyMode.STOPPED, SafetyMode.RETRACT
WRONG = {
    "deaf": (with_inputs(lambda self, i: replace(i, twist=None)), "follows", ContractRule.FOLLOWS),
    "half as fast": (change_twist(lambda twist: 0.5 * twist), "follows", ContractRule.FOLLOWS),
    "wrong mode": (with_states(lambda self, s: replace(s, mode=RobotMode.FAULT)), "follows", ContractRule.FOLLOWS),
    "no numbers": (
        with_states(lambda self, s: replace(s, wrench=s.wrench * np.nan)), "follows", ContractRule.STATE_FINITE,
    ),
    "lost tick": (with_states(lambda self, s: replace(s, tick=s.tick + s.tick // 50)), "follows", ContractRule.TICK),
    "stamp repeated": (with_states(repeat_a_stamp), "follows", ContractRule.STAMP),
    "no joint limits": (wrong.without_joint_limits, "runs_into_limits", ContractRule.JOINT_LIMIT),
    "no speed limits": (wrong.without_speed_limits, "runs_into_limits", ContractRule.JOINT_SPEED),
    "force of other sign": (scale_wrench(-1.0), "reads_the_force", ContractRule.FORCE_READING),
    "half the force": (scale_wrench(0.5), "reads_the_force", ContractRule.FORCE_READING),
    "NaN as zero": (change_twist(np.nan_to_num), "not_finite", ContractRule.NOT_FINITE),
    "obeys the stale": (stamp_as_now(lambda self, ns: ns <= self.now_ns - SILENCE_NS), "stale", ContractRule.STALE),
    "obeys the future": (stamp_as_now(lambda self, ns: ns > self.now_ns + FUTURE_NS), "future", ContractRule.FUTURE),
    "obeys twice": (stamp_as_now(lambda self, ns: ns == self.newest_ns), "repeated", ContractRule.REPEATED),
    "obeys the older": (stamp_as_now(lambda self, ns: ns < self.newest_ns), "older", ContractRule.OLDER),
    "obeys beside two safeties": (
        with_inputs(lambda self, i: replace(i, safety_publishers=1)), "two_safeties", ContractRule.ONE_PUBLISHER,
    ),
    "obeys anybody": (
        with_inputs(lambda self, i: replace(i, twist_publishers=1)), "two_publishers", ContractRule.ONE_PUBLISHER,
    ),
    "needs no safety": (wrong.NeedsNoSafety, "safety_never_heard", ContractRule.SAFETY_UNHEARD),
    "survives safety": (
        safety_as_well(lambda self, s: s.stamp_ns <= self.now_ns - SILENCE_NS),
        "safety_silent",
        ContractRule.SAFETY_SILENT,
    ),
    "believes a stamp ahead": (
        safety_as_well(lambda self, s: s.stamp_ns > self.now_ns), "safety_ahead", ContractRule.SAFETY_SILENT,
    ),
    "obeys past a stop": (wrong.ignores(STOPPED), "safety_stopped", ContractRule.SAFETY_STOPPED),
    "presses on past a stop": (wrong.ignores(STOPPED), "stopped_in_contact", ContractRule.SAFETY_STOPPED),
    "presses on past a retreat": (wrong.ignores(RETRACT), "safety_retracts", ContractRule.SAFETY_RETRACTS),
    "refuses the retreat": (wrong.RefusesRetraction, "retraction", ContractRule.RETRACTION),
    "goes on in silence": (wrong.GoesOn, "falls_silent", ContractRule.SILENCE),
    "holds late": (wrong.HoldsLate, "falls_silent", ContractRule.SILENCE),
    "goes on in contact": (wrong.GoesOn, "silent_in_contact", ContractRule.SILENCE),
    "drifts": (wrong.DriftsAway, "falls_silent", ContractRule.HOLD_MOVES),
    "stands still": (wrong.StandsStill, "silent_in_contact", ContractRule.STANDS_STILL),
    "holds too stiff": (wrong.HoldsTooStiff, "silent_in_contact", ContractRule.HOLD_STIFFNESS),
    "presses more": (wrong.PressesMore, "silent_in_contact", ContractRule.HOLD_FORCE),
    "retracts too little": (wrong.RetractsTooLittle, "silent_in_contact", ContractRule.OWN_RETRACTION),
    "retracts too fast": (wrong.RetractsTooFast, "silent_in_contact", ContractRule.OWN_RETRACTION),
}  # fmt: skip


@pytest.mark.parametrize("kind", WRONG)
def test_a_wrong_arm_is_caught_by_name(kind: str) -> None:
    driver, scenario, rule = WRONG[kind]
    found = check_robot(wrong.SimulatedRig(driver), SIM_URDF, [scenario])
    print("\n".join(map(str, found)))
    assert rule in {violation.rule for violation in found}


def test_every_rule_and_every_scenario_has_its_wrong_arm() -> None:
    assert {rule for _, _, rule in WRONG.values()} == set(ContractRule)
    assert {scenario for _, scenario, _ in WRONG.values()} == set(SCENARIOS)


def test_an_unknown_scenario_is_refused_with_the_valid_ones() -> None:
    with pytest.raises(EchoPilotError, match="choose from: follows"):
        check_robot(wrong.SimulatedRig(), SIM_URDF, ["dances"])
