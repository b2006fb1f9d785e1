"""The robot-side contract: what counts as a command, and what the arm does by itself without one."""

import numpy as np
import pytest

from echopilot_core import RobotInputs, RobotMode, SafeTwist, SafetyMode, SafetyState
from echopilot_core.robot_interface import HOLD_STIFFNESS_N_M
from echopilot_core.robot_side.command_watchdog import FORCE_MAX_N, CommandWatchdog

Z = np.array([0.0, 0.0, -1.0])
DT_S, MS = 1e-3, 1_000_000
MOVE = np.array([0.01, 0.0, 0.0, 0.0, 0.0, 0.1])


def run(guard: CommandWatchdog, start_ms: int, stop_ms: int, force_n: float) -> np.ndarray:
    twist = np.zeros(6)
    for now in range(start_ms, stop_ms):
        twist = guard.twist(now * MS, DT_S, force_n, Z)
    return twist


@pytest.mark.parametrize(
    ("stamp_ms", "twist"),
    [
        (1000, np.full(6, np.nan)),
        (1000, np.array([np.inf, 0, 0, 0, 0, 0])),
        (1000, np.zeros(5)),
        (949, MOVE),
        (1021, MOVE),
    ],
    ids=["nan", "infinite", "shape", "stale", "future"],
)
def test_bad_commands_are_refused_and_move_nothing(stamp_ms: int, twist: np.ndarray) -> None:
    guard = CommandWatchdog()
    assert not guard.offer(SafeTwist(stamp_ms * MS, twist), 1000 * MS)
    assert np.all(guard.twist(1000 * MS, DT_S, 0.0, Z) == 0.0)
    assert guard.mode == RobotMode.COMPLIANT_HOLD


def test_good_command_is_followed_and_a_repeated_stamp_is_refused() -> None:
    guard = CommandWatchdog()
    assert guard.offer(SafeTwist(1000 * MS, MOVE), 1005 * MS)
    assert np.array_equal(guard.twist(1005 * MS, DT_S, 0.0, Z), MOVE)
    assert guard.mode == RobotMode.SERVO
    assert not guard.offer(SafeTwist(1000 * MS, 2 * MOVE), 1006 * MS)


def safety(mode: SafetyMode, stamp_ms: int) -> SafetyState:
    return SafetyState(stamp_ms * MS, mode, (), 12.0, 18.0)


@pytest.mark.parametrize(
    ("heard", "publishers"),
    [
        (None, 1),
        (safety(SafetyMode.OK, 1005), 2),
        (safety(SafetyMode.OK, 950), 1),
        (safety(SafetyMode.OK, 1030), 1),
        (safety(SafetyMode.STOPPED, 1005), 1),
        (safety(SafetyMode.RETRACT, 1005), 1),
    ],
    ids=["never heard", "two publishers", "silent", "ahead", "stopped", "retracts"],
)
def test_without_one_publisher_and_a_safety_that_is_well_the_twist_is_let_go_of_at_once(
    heard: SafetyState | None, publishers: int
) -> None:
    guard = CommandWatchdog()
    pressing = np.array([0.0, 0.0, -0.01, 0.0, 0.0, 0.0])
    assert guard.take(RobotInputs(SafeTwist(990 * MS, pressing), safety(SafetyMode.OK, 990)), 995 * MS, Z)
    assert not guard.take(RobotInputs(SafeTwist(1000 * MS, pressing), heard, publishers), 1005 * MS, Z)
    assert np.all(guard.twist(1005 * MS, DT_S, 0.0, Z) == 0.0) and guard.mode == RobotMode.COMPLIANT_HOLD
    assert guard.take(RobotInputs(SafeTwist(1010 * MS, pressing), safety(SafetyMode.HOLD, 1010)), 1015 * MS, Z)
    assert not guard.offer(SafeTwist(1010 * MS, pressing), 1020 * MS)  # stamps are remembered through it


