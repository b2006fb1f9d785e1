"""Safety: nothing inadmissible leaves, whatever comes in; latches hold; retracts end."""

from dataclasses import replace
from math import inf, nan

import numpy as np
import pytest
from good_evidence import DOWN, LANDMARKS, PROVEN, command, inputs, robot
from hypothesis import example, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from echopilot_control.safety import Limits, PresetLimits, Reason, SafetyDecision, SafetyMemory, check
from echopilot_control.safety.state import ClockMemory, CommandMemory, RetractMemory
from echopilot_core import SafetyMode

LIMITS = Limits()


def run(ticks: int, force_n=lambda k: 5.0 + 1e-3 * (k % 7), memory=None, start: int = 1, **extra):
    memory = memory or PROVEN
    decision = None
    for k in range(start, start + ticks):
        now = k * 10_000_000
        taken = inputs(now, robot(now, force_n(k), (0.5, -0.05, 0.19 + 1e-6 * (k % 3))), command(now, k), **extra)
        decision = check(memory, taken, LIMITS)
        memory = decision.memory
    return decision


def still(decision: SafetyDecision) -> bool:
    """Nothing leaves, or the one brake that precedes nothing."""
    return decision.twist is None or not decision.twist.twist.any()


numbers = st.one_of(st.floats(-1e3, 1e3), st.sampled_from([nan, inf, -inf, 1e308, 5e-324]), st.floats(-0.05, 0.05))


@settings(max_examples=300, deadline=None)
@given(
    twist=st.lists(numbers, min_size=6, max_size=6),
    force_n=st.one_of(st.floats(-5.0, 30.0), st.sampled_from([nan, inf])),
    age_ns=st.integers(-100_000_000, 200_000_000),
    robot_age_ns=st.integers(-100_000_000, 200_000_000),
    valid_ns=st.integers(-10, 10**9),
    sequence=st.integers(-2, 3),
    height_m=st.floats(-0.1, 0.5),
    y_m=st.floats(-0.5, 0.5),
    tilt=st.lists(st.floats(-1.0, 1.0), min_size=3, max_size=3),
    preset=st.sampled_from(["cardiac", "abdomen", "", "nonsense"]),
)
@example([0.0, 0.0, 1e308, 0.0, 0.0, 0.0], 0.0, 0, 0, 0, 0, 0.0, 0.0, [0.0, 0.0, 0.0], "cardiac")
def test_only_admissible_twists_leave(
    twist, force_n, age_ns, robot_age_ns, valid_ns, sequence, height_m, y_m, tilt, preset
):
    from echopilot_core import se3

    now = 10**9
    state = robot(now - robot_age_ns, force_n)
    T = se3.transform(DOWN[:3, :3] @ se3.so3_exp(np.array(tilt)), np.array([0.5, y_m, 0.2 + height_m]))
    state = replace(state, T_base_probe=T)
    memory = SafetyMemory(clock=ClockMemory(now - 10_000_000), command=CommandMemory(1, now - 10_000_000))
    sent = command(now - age_ns, sequence, twist, valid_ns)
    decision = check(memory, inputs(now, state, sent, LANDMARKS, preset), LIMITS)
    if decision.twist is None:
        return
    out = decision.twist.twist
    assert np.isfinite(out).all()
    assert np.isfinite(force_n)
    assert -20_000_000 <= robot_age_ns <= 30_000_000
    z = T[:3, 2]
    normal = float(out[:3] @ z)
    if decision.mode is SafetyMode.RETRACT:
        assert normal < 0.0
        return
    if decision.mode is not SafetyMode.OK:
        assert not out.any()
        return
    assert sequence > 1 and np.isfinite(twist).all()
    assert -20_000_000 <= age_ns < min(valid_ns, 50_000_000)
    assert np.linalg.norm(out[3:]) <= LIMITS.angular_rad_s * (1 + 1e-9)
    assert np.linalg.norm(out[:3]) <= LIMITS.free_m_s * (1 + 1e-9)
    if force_n > 1.0:
        speed = float(np.linalg.norm(out[:3] - normal * z))
        cleared = float(np.abs(out[:3]).min()) == 0.0  # a zone may have removed one component
        assert cleared or speed <= LIMITS.lateral_contact_m_s * (1 + 1e-6)
        assert abs(normal) <= 0.03
    if force_n > 15.0:
        assert normal < 0.0


