"""The patient in another engine's loop: no renderer, no MuJoCo, the caller's clock, a wrench within microseconds."""

import subprocess
import sys
import time

import numpy as np
import pytest

from echopilot_core import ScannerSettings, se3
from echopilot_core.kernels.compiled import COMPILED
from echopilot_core.robot import HARD_LIMIT_N
from echopilot_sim.anatomy import sample_patient
from echopilot_sim.anatomy.torso.skin import apex_beat
from echopilot_sim.bmode.probes import PRESETS
from echopilot_sim.bmode.scan_parameters import image_layout
from echopilot_sim.bmode.sound.contact import beam_coupling
from echopilot_sim.frame_state import N_ELEMENTS, element_x_m
from echopilot_sim.physics.coupling_gel import PLENTY_M
from echopilot_sim.physics.patient_world import PatientWorld
from echopilot_sim.physics.skin_patch import contact

STEP_NS = 1_000_000
DOWN = np.diag([1.0, -1.0, -1.0])
AT_REST = np.zeros(6)


class EngineClock:
    """Time of another engine, which may be set to anything."""

    def __init__(self) -> None:
        self.ns = 0

    def now_ns(self) -> int:
        return self.ns


def above_the_belly(world: PatientWorld, height_m: float) -> np.ndarray:
    """Origin (3,) in base of a probe that points down, that far above the skin now (negative: pressed in)."""
    T_base_patient = world.patient.T_base_patient
    x, z = np.array([0.0]), np.array([-0.08])
    skin = se3.apply(T_base_patient, world.skin.point(x, z, world.phases().breathing))[0]
    return skin + np.array([0.0, 0.0, height_m])


class Mass:
    """Another engine: a probe on a vertical rail, pushed by a constant force against a damper, at 1 kHz."""

    def __init__(self, seed: int) -> None:
        self.clock = EngineClock()
        self.world = PatientWorld(sample_patient(seed), self.clock)
        self.height_m, self.speed_m_s = 0.02, 0.0

    def run(self, steps: int, push_n: float = 5.0, mass_kg: float = 2.0, damping_n_s_m: float = 100.0) -> np.ndarray:
        world, forces = self.world, []
        rail = above_the_belly(world, 0.0)
        for _ in range(steps):
            self.clock.ns += STEP_NS
            twist = np.array([0.0, 0.0, self.speed_m_s, 0.0, 0.0, 0.0])
            wrench = world.step(DOWN, rail + [0.0, 0.0, self.height_m], twist)
            lift_n = -wrench[2] - push_n - damping_n_s_m * self.speed_m_s
            self.speed_m_s += lift_n / mass_kg * 1e-3
            self.height_m += self.speed_m_s * 1e-3
            forces.append(world.normal_force_n)
        return np.array(forces)


def test_neither_renderer_nor_engine_is_loaded_by_a_world_that_runs() -> None:
    """Read from the modules of a process in which the world has stepped and told everything it can tell."""
    code = """
import sys
import numpy as np
from echopilot_core import ManualClock
from echopilot_sim.anatomy import sample_patient
from echopilot_sim.frame_state import ScannerSettings
from echopilot_sim.physics.patient_world import PatientWorld
world = PatientWorld(sample_patient(1), ManualClock())
world.step(np.eye(3), np.zeros(3), np.zeros(6))
world.surface(), world.landmarks(), world.frame_state(0, np.eye(4), ScannerSettings())
print(*sorted(sys.modules))
"""
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=300)
    modules = told.stdout.split()
    assert "echopilot_sim.physics.patient_world" in modules
    wrong = ("mujoco", "cv2", "echopilot_sim.bmode.renderer", "echopilot_sim.arm", "echopilot_sim.simulation")
    assert [m for m in modules if m.startswith(wrong)] == []


def test_a_mass_of_another_engine_comes_to_rest_on_the_patient_with_the_force_that_pushes_it() -> None:
    engine = Mass(1)
    assert engine.run(20).max() == 0.0
    forces = engine.run(4000)
    assert np.abs(forces[-1000:] - 5.0).max() < 1.0  # the chest breathes under it
    assert forces.max() == engine.world.max_normal_force_n and engine.world.limit_crossings == 0


def test_the_wrench_is_that_of_the_contact_law_at_the_same_pose() -> None:
    clock = EngineClock()
    world = PatientWorld(sample_patient(2), clock, breathing=False)
    origin = above_the_belly(world, -0.006)
    wrench = world.step(DOWN, origin, AT_REST)
    T_patient_probe = se3.inverse(world.patient.T_base_patient) @ se3.transform(DOWN, origin)
    law = contact(world.skin, T_patient_probe, AT_REST, world.phases())
    assert wrench is world.wrench and wrench[2] < -1.0
    assert wrench == pytest.approx(law.wrench, rel=0.02, abs=0.02)  # the heart beats a little in the 10 ms to come


def test_no_push_without_touch_and_every_step_above_the_limit_is_counted() -> None:
    clock = EngineClock()
    world = PatientWorld(sample_patient(3), clock, breathing=False)
    assert not world.step(DOWN, above_the_belly(world, 0.01), AT_REST).any()
    assert world.max_normal_force_n == 0.0
    deep = above_the_belly(world, -0.05)
    forces = []
    for _ in range(7):
        clock.ns += STEP_NS
        world.step(DOWN, deep, AT_REST)
        forces.append(world.normal_force_n)
    assert min(forces) > HARD_LIMIT_N and world.limit_crossings == 7 and world.max_normal_force_n == max(forces)
    world.reset_force_record()
    assert world.limit_crossings == 0 and world.max_normal_force_n == 0.0


