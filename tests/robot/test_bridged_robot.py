"""The bridge over a made arm: compliant within 50 ms of silence at the arm's rate, and every fault named and safe."""

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from made_arm import MS, TOOL, BridgedRig, MadeArm, settings_of, urdf_of

from echopilot_control.robot_contract.session import ContractSession
from echopilot_core import RobotInputs, RobotMode, RobotState, SafetyMode, SafetyState
from echopilot_core.timing import TICK_NS
from echopilot_robot import ArmSample
from echopilot_robot.bridge.faults import ArmFaultKind
from echopilot_robot.bridge.robot import BridgedRobot

QUIET = RobotInputs(None, None)


def made(rate_hz: int = 500, **changes: object) -> "tuple[MadeArm, BridgedRobot]":
    arm = MadeArm(rate_hz=rate_hz)
    robot = BridgedRobot(arm, urdf_of(), TOOL, replace(settings_of(), **changes))  # type: ignore[arg-type]
    robot.step(QUIET)
    return arm, robot


def stepped(robot: BridgedRobot, seconds: float) -> "list[RobotState]":
    return [robot.step(QUIET) for _ in range(round(seconds * 1e9 / TICK_NS))]


@pytest.mark.parametrize("rate_hz", [100, 500])
def test_in_silence_it_holds_within_50_ms_and_gives_way_when_pushed(rate_hz: int) -> None:
    rig = BridgedRig(rate_hz=rate_hz)
    session = ContractSession(rig)
    session.into_contact()
    last_ns = session.last.stamp_ns
    states = session.silence(1.0)
    held = next(state for state in states if state.mode is RobotMode.COMPLIANT_HOLD)
    assert held.stamp_ns - last_ns <= 50 * MS + TICK_NS
    rig.move_surface(0.010)
    pushed = [(state, rig.witness_force_n()) for state in session.silence(3.0)]
    peak_n, end_n = max(force_n for _, force_n in pushed), pushed[-1][1]
    print(f"{rate_hz} Hz: {peak_n:.1f} N at most, {end_n:.1f} N in the end")
    assert peak_n < 12.0 and end_n < 6.0  # a stiff arm would stand at 10 mm of skin, far above 20 N
    assert all(state.mode is RobotMode.COMPLIANT_HOLD for state, _ in pushed)


def test_commands_come_at_the_arms_rate() -> None:
    arm, robot = made()
    arm.commands.clear()
    stepped(robot, 0.1)
    assert np.diff([now_ns for now_ns, _ in arm.commands]).tolist() == [2 * MS] * (len(arm.commands) - 1)
    assert len(arm.commands) in range(45, 56)


def test_the_force_in_free_air_is_that_of_nothing_in_every_pose() -> None:
    session = ContractSession(BridgedRig())
    for axis in (0, 1):
        for _ in range(150):
            session.send(np.concatenate([np.zeros(3), 0.4 * session.last.T_base_probe[:3, axis]]))
        forces = np.array([state.wrench[:3] for state in session.silence(0.5)[-20:]])
        assert np.abs(forces.mean(axis=0)).max() < 0.3


def spoil_stamp(change: Callable[[int, int], int]) -> "Callable[[ArmSample], ArmSample]":
    return lambda sample: replace(sample, stamp_ns=change(sample.stamp_ns, sample.heard_ns))


CLOCK = {
    "zero": (lambda stamp, heard: 0, ArmFaultKind.STAMPS_ZERO, RobotMode.FAULT),
    "stands": (lambda stamp, heard: 10**9, ArmFaultKind.STAMPS_STAND, RobotMode.FAULT),
    "steps": (lambda stamp, heard: stamp + 2 * 10**9, ArmFaultKind.CLOCK_STEP, RobotMode.COMPLIANT_HOLD),
    "steps back": (lambda stamp, heard: stamp - 10**8, ArmFaultKind.CLOCK_STEP, RobotMode.COMPLIANT_HOLD),
}


@pytest.mark.parametrize("fault", CLOCK)
def test_a_fault_of_the_clock_is_named_and_refuses_twists_while_ticks_go_on(fault: str) -> None:
    change, kind, mode = CLOCK[fault]
    rig = BridgedRig()
    session = ContractSession(rig)
    for _ in range(100):
        session.send(session.along_z(0.01))
    before = session.last
    rig.arm.spoil = spoil_stamp(change)
    for _ in range(50):
        session.send(session.along_z(0.01))
    assert session.last.mode is mode
    assert session.last.stamp_ns - before.stamp_ns == pytest.approx(50 * TICK_NS, abs=5 * TICK_NS)
    way = session.last.T_base_probe[:3, 3] - before.T_base_probe[:3, 3]
    assert np.linalg.norm(way) < 0.002
    robot = session._robot
    assert isinstance(robot, BridgedRobot)
    assert [f.kind for f in robot.faults] == [kind] and "expected: " in robot.faults[0].text