def test_a_safety_that_retracts_leads_back_and_nowhere_else() -> None:
    guard, back = CommandWatchdog(), np.array([0.0, 0.0, 0.02, 0.0, 0.0, 0.0])
    assert guard.take(RobotInputs(SafeTwist(1000 * MS, back), safety(SafetyMode.RETRACT, 1000)), 1005 * MS, Z)
    assert not guard.take(RobotInputs(None, safety(SafetyMode.RETRACT, 1010)), 1015 * MS, Z)
    assert np.array_equal(guard.twist(1016 * MS, DT_S, 0.0, Z), back)  # one lost twist is no end
    stale = SafeTwist(900 * MS, back)
    guard.take(RobotInputs(SafeTwist(1020 * MS, -back), safety(SafetyMode.OK, 1020)), 1025 * MS, Z)
    assert not guard.take(RobotInputs(stale, safety(SafetyMode.RETRACT, 1030)), 1035 * MS, Z)
    assert np.all(guard.twist(1036 * MS, DT_S, 0.0, Z) == 0.0)


def test_silence_fades_the_motion_and_after_fifty_milliseconds_the_hold_is_its_own() -> None:
    guard = CommandWatchdog()
    guard.offer(SafeTwist(1000 * MS, MOVE), 1000 * MS)
    speeds = [np.linalg.norm(run(guard, now, now + 1, 4.0)) for now in range(1000, 1050)]
    assert np.all(np.diff(speeds) <= 1e-12) and guard.mode == RobotMode.SERVO
    twist = run(guard, 1050, 1051, 4.0)
    assert guard.mode == RobotMode.COMPLIANT_HOLD
    assert twist[0] == twist[1] == 0.0 and np.all(twist[3:] == 0.0)


def hold_at(force_n: float) -> CommandWatchdog:
    guard = CommandWatchdog()
    for tick in range(100):
        guard.offer(SafeTwist(tick * 10 * MS + MS, np.zeros(6)), (tick * 10 + 1) * MS)
        run(guard, tick * 10 + 1, tick * 10 + 11, force_n)
    run(guard, 1001, 1060, force_n)
    assert guard.mode == RobotMode.COMPLIANT_HOLD
    return guard


def test_hold_gives_way_to_more_force_and_follows_less() -> None:
    assert run(hold_at(4.0), 1060, 1070, 7.0) @ np.r_[Z, 0, 0, 0] < 0.0
    assert run(hold_at(4.0), 1060, 1070, 2.0) @ np.r_[Z, 0, 0, 0] > 0.0


def test_hold_never_keeps_more_than_its_own_maximum() -> None:
    guard = hold_at(11.0)
    assert run(guard, 1060, 1070, FORCE_MAX_N + 1.0) @ np.r_[Z, 0, 0, 0] < 0.0


def test_when_the_body_goes_away_the_probe_advances_no_further_than_the_spring_allows() -> None:
    guard, advanced = hold_at(5.0), 0.0
    for now in range(1060, 21060):
        advanced += float(guard.twist(now * MS, DT_S, 0.0, Z)[:3] @ Z) * DT_S
    assert 0.0 < advanced <= 5.0 / HOLD_STIFFNESS_N_M + 1e-4


def test_hanging_free_it_does_not_advance_and_ignores_sensor_drift() -> None:
    guard = hold_at(0.2)
    for force in (-5.0, 0.0, 0.6):
        assert np.all(run(guard, 1060, 1200, force) == 0.0)
    assert run(guard, 1200, 1210, 3.0) @ np.r_[Z, 0, 0, 0] < 0.0


def test_broken_force_sensor_is_a_fault_and_stops_the_arm() -> None:
    guard = CommandWatchdog()
    guard.offer(SafeTwist(1000 * MS, MOVE), 1000 * MS)
    assert np.all(guard.twist(1001 * MS, DT_S, float("nan"), Z) == 0.0)
    assert guard.mode == RobotMode.FAULT