def test_a_reset_gives_the_same_bytes_again() -> None:
    engine = Mass(4)
    first = engine.run(2500)
    engine.world.shift(np.array([0.02, 0.0, 0.0]))
    engine.world.gel_m = 0.0
    engine.clock.ns = 0
    engine.world.reset()
    engine.height_m, engine.speed_m_s = 0.02, 0.0
    assert engine.world.gel_m == PLENTY_M and not engine.world.wrench.any()
    assert engine.run(2500).tobytes() == first.tobytes()


def test_a_clock_that_jumps_or_ticks_coarsely_meets_the_skin_of_its_own_time() -> None:
    for jump_ns in (3 * STEP_NS, 10 * STEP_NS, 700 * STEP_NS):
        clock = EngineClock()
        world, fresh = PatientWorld(sample_patient(5), clock), PatientWorld(sample_patient(5), clock)
        origin = above_the_belly(world, -0.008)
        for _ in range(12):
            clock.ns += jump_ns
            anew_n = fresh.step(DOWN, origin, AT_REST)[2]
            assert world.step(DOWN, origin, AT_REST)[2] == pytest.approx(anew_n, rel=1e-3)
            fresh = PatientWorld(sample_patient(5), clock)
    assert world.gel_m < PLENTY_M


def test_gel_wears_alike_whatever_the_step() -> None:
    left = []
    for step_ns in (STEP_NS, 4 * STEP_NS):
        clock = EngineClock()
        world = PatientWorld(sample_patient(6), clock, breathing=False, gel_m=0.001)
        origin, twist = above_the_belly(world, -0.006), np.array([0.02, 0.0, 0.0, 0.0, 0.0, 0.0])
        while clock.ns < 3_000_000_000:
            clock.ns += step_ns
            world.step(DOWN, origin, twist)
        left.append(world.gel_m)
    assert left[0] < 0.00099 and left[1] == pytest.approx(left[0], rel=2e-4)


def test_a_moment_holds_the_contact_by_element_of_the_placed_patient() -> None:
    clock = EngineClock()
    world = PatientWorld(sample_patient(7), clock, breathing=False)
    T_base_probe = se3.transform(DOWN, above_the_belly(world, -0.004))
    world.step(DOWN, T_base_probe[:3, 3], AT_REST)
    before = world.frame_state(5, T_base_probe, ScannerSettings("abdomen"))
    assert before.sequence == 5 and before.imaging.preset == "abdomen" and before.contact_force_n > 0.5
    assert before.gap_m.min() < -0.003
    world.shift(np.array([0.0, 0.0, -0.03]))
    clock.ns = 1_000_000_000
    assert world.frame_state(6, T_base_probe, ScannerSettings()).gap_m.min() > 0.02


@pytest.mark.alone
@pytest.mark.skipif(not COMPILED, reason="a cost of compiled kernels")
def test_a_step_costs_at_most_fifty_microseconds() -> None:
    engine = Mass(1)
    engine.run(2500)
    world, clock, origin, spent_s = engine.world, engine.clock, above_the_belly(engine.world, -0.006), []
    for _ in range(3000):
        clock.ns += STEP_NS
        started_s = time.perf_counter()
        world.step(DOWN, origin, AT_REST)
        spent_s.append(time.perf_counter() - started_s)
    p50_us = 1e6 * float(np.median(spent_s))
    print(f"step of the patient: p50 {p50_us:.1f} us, p99 {1e6 * float(np.percentile(spent_s, 99)):.1f} us")
    assert p50_us < 50.0


@pytest.mark.parametrize("name", PRESETS)
def test_gaps_are_sampled_where_the_beams_of_the_preset_read_them(name: str) -> None:
    """At the centers of the elements of the preset's own aperture, on a probe of which one end is lifted."""
    world = PatientWorld(sample_patient(7), EngineClock(), breathing=False)
    lifted = DOWN @ se3.so3_exp(np.array([0.0, np.radians(12.0), 0.0]))
    frame_state = world.frame_state(0, se3.transform(lifted, above_the_belly(world, -0.002)), ScannerSettings(name))
    points = np.zeros((N_ELEMENTS, 3))
    points[:, 0] = element_x_m(PRESETS[name].aperture_m)
    on_probe = se3.apply(frame_state.T_patient_probe, points)
    phases = frame_state.phases
    assert frame_state.gap_m == pytest.approx(
        world.skin.signed_distance(on_probe, phases.breathing, apex_beat(phases.heart))
    )
    slope = abs(frame_state.gap_m[-1] - frame_state.gap_m[0]) / PRESETS[name].aperture_m
    assert slope == pytest.approx(np.sin(np.radians(12.0)), rel=0.25)
    grid = image_layout(name, 0.12, "fast").grid
    coupled = beam_coupling(grid, frame_state.gap_m, gel_m=0.0)
    spread = np.interp(grid.face_x_m, element_x_m(PRESETS[name].aperture_m), frame_state.gap_m)
    assert coupled[spread > 0.004].max(initial=0.0) < 0.2 and coupled[spread < -0.001].min(initial=1.0) > 0.8
