"""Faults of an arm as the bridge finds them, and the reasons that safety has for them."""

import pytest

from echopilot_control.safety import Reason
from echopilot_control.safety.arm_faults import ARM_FAULTS, named
from echopilot_control.safety.retreat import BY_HAND_ONLY
from echopilot_robot.bridge.faults import PASSES, ArmFaultKind


def test_every_fault_of_the_bridge_has_a_reason_and_no_other_has() -> None:
    assert set(ARM_FAULTS) == {kind.name for kind in ArmFaultKind}


@pytest.mark.parametrize("kind", ArmFaultKind, ids=lambda kind: kind.name)
def test_what_passes_holds_and_everything_else_is_latched_until_a_hand_took_the_probe_off(kind: ArmFaultKind) -> None:
    reason = ARM_FAULTS[kind.name]
    assert reason.value.latched is (kind not in PASSES)
    assert reason in BY_HAND_ONLY


def test_a_fault_without_a_name_of_ours_is_the_arm_in_fault_and_each_is_told_once() -> None:
    assert named(["SOMETHING_NEW"]) == [Reason.ROBOT_FAULT]
    assert named(["CLOCK_EPOCH", "CLOCK_OFFSET", "TARE"]) == [Reason.ARM_CLOCK, Reason.ARM_TARE]
    assert named([]) == []
