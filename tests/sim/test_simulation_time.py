"""Frames, ticks and what is seen of the body: stamps, due frames, frozen moments, noise and holes."""

import numpy as np
import pytest

from built_patients import drawn
from echopilot_core import EchoPilotError, SafeTwist, ScannerSettings, se3
from echopilot_sim.anatomy import sample_patient
from echopilot_sim.anatomy.torso.skin import Skin
from echopilot_sim.frame_state import FrameState
from echopilot_sim.simulation import SimConfig, Simulation


def frame_states_of(config: SimConfig, ticks: int) -> list[FrameState]:
    simulation = Simulation(sample_patient(1), config)
    return [frame_state for _ in range(ticks) for frame_state in simulation.step(None).acquisitions]


@pytest.mark.parametrize("frame_hz", [15.0, 30.0, 60.0])
def test_frames_are_stamped_at_the_nearest_physics_step_and_none_is_lost(frame_hz: float) -> None:
    frame_states = frame_states_of(SimConfig(frame_hz=frame_hz), 100)
    assert [m.sequence for m in frame_states] == list(range(int(frame_hz) + 1))
    for m in frame_states:
        assert abs(m.stamp_ns - m.sequence * 1e9 / frame_hz) <= 500_000 and m.stamp_ns % 1_000_000 == 0


def test_ticks_are_ten_milliseconds_and_due_frames_are_sixty_milliseconds_old() -> None:
    simulation, stamps = Simulation(sample_patient(1)), {}
    for k in range(1, 60):
        tick = simulation.step(None)
        stamps.update({m.sequence: m.stamp_ns for m in tick.acquisitions})
        robot = tick.robot
        assert robot.tick == k and robot.stamp_ns == k * 10_000_000
        ready = [s for s, stamp in stamps.items() if stamp + 60_000_000 <= robot.stamp_ns]
        assert robot.due_frame_sequence == max(ready, default=-1)


def test_command_acts_after_its_latency() -> None:
    config = SimConfig(breathing=False, joint_friction=False, sensor_errors=False)
    moved = []
    for latency in (0, 5, 9):
        simulation = Simulation(sample_patient(1), SimConfig(**{**vars(config), "command_latency_steps": latency}))
        start = simulation.step(None).robot
        after = simulation.step(SafeTwist(start.stamp_ns, np.array([0.05, 0, 0, 0, 0, 0]))).robot
        moved.append(after.T_base_probe[0, 3] - start.T_base_probe[0, 3])
    assert moved[0] > moved[1] > moved[2] >= 0.0


def test_picture_of_a_moment_does_not_depend_on_what_happens_later() -> None:
    simulation = Simulation(sample_patient(1), SimConfig(quality="fast"))
    frame_state = simulation.step(None).acquisitions[0]
    before = simulation.render(frame_state).image.copy()
    for _ in range(20):
        simulation.step(None)
    simulation.set_imaging(ScannerSettings("abdomen", depth_m=0.20))
    after = simulation.render(frame_state)
    assert np.array_equal(before, after.image)
    assert after.stamp_ns == frame_state.stamp_ns and after.sequence == frame_state.sequence
    assert frame_state.imaging.preset == "cardiac"
    later = [m for _ in range(4) for m in simulation.step(None).acquisitions]
    assert later[-1].imaging.preset == "abdomen" and later[-1].imaging.depth_m == 0.20


def test_moment_is_self_consistent_with_the_placed_patient() -> None:
    simulation = Simulation(sample_patient(6))
    frame_state = simulation.step(None).acquisitions[0]
    again = simulation.patient.T_base_patient @ frame_state.T_patient_probe
    assert np.allclose(again, frame_state.T_base_probe)
    assert frame_state.gap_m.min() > 0.05 and frame_state.contact_force_n == 0.0


def test_camera_sees_breathing_skin_with_noise_and_holes() -> None:
    for seed in (1, 2, 3):
        patient = sample_patient(seed)
        simulation, skin = Simulation(patient), Skin(patient.torso)
        counts = []
        for _ in range(3):
            for _ in range(60):
                simulation.step(None)
            points = simulation.surface().points_m
            counts.append(len(points))
            seen = se3.apply(se3.inverse(patient.T_base_patient), points)
            error = skin.signed_distance(seen, simulation.phases().breathing)
            assert 0.0008 < error.std() < 0.0018 and abs(error.mean()) < 0.0003
        assert all(2800 < n < 5500 for n in counts), counts
        assert seen[:, 0].max() > 0.95 * patient.torso.half_width_abdomen_m  # the left flank is seen
        assert seen[:, 1][seen[:, 0] > 0.1].max() > 0.08


def test_landmarks_lie_on_the_skin_near_their_places_with_one_draw_per_patient() -> None:
    errors = []
    for seed in range(60):
        patient = sample_patient(seed)
        simulation = Simulation(patient)
        first = simulation.landmarks()
        for _ in range(5):
            simulation.step(None)
        again = simulation.landmarks()
        places = np.array([[0.0, patient.torso.notch_z_m], [0.0, 0.0], [0.0, patient.torso.navel_z_m]])
        named = np.array([first.notch_m, first.xiphoid_m, first.navel_m])
        seen = se3.apply(se3.inverse(patient.T_base_patient), named)
        errors.append(seen[:, [0, 2]] - places)
        assert np.abs(Skin(patient.torso).signed_distance(seen, simulation.phases(0).breathing)).max() < 1e-3
        assert np.linalg.norm(again.navel_m - first.navel_m) < 0.002
    assert 0.008 < np.std(errors) < 0.012


def test_a_restarted_simulation_begins_again_with_the_organs_that_were_baked() -> None:
    first = Simulation(drawn(600_001), SimConfig(quality="fast", arm="ur5e_like"))
    opening = first.step(None)
    first.step(None)
    again = first.restarted()
    assert again.anatomy is first.anatomy and again.config == first.config and again.now_ns == 0
    tick = again.step(None)
    assert tick.robot.wrench.tobytes() == opening.robot.wrench.tobytes()
    assert tick.acquisitions[0].gap_m.tobytes() == opening.acquisitions[0].gap_m.tobytes()


def test_impossible_settings_are_one_clear_line_and_change_nothing() -> None:
    simulation = Simulation(sample_patient(1))
    before = simulation.imaging
    for wrong in (
        ("sharp",),
        ("cardiac", 3.0),
        ("cardiac", float("nan")),
        ("cardiac", 0.16, 99.0),
        ("cardiac", 0.1, 0.0, 0.2),
    ):
        with pytest.raises(EchoPilotError, match="choose"):
            simulation.set_imaging(ScannerSettings(*wrong))
    assert simulation.imaging == before
    for bad in ({"frame_hz": 0.0}, {"frame_hz": float("nan")}, {"command_latency_steps": 10}):
        with pytest.raises(EchoPilotError, match="choose"):
            SimConfig(**bad)