def test_soft_cap_barrier_turns_the_normal_velocity_around():
    now = 10**9
    for preset, cap in (("cardiac", 12.0), ("abdomen", 15.0)):
        for force_n in (cap + 0.5, cap + 2.0):
            taken = inputs(now, robot(now, force_n), command(now, 1, [0, 0, -0.02, 0, 0, 0]), LANDMARKS, preset)
            decision = check(PROVEN, taken, LIMITS)
            assert decision.twist is not None and decision.twist.twist[2] > 0.0


def test_force_trip_retracts_latches_and_ends():
    memory, position, twist, moved = PROVEN, np.array([0.5, -0.05, 0.19]), np.zeros(6), []
    for k in range(1, 500):
        now = k * 10_000_000
        force_n = 18.5 if k == 5 else max(5.0 - 200.0 * (position[2] - 0.19), 0.0) + 1e-3 * (k % 3)
        state = robot(now, force_n, position, twist=twist)
        decision = check(memory, inputs(now, state, command(now, k), LANDMARKS, "cardiac"), LIMITS)
        memory = decision.memory
        if k >= 5:
            assert decision.mode is SafetyMode.RETRACT and "FORCE_TRIP" in decision.state.reasons
            twist = np.zeros(6) if decision.twist is None else decision.twist.twist
            position = position + twist[:3] * 0.01
            if decision.twist is not None:
                moved.append(float(np.linalg.norm(decision.twist.twist[:3])))
    assert position[2] - 0.19 == pytest.approx(0.030, abs=3e-4)
    assert max(moved) <= 0.020 + 1e-9 and sum(m == 0.0 for m in moved) <= 1
    assert decision.twist is None


def test_latch_survives_everything_but_a_proper_reset():
    tripped = run(3, lambda k: 19.0)
    assert tripped.mode is SafetyMode.RETRACT
    quiet = run(200, lambda k: 0.0, tripped.memory, 10)
    assert quiet.mode is SafetyMode.RETRACT
    pressed = run(1, lambda k: 3.0, quiet.memory, 300, reset=True)
    assert pressed.mode is SafetyMode.RETRACT
    still_there = run(1, lambda k: 19.0, quiet.memory, 400, reset=True)
    assert still_there.mode is SafetyMode.RETRACT
    clear = run(1, lambda k: 0.0, quiet.memory, 500, reset=True)
    assert clear.mode is SafetyMode.OK and clear.twist is not None


@pytest.mark.parametrize(
    ("change", "reason", "latched"),
    [
        (lambda i: replace(i, command=None), Reason.COMMAND_MISSING, False),
        (lambda i: replace(i, command=replace(i.command, sequence=20)), Reason.COMMAND_REPEATED, False),
        (lambda i: replace(i, command=replace(i.command, stamp_ns=i.now_ns - 10**8)), Reason.COMMAND_STALE, False),
        (lambda i: replace(i, command=replace(i.command, valid_for_ns=0)), Reason.COMMAND_STALE, False),
        (lambda i: replace(i, command=replace(i.command, stamp_ns=i.now_ns + 10**8)), Reason.COMMAND_FUTURE, False),
        (lambda i: replace(i, command=replace(i.command, twist=np.full(6, nan))), Reason.COMMAND_NOT_FINITE, False),
        (lambda i: replace(i, robot=replace(i.robot, wrench=np.full(6, nan))), Reason.ROBOT_NOT_FINITE, False),
        (lambda i: replace(i, robot=replace(i.robot, stamp_ns=i.now_ns - 10**8)), Reason.ROBOT_STALE, False),
        (lambda i: replace(i, robot=replace(i.robot, stamp_ns=i.now_ns + 10**8)), Reason.ROBOT_FUTURE, False),
        (lambda i: replace(i, command=replace(i.command, sequence=1)), Reason.COMMAND_SEQUENCE, True),
        (lambda i: replace(i, commanders=2), Reason.COMMANDERS, True),
        (lambda i: replace(i, operator_stop=True), Reason.OPERATOR_STOP, True),
    ],
)
def test_each_fault_sends_nothing_and_says_why(change, reason, latched):
    before = run(20)
    assert before.mode is SafetyMode.OK and before.twist is not None
    now = 21 * 10_000_000
    good = inputs(now, robot(now, 5.0), command(now, 21), LANDMARKS, "cardiac")
    faulty = check(before.memory, change(good), LIMITS)
    assert still(faulty) and reason.name in faulty.state.reasons
    silent = check(faulty.memory, change(replace(good, now_ns=now + 1)), LIMITS)
    assert silent.twist is None
    after = run(30, memory=faulty.memory, start=22)
    assert (after.mode is SafetyMode.OK) is not latched