@pytest.mark.parametrize(
    ("shift_ns", "kind"), [(-5 * MS, ArmFaultKind.CLOCK_OFFSET), (-(10**18), ArmFaultKind.CLOCK_EPOCH)]
)
def test_a_driver_with_another_clock_never_moves(shift_ns: int, kind: ArmFaultKind) -> None:
    arm = MadeArm()
    arm.spoil = spoil_stamp(lambda stamp, heard: stamp + shift_ns)
    robot = BridgedRobot(arm, urdf_of(), TOOL, settings_of())
    states = stepped(robot, 3.0)
    assert states[-1].mode is RobotMode.FAULT and [f.kind for f in robot.faults] == [kind]


def test_a_driver_of_its_own_epoch_is_taken_where_that_is_said() -> None:
    arm = MadeArm()
    arm.spoil = spoil_stamp(lambda stamp, heard: stamp + 10**15)
    robot = BridgedRobot(arm, urdf_of(), TOOL, replace(settings_of(), own_clock=True))
    states = stepped(robot, 3.0)
    assert robot.faults == () and states[-1].mode is RobotMode.COMPLIANT_HOLD
    assert abs(states[-1].stamp_ns - arm.simulation.now_ns) <= TICK_NS


SAMPLES = {
    "error": (lambda s: replace(s, errors=("protective stop",)), ArmFaultKind.DRIVER_ERROR, "it says: protective stop"),
    "not finite": (lambda s: replace(s, wrench=s.wrench * math.nan), ArmFaultKind.SAMPLE_UNUSABLE, "wrench is [nan"),
    "too few joints": (
        lambda s: replace(s, position_rad=s.position_rad[:6]), ArmFaultKind.SAMPLE_UNUSABLE, "expected: (7,), (7,)",
    ),
}  # fmt: skip


@pytest.mark.parametrize("sample", SAMPLES)
def test_a_sample_that_tells_nothing_stops_the_arm_and_is_named(sample: str) -> None:
    spoil, kind, said = SAMPLES[sample]
    arm, robot = made()
    arm.spoil, arm.stops = spoil, 0
    states = stepped(robot, 0.2)
    assert [f.kind for f in robot.faults] == [kind] and said in robot.faults[0].text
    assert arm.stops > 50 and all(state.mode is RobotMode.FAULT for state in states[1:])
    arm.spoil = lambda s: s
    assert stepped(robot, 0.1)[-1].mode is RobotMode.COMPLIANT_HOLD and robot.faults == ()


def test_a_silent_driver_is_told_to_stop_and_its_silence_is_named() -> None:
    arm, robot = made()
    told: list[str] = []

    def silent(sample: ArmSample) -> "ArmSample | None":
        told.extend(str(f) for f in robot.faults)
        return sample if len(told) >= 3 else None

    arm.spoil, arm.stops = silent, 0
    before = stepped(robot, 0.05)[-1]
    after = stepped(robot, 0.05)[-1]
    assert arm.stops >= 3 and told[0].startswith("DRIVER_SILENT (the driver says nothing): no sample for 0.1 s")
    assert robot.faults == () and after.tick > before.tick


def test_a_lost_sample_of_a_slow_arm_leaves_no_gap() -> None:
    arm, robot = made(100)
    lost = iter([False, False, True] * 20)
    arm.spoil = lambda sample: arm.read(0.0) if next(lost, False) else sample
    states = stepped(robot, 0.3)
    assert np.diff([state.tick for state in states]).tolist() == [1] * (len(states) - 1)
    assert np.diff([state.stamp_ns for state in states]).tolist() == [TICK_NS] * (len(states) - 1)


def test_a_touch_at_the_start_is_a_fault_where_the_bias_is_known() -> None:
    arm = MadeArm()
    bias = arm.simulation.joints.sensor.state[2].copy()
    touched = np.array([0.0, 0.0, -8.0, 0.0, 0.0, 0.0])
    arm.spoil = lambda sample: replace(sample, wrench=sample.wrench + touched)
    robot = BridgedRobot(arm, urdf_of(), replace(TOOL, bias=bias), settings_of())
    assert stepped(robot, 0.1)[-1].mode is RobotMode.FAULT
    assert [f.kind for f in robot.faults] == [ArmFaultKind.TARE]
    assert robot.step(RobotInputs(None, SafetyState(0, SafetyMode.OK, (), 12.0, 18.0))).contact_force_n > 6.0
