"""The loop without ROS: the same seed gives the same run, and no result is used before it is due."""

import numpy as np
import pytest

from built_patients import drawn
from echopilot_control.safety import Limits
from echopilot_exam.machine import ExamMachine
from echopilot_exam.protocol import load_protocol
from echopilot_lab.loop import LoopTick, run_loop
from echopilot_perception.pipeline import Perception
from echopilot_sim.anatomy import Anatomy, Patient, draw_patient
from echopilot_sim.simulation import SimConfig, Simulation

SEED = 500_011
TICKS = 400


def run(patient: Patient | Anatomy) -> list[LoopTick]:
    simulation = Simulation(patient, SimConfig(frame_hz=10.0, quality="fast"))
    perception = Perception()
    taken = []
    for tick in run_loop(simulation, perception, ExamMachine(load_protocol("aorta"), "test"), Limits()):
        taken.append(tick)
        if len(taken) == TICKS:
            break
    perception.close()
    return taken


@pytest.fixture(scope="module")
def first() -> list[LoopTick]:
    return run(drawn(SEED))


def test_the_same_seed_gives_the_same_run(first: list[LoopTick]) -> None:
    second = run(draw_patient(SEED))
    assert len(first) == len(second)
    for a, b in zip(first, second, strict=True):
        assert np.array_equal(a.robot.T_base_probe, b.robot.T_base_probe)
        assert np.array_equal(a.control.command.twist, b.control.command.twist)
        assert all(np.array_equal(f.image, g.image) for f, g in zip(a.frames, b.frames, strict=True))


def test_a_command_never_answers_a_frame_younger_than_the_image_latency(first: list[LoopTick]) -> None:
    stamps = {frame.sequence: frame.stamp_ns for tick in first for frame in tick.frames}
    answered = [(t.robot.stamp_ns, t.control.command.frame_sequence) for t in first]
    used = [(now_ns, stamps[sequence]) for now_ns, sequence in answered if sequence >= 0]
    assert used
    assert all(now_ns - stamp_ns >= 60_000_000 for now_ns, stamp_ns in used)


def test_results_carry_the_stamp_and_sequence_of_their_frame(first: list[LoopTick]) -> None:
    pairs = [(frame, seen) for tick in first for frame, seen in zip(tick.frames, tick.seen, strict=True)]
    assert pairs
    assert all(frame.stamp_ns == seen.stamp_ns and frame.sequence == seen.sequence for frame, seen in pairs)


def test_the_exam_leaves_idle_and_the_arm_starts_to_move(first: list[LoopTick]) -> None:
    phases = {tick.exam.state.state for tick in first if tick.exam is not None}
    assert "APPROACH" in phases
    moved_m = np.linalg.norm(first[-1].robot.T_base_probe[:3, 3] - first[0].robot.T_base_probe[:3, 3])
    assert moved_m > 0.02