def test_force_spike_needs_two_samples():
    one = run(6, lambda k: 8.5 if k == 4 else 5.0 + 1e-3 * k)
    assert one.mode is SafetyMode.OK
    two = run(6, lambda k: min(5.0 + 2.5 * max(k - 3, 0), 14.0))
    assert two.mode is SafetyMode.RETRACT and "FORCE_SPIKE" in two.state.reasons


def test_a_force_sensor_that_repeats_itself_in_contact_retracts():
    memory, wrench = run(20).memory, np.array([0.0, 0.0, -5.0, 0.0, 0.0, 0.0])
    for k in range(21, 26):
        now = k * 10_000_000
        decision = check(memory, inputs(now, robot(now, wrench=wrench), command(now, k)), LIMITS)
        memory = decision.memory
    assert decision.mode is SafetyMode.RETRACT and decision.twist.twist[2] > 0.0
    assert decision.state.reasons == ("FORCE_STUCK",)


def test_silent_controller_in_contact_latches_after_a_second():
    memory = run(20).memory
    modes = []
    for k in range(21, 160):
        now = k * 10_000_000
        decision = check(memory, inputs(now, robot(now, 5.0 + 1e-3 * k), None, LANDMARKS, "cardiac"), LIMITS)
        memory = decision.memory
        assert still(decision)
        modes.append(decision.mode)
    assert modes[0] is SafetyMode.HOLD and modes[-1] is SafetyMode.STOPPED


def test_probe_does_not_go_above_the_notch():
    memory, position, twist = PROVEN, np.array([0.5, 0.15, 0.21]), np.zeros(6)
    for k in range(1, 400):
        now = k * 10_000_000
        sent = command(now, k, [0.0, 0.02, 0.0, 0, 0, 0])
        decision = check(memory, inputs(now, robot(now, 0.0, position, twist=twist), sent), LIMITS)
        memory = decision.memory
        assert decision.twist is not None
        twist = decision.twist.twist
        position = position + twist[:3] * 0.01
    assert position[1] <= 0.2 - 0.020 + 3e-4


def test_deciding_is_pure():
    now = 10**9
    taken = inputs(now, robot(now, 6.0), command(now, 1, [0.01, 0, 0.01, 0, 0.1, 0]), LANDMARKS, "abdomen")
    first, second = (check(PROVEN, taken, LIMITS) for _ in range(2))
    assert np.array_equal(first.twist.twist, second.twist.twist) and repr(first.memory) == repr(second.memory)


@pytest.mark.parametrize(
    "values",
    [
        {"trip_force_n": 19.0},
        {"cardiac": {"setpoint_n": 6.0, "setpoint_max_n": 8.0, "soft_cap_n": 12.0}},
        {"abdomen": {"setpoint_n": 8.0, "setpoint_max_n": 12.0, "soft_cap_n": 16.0}},
        {"lateral_contact_m_s": nan},
        {"approach_m_s": 0.02},
        {"unknown": 1.0},
        {"trip_force_n": 14.0},
    ],
)
def test_operator_can_only_lower_limits(values):
    with pytest.raises(ValidationError):
        Limits(**values)


def test_lower_limits_are_accepted_and_frozen():
    lower = Limits(trip_force_n=16.0, cardiac=PresetLimits(setpoint_n=4.0, setpoint_max_n=6.0, soft_cap_n=9.0))
    assert lower.preset_limits("cardiac").soft_cap_n == 9.0
    with pytest.raises(ValidationError):
        lower.trip_force_n = 18.0


