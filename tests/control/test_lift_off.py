"""After a latched stop an operator can have the probe lifted off; nothing else makes it move, and STOP ends it."""

from dataclasses import replace

import numpy as np
import pytest
from control_loop import LIMITS
from hazard_bench import Bench

from echopilot_control.safety import Reason, SafetyInputs, check
from echopilot_control.safety.retreat import BY_HAND_ONLY
from echopilot_core import SafetyMode
from echopilot_core.robot import CONTACT_N


@pytest.fixture(scope="module")
def bench() -> Bench:
    """The simulated arm, stopped by the operator while it presses on a patient."""
    made = Bench(600_001)
    made.into_contact()
    made.spoil = lambda i: replace(i, operator_stop=True)
    made.tick()
    made.spoil = lambda i: i
    made.run(0.5)
    return made


def decided(bench: Bench, **changes: object) -> SafetyInputs:
    return replace(bench.ticks[-1].inputs, **changes)


@pytest.mark.parametrize("reason", sorted(BY_HAND_ONLY, key=lambda r: r.name))
def test_an_arm_or_sensor_in_doubt_does_not_move(bench: Bench, reason: Reason) -> None:
    memory = replace(bench.memory, latched=(Reason.OPERATOR_STOP, reason))
    decision = check(memory, decided(bench, lift_off=True), LIMITS)
    assert decision.twist is None and decision.mode is SafetyMode.STOPPED


@pytest.mark.parametrize("changes", [{"operator_stop": True}, {"enabled": False}, {"robot": None}])
def test_stop_a_released_enabling_device_and_a_silent_robot_end_it(bench: Bench, changes: dict[str, object]) -> None:
    begun = check(bench.memory, decided(bench, lift_off=True), LIMITS)
    assert begun.mode is SafetyMode.RETRACT and begun.twist is not None
    ended = check(begun.memory, decided(bench, **changes), LIMITS)
    assert (ended.twist is None or not ended.twist.twist.any()) and ended.memory.lift is None


def test_without_a_latched_stop_it_moves_nothing(bench: Bench) -> None:
    memory = replace(bench.memory, latched=())
    held = check(memory, decided(bench, lift_off=True, command=None), LIMITS)
    assert held.mode is SafetyMode.HOLD and held.memory.lift is None


def test_stop_lift_off_reset_and_the_controller_moves_again(bench: Bench) -> None:
    assert bench.robot.contact_force_n > CONTACT_N and bench.ticks[-1].decision.twist is None, "stopped, and it presses"
    bench.spoil = lambda i: replace(i, reset=True)
    assert bench.tick().decision.mode is SafetyMode.STOPPED, "a reset in contact is refused"
    from_m = bench.robot.T_base_probe[:3, 3].copy()
    bench.spoil = lambda i: replace(i, lift_off=True)
    bench.tick()
    bench.spoil = lambda i: i
    lifted = bench.run(2.0)
    moving = [t for t in lifted if t.decision.mode is SafetyMode.RETRACT]
    assert moving and all(t.decision.state.reasons == ("OPERATOR_STOP",) for t in lifted)
    twists = np.array([t.decision.twist.twist for t in moving if t.decision.twist is not None])
    assert np.linalg.norm(twists[:, :3], axis=1).max() <= LIMITS.retract_m_s + 1e-9 and not twists[:, 3:].any()
    assert lifted[-1].decision.mode is SafetyMode.STOPPED and lifted[-1].decision.twist is None, "stopped as before"
    assert bench.robot.contact_force_n < CONTACT_N
    assert np.linalg.norm(bench.robot.T_base_probe[:3, 3] - from_m) == pytest.approx(LIMITS.retract_m, abs=0.004)
    bench.spoil = lambda i: replace(i, reset=True)
    assert bench.tick().decision.mode is SafetyMode.OK
    bench.spoil = lambda i: i
    assert all(t.decision.mode is SafetyMode.OK and t.decision.twist is not None for t in bench.run(0.3))
