"""The graph's simulation over an engine: its time, its frames, its force sensor, and what it refuses."""

from dataclasses import replace

import numpy as np
import pytest

from echopilot_core import EchoPilotError, RobotInputs, RobotMode, SafeTwist, SafetyMode, SafetyState, se3
from echopilot_core.paths import share_file
from echopilot_gz.engine import EngineState
from echopilot_gz.simulation import GazeboSimulation
from echopilot_robot.bridge.force import described_tool
from echopilot_sim.anatomy import build, sample_patient
from echopilot_sim.arm.arm_models import FR3_LIKE
from echopilot_sim.arm.mujoco_arm import ArmPhysics
from echopilot_sim.simulation import START_POSE, SimConfig

SEED = 600_000
TOOL = described_tool(share_file("echopilot_description", FR3_LIKE.urdf).read_text(), "probe")


class IdealEngine:
    """Joints that follow their velocities exactly, and a wrench that a test chooses, in probe at its origin."""

    def __init__(self, now_ns: int) -> None:
        self.arm = ArmPhysics(START_POSE, kind=FR3_LIKE)
        q = self.arm.data.qpos.copy()
        weight = TOOL.weight(START_POSE[:3, :3])
        self.contact = np.zeros(6)
        self._state = EngineState(now_ns, q, np.zeros(7), np.zeros((7, 3)), weight)

    def state(self) -> EngineState:
        return self._state

    def advance(self, velocity_rad_s: np.ndarray, steps: int) -> EngineState:
        old = self._state
        q = old.position_rad + velocity_rad_s * 0.001 * steps
        weight = TOOL.weight(START_POSE[:3, :3])  # it hardly turns here
        self._state = replace(
            old,
            now_ns=old.now_ns + steps * 1_000_000,
            position_rad=q,
            velocity_rad_s=velocity_rad_s.copy(),
            wrench=weight + self.contact,
        )
        return self._state


@pytest.fixture(scope="module")
def anatomy() -> object:
    return build(sample_patient(SEED))


def simulation(anatomy: object, now_ns: int = 3_217_000_000) -> tuple[GazeboSimulation, IdealEngine]:
    engine = IdealEngine(now_ns)
    return GazeboSimulation(anatomy, SimConfig(quality="fast"), engine), engine  # type: ignore[arg-type]


def inputs(now_ns: int, twist: np.ndarray) -> RobotInputs:
    well = SafetyState(now_ns, SafetyMode.OK, (), soft_cap_n=20.0, trip_force_n=20.0)
    return RobotInputs(SafeTwist(now_ns, twist), well)


def test_time_is_the_engines_and_ticks_follow_without_a_gap(anatomy: object) -> None:
    sim, engine = simulation(anatomy)
    assert sim.now_ns == 3_220_000_000
    robots = [sim.advance(RobotInputs(None, None)).robot for _ in range(3)]
    assert [r.tick for r in robots] == [323, 324, 325]
    assert [r.stamp_ns for r in robots] == [3_230_000_000, 3_240_000_000, 3_250_000_000]
    assert engine.state().now_ns == robots[-1].stamp_ns


def test_frames_come_at_ticks_in_order_and_none_is_due_that_was_never_taken(anatomy: object) -> None:
    sim, _ = simulation(anatomy)
    ticks = [sim.advance(RobotInputs(None, None)) for _ in range(60)]
    frames = [frame for tick in ticks for frame in tick.acquisitions]
    assert [f.sequence for f in frames] == list(range(frames[0].sequence, frames[0].sequence + len(frames)))
    assert len(frames) in (17, 18, 19) and all(f.stamp_ns % 10_000_000 == 0 for f in frames)
    due = [tick.robot.due_frame_sequence for tick in ticks]
    assert due[0] == -1 and set(due) - {-1} <= {f.sequence for f in frames}
    assert max(due) > frames[0].sequence


def test_a_twist_moves_the_probe_and_silence_holds_it(anatomy: object) -> None:
    sim, _ = simulation(anatomy)
    start = sim.robot.arm.pose()
    twist = np.array([0.0, 0.02, 0.0, 0.0, 0.0, 0.0])
    for _ in range(50):
        robot = sim.advance(inputs(sim.now_ns, twist)).robot
    assert robot.mode is RobotMode.SERVO
    moved = robot.T_base_probe[:3, 3] - start[:3, 3]
    np.testing.assert_allclose(moved, [0.0, 0.01, 0.0], atol=0.0015)
    assert se3.angle_between(start[:3, :3], robot.T_base_probe[:3, :3]) < 0.01
    for _ in range(60):
        robot = sim.advance(RobotInputs(None, None)).robot
    assert robot.mode is RobotMode.COMPLIANT_HOLD
    assert np.abs(robot.twist).max() < 1e-3


def test_the_force_is_the_contact_without_the_weight_of_the_probe(anatomy: object) -> None:
    sim, engine = simulation(anatomy)
    engine.contact = np.array([0.3, -0.2, -5.0, 0.01, 0.02, 0.0])
    robot = sim.advance(RobotInputs(None, None)).robot
    np.testing.assert_allclose(robot.wrench, engine.contact, atol=0.02)
    assert sim.true_normal_force_n == pytest.approx(5.0, abs=0.02)
    assert sim.raw_wrench[2] == pytest.approx(-5.0 + TOOL.weight(START_POSE[:3, :3])[2], abs=0.02)


def test_what_gazebo_does_itself_is_refused(anatomy: object) -> None:
    sim, _ = simulation(anatomy)
    with pytest.raises(EchoPilotError, match="in Gazebo"):
        sim.shift_patient(np.zeros(3))
    with pytest.raises(EchoPilotError, match="Gazebo"):
        sim.restarted()


def test_steps_that_nobody_asked_for_end_the_simulation(anatomy: object) -> None:
    sim, engine = simulation(anatomy)
    engine.advance(np.zeros(7), 3)
    with pytest.raises(EchoPilotError, match="went 13 ms where 10 were asked for"):
        sim.advance(RobotInputs(None, None))