def test_a_clock_that_jumps_back_is_held_for_a_second_and_blinds_no_check() -> None:
    memory = run(200).memory
    modes = []
    for k in range(1, 121):
        now = k * 10_000_000
        sent, state = command(now, 200 + k), robot(now, 5.0 + 1e-3 * (k % 7), tick=200 + k)
        decision = check(memory, inputs(now, state, sent, LANDMARKS), LIMITS)
        memory = decision.memory
        modes.append(decision.mode)
        if k == 3:
            early = memory
    assert modes == [SafetyMode.HOLD] * 100 + [SafetyMode.OK] * 20
    for k in (4, 5):  # the spike check works at once after the jump
        now = k * 10_000_000
        state = robot(now, 5.0 + 3.0 * (k - 3), tick=200 + k)
        spiked = check(early, inputs(now, state, command(now, 200 + k)), LIMITS)
        early = spiked.memory
    assert Reason.FORCE_SPIKE in early.latched


def test_a_jump_clears_no_latch() -> None:
    memory = SafetyMemory(
        latched=(Reason.FORCE_TRIP,), clock=ClockMemory(10**10), retract=RetractMemory((0.5, 0.0, 0.2))
    )
    now = 10_000_000
    decision = check(memory, inputs(now, robot(now), command(now, 1), LANDMARKS), LIMITS)
    assert decision.memory.latched == (Reason.FORCE_TRIP,)


def test_a_joint_that_runs_into_its_limit_is_held() -> None:
    now = 10_000_000
    towards, away = (robot(now, twist=np.array([0.0, 0.0, 0.0, way, 0.0, 0.0])) for way in (0.1, -0.1))
    q, dq = towards.joint_position_rad, towards.joint_velocity_rad_s
    turning = int(np.argmax(np.abs(dq)))
    limits = np.tile([-9.0, 9.0], (6, 1))
    limits[turning] = q[turning] - 0.01, q[turning] + 0.01
    limits[turning, 0 if dq[turning] > 0.0 else 1] = -9.0 if dq[turning] > 0.0 else 9.0
    held = check(PROVEN, inputs(now, towards, command(now, 1), joint_limits_rad=limits), LIMITS)
    assert still(held) and held.state.reasons == ("JOINT_LIMIT",)
    free = check(PROVEN, inputs(now, away, command(now, 1), joint_limits_rad=limits), LIMITS)
    assert free.mode is SafetyMode.OK
    odd = check(PROVEN, inputs(now, away, command(now, 1), joint_limits_rad=limits[:5]), LIMITS)
    assert odd.state.reasons == ("JOINTS_INCOMPLETE",)


@pytest.mark.parametrize("q", [(), (0,), (5,), (6,), (7,), (2, 3)])
@pytest.mark.parametrize("dq", [(), (0,), (5,), (7,), (2, 3)])
def test_joints_of_another_number_are_named_and_never_raise(q: tuple[int, ...], dq: tuple[int, ...]) -> None:
    memory = PROVEN
    for k in (1, 2):
        now = 10_000_000 * k
        odd = replace(robot(now), joint_position_rad=np.full(q, 0.1), joint_velocity_rad_s=np.full(dq, 0.1))
        decision = check(memory, inputs(now, odd, command(now, k)), LIMITS)
        memory = decision.memory
        assert decision.twist is None and "JOINTS_INCOMPLETE" in decision.state.reasons


@pytest.mark.parametrize("ceiling_n", [1.0, 6.0, 12.0])
def test_an_operator_can_only_lower_the_set_point(ceiling_n: float) -> None:
    lowered = LIMITS.lowered(ceiling_n)
    for name in ("cardiac", "abdomen"):
        row, design = lowered.preset_limits(name), LIMITS.preset_limits(name)
        assert row.setpoint_max_n == min(ceiling_n, design.setpoint_max_n)
        assert row.setpoint_n == min(ceiling_n, design.setpoint_n)
        assert row.soft_cap_n == design.soft_cap_n
