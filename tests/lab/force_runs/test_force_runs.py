"""Force-only runs: what an exam does without images keeps 5 N, and no random fault passes the hard limit."""

import json
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict
from itertools import islice, repeat
from multiprocessing import get_context

import numpy as np
import pytest
from PIL import Image

from echopilot_core import ControlPhase
from echopilot_lab.force_runs.bodies import pressure_per_depth, uniform_body
from echopilot_lab.force_runs.campaign import FaultRun, code_sha256, fault_run, kept_runs, summary
from echopilot_lab.force_runs.fault_kinds import DECLARED, KINDS, DrawnFault, draw_faults
from echopilot_lab.force_runs.faults import FaultDisturbances
from echopilot_lab.force_runs.kind_effect import changes_the_run
from echopilot_lab.force_runs.lie_matrix import BAR_N
from echopilot_lab.force_runs.plots import draw_maxima
from echopilot_lab.force_runs.run import NO_IMAGES, ForceDisturbances, run_force
from echopilot_lab.force_runs.sensor_lies import WHEN, lie_run
from echopilot_sim.simulation import SimConfig, Simulation

SEED, RUNS = 500_700, 20  # 10,000 in make bench
CONTACT_S = 2.0  # 10 s in make bench


def test_five_newtons_are_held_on_a_breathing_body_of_one_kilonewton_per_meter():
    ticks = list(islice(run_force(Simulation(uniform_body(1000.0, 0.010, 3))), 1200))
    forces = np.array([tick.true_force_n for tick in ticks])
    held = forces[[tick.tick.control.status.phase for tick in ticks].index(ControlPhase.HOLD) + 200 :]
    assert forces.max() <= 7.0
    assert np.sqrt(np.mean((held - 5.0) ** 2)) <= 0.5


class LowerGain(ForceDisturbances):
    def crossover_rad_s(self, tick: int) -> float:
        return 2.0 if 1400 < tick <= 1700 else 16.0


def test_a_live_change_of_gain_takes_effect_and_keeps_the_force_of_the_arm_within_a_newton():
    body = uniform_body(1000.0, 0.005, 3)
    simulations = [Simulation(body, SimConfig(frame_hz=1.0, breathing=False)) for _ in range(2)]
    changed, left = (
        list(islice(run_force(simulation, asked), 2000))
        for simulation, asked in zip(simulations, (LowerGain(), None), strict=True)
    )
    assert changed[1200].tick.control.status.phase is ControlPhase.HOLD
    force_n, usual_n = (np.array([tick.true_force_n for tick in ticks]) for ticks in (changed, left))
    assert np.array_equal(force_n[:1400], usual_n[:1400])
    assert not np.array_equal(force_n[1400:], usual_n[1400:])
    assert np.abs(force_n[1400:] - force_n[1200:1400].mean()).max() < 1.0


def test_stiffness_asked_for_is_ordered_as_pressure_per_depth():
    assert pressure_per_depth(300.0) < pressure_per_depth(1000.0) < pressure_per_depth(8000.0)


def test_every_kind_of_fault_is_drawn_and_drawing_is_repeatable():
    drawn = [draw_faults(np.random.default_rng(seed), 100, 900) for seed in range(600)]
    assert {fault.kind for faults in drawn for fault in faults} == set(KINDS)
    assert drawn[7] == draw_faults(np.random.default_rng(7), 100, 900)


def test_finished_runs_are_read_back_and_those_of_other_code_and_cut_lines_are_not(tmp_path):
    run = FaultRun(
        7,
        900.0,
        0.004,
        5.0,
        draw_faults(np.random.default_rng(7), 100, 900),
        True,
        6.5,
        0,
        ("ROBOT_LOST",),
        (0.5, None),
    )
    line = json.dumps({"code": code_sha256()} | asdict(run))
    (tmp_path / "kept").write_text(f"{line}\n{line.replace(code_sha256(), 'other')}\n{line[:40]}")
    assert kept_runs(tmp_path / "kept") == {7: run}


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_no_fault_passes_the_hard_limit(tmp_path):
    print("seeds", SEED, "to", SEED + RUNS - 1)
    with ProcessPoolExecutor(2, get_context("spawn")) as pool:
        results = list(pool.map(fault_run, range(SEED, SEED + RUNS), repeat(CONTACT_S), chunksize=5))
    figures = summary(results)
    print(figures)
    assert figures["limit_crossings"] == 0, figures["worst"]
    assert figures["landed"] >= RUNS / 3
    assert all(run.landed or run.reasons for run in results), "a run that did not land was not stopped for a reason"
    draw_maxima([run.max_n for run in results], tmp_path / "maxima.png")
    assert Image.open(tmp_path / "maxima.png").size == (960, 480)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_no_declared_fault_ends_controller_or_safety_when_it_is_there_from_the_first_tick_on():
    body = uniform_body(2000.0, 0.004, SEED)
    for kind, declared in DECLARED.items():
        fault = DrawnFault(kind, 0, 30, declared.size[1])
        simulation = Simulation(body, NO_IMAGES)
        disturbed = FaultDisturbances(simulation, np.random.default_rng(SEED), 2000.0, 5.0, (fault,))
        assert len(list(islice(run_force(simulation, disturbed), 30))) == 30, kind


@pytest.mark.parametrize("kind", ["command_wild", "pose_biased", "goal_flapping"])
def test_a_kind_changes_the_run_when_safety_does_not_react(kind):
    assert changes_the_run(kind)


def test_a_fault_of_what_safety_alone_receives_changes_no_run_without_safety():
    assert not changes_the_run("publishers_absent")


@pytest.mark.parametrize("when", WHEN)
@pytest.mark.parametrize("kind", ["zero", "constant with noise", "gain 0.1"])
def test_a_lying_force_sensor_is_named_before_18_newtons(kind, when):
    for seed in (600_105, 600_106):
        run = lie_run(kind, when, seed)
        print(run)
        assert run.begun
        assert run.max_n < BAR_N
        assert any(reason.startswith("FORCE_") for reason in run.reasons)
