"""The loop without ROS: the same seed gives the same run, and no result is used before it is due."""

from pathlib import Path

import numpy as np
import pytest

from built_patients import drawn
from echopilot_control.safety import Limits
from echopilot_core import ExamPhase
from echopilot_exam.exam_run import ExamRun
from echopilot_exam.goal_source import ExamDirective, ExamGoals
from echopilot_lab.simulated_loop import RenderedResults, SimulatedTick, safety_monitor, simulated_loop
from echopilot_perception.pipeline import Perception
from echopilot_sim.anatomy import Anatomy, Patient, sample_patient
from echopilot_sim.simulation import SimConfig, Simulation

SEED = 500_011
TICKS = 400


def run(patient: Patient | Anatomy, folder: Path) -> list[SimulatedTick]:
    simulation = Simulation(patient, SimConfig(frame_hz=10.0, quality="fast"))
    perception = Perception()
    exam = ExamRun("aorta", "test", folder, clips=False)
    loop = simulated_loop(simulation, RenderedResults(simulation, perception, exam.add_frame), ExamGoals(exam))
    taken = [loop.step() for _ in range(TICKS)]
    exam.close()
    perception.close()
    return taken


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> list[SimulatedTick]:
    return run(drawn(SEED), tmp_path_factory.mktemp("first") / "record")


def test_the_same_seed_gives_the_same_run(first: list[SimulatedTick], tmp_path: Path) -> None:
    second = run(sample_patient(SEED), tmp_path / "record")
    assert len(first) == len(second)
    for a, b in zip(first, second, strict=True):
        assert np.array_equal(a.robot.T_base_probe, b.robot.T_base_probe)
        assert np.array_equal(a.control.command.twist, b.control.command.twist)
        assert all(np.array_equal(f.image, g.image) for f, g in zip(a.frames, b.frames, strict=True))


def test_a_command_never_answers_a_frame_younger_than_the_image_latency(first: list[SimulatedTick]) -> None:
    stamps = {frame.sequence: frame.stamp_ns for tick in first for frame in tick.frames}
    answered = [(t.robot.stamp_ns, t.control.command.frame_sequence) for t in first]
    used = [(now_ns, stamps[sequence]) for now_ns, sequence in answered if sequence >= 0]
    assert used
    assert all(now_ns - stamp_ns >= 60_000_000 for now_ns, stamp_ns in used)


def test_results_carry_the_stamp_and_sequence_of_their_frame(first: list[SimulatedTick]) -> None:
    pairs = [(frame, seen) for tick in first for frame, seen in zip(tick.frames, tick.results, strict=True)]
    assert pairs
    assert all(frame.stamp_ns == seen.stamp_ns and frame.sequence == seen.sequence for frame, seen in pairs)


def test_the_exam_leaves_idle_and_the_arm_starts_to_move(first: list[SimulatedTick]) -> None:
    phases = {t.directive.output.state.phase for t in first if isinstance(t.directive, ExamDirective)}
    assert ExamPhase.APPROACH in phases
    moved_m = np.linalg.norm(first[-1].robot.T_base_probe[:3, 3] - first[0].robot.T_base_probe[:3, 3])
    assert moved_m > 0.02


def test_safety_knows_joint_limits_and_manipulability_of_the_simulated_arm(first: list[SimulatedTick]) -> None:
    monitor = safety_monitor(Simulation(sample_patient(SEED)), Limits())
    inputs = monitor.inputs(0, first[0].robot, None, None, None, "")
    assert 0.0 < inputs.manipulability < np.inf
    assert inputs.joint_limits_rad is not None
