"""Frames, ticks and what is seen of the body: stamps, due frames, frozen moments, noise and holes."""

import numpy as np
import pytest

from echopilot_core import EchoPilotError, SafeTwist, se3
from echopilot_sim.anatomy import draw_patient
from echopilot_sim.anatomy.skin import Skin
from echopilot_sim.moment import Moment
from echopilot_sim.simulation import SimConfig, Simulation


def moments_of(config: SimConfig, ticks: int) -> list[Moment]:
    simulation = Simulation(draw_patient(1), config)
    return [moment for _ in range(ticks) for moment in simulation.step(None).moments]


@pytest.mark.parametrize("frame_hz", [15.0, 30.0, 60.0])
def test_frames_are_stamped_at_the_nearest_physics_step_and_none_is_lost(frame_hz: float) -> None:
    moments = moments_of(SimConfig(frame_hz=frame_hz), 100)
    assert [m.sequence for m in moments] == list(range(int(frame_hz) + 1))
    for m in moments:
        assert abs(m.stamp_ns - m.sequence * 1e9 / frame_hz) <= 500_000 and m.stamp_ns % 1_000_000 == 0


def test_ticks_are_ten_milliseconds_and_due_frames_are_sixty_milliseconds_old() -> None:
    simulation, stamps = Simulation(draw_patient(1)), {}
    for k in range(1, 60):
        tick = simulation.step(None)
        stamps.update({m.sequence: m.stamp_ns for m in tick.moments})
        robot = tick.robot
        assert robot.tick == k and robot.stamp_ns == k * 10_000_000
        ready = [s for s, stamp in stamps.items() if stamp + 60_000_000 <= robot.stamp_ns]
        assert robot.due_frame_sequence == max(ready, default=-1)


def test_command_acts_after_its_latency() -> None:
    config = SimConfig(breathing=False, joint_friction=False, sensor_errors=False)
    moved = []
    for latency in (0, 5, 9):
        simulation = Simulation(draw_patient(1), SimConfig(**{**vars(config), "command_latency_steps": latency}))
        start = simulation.step(None).robot
        after = simulation.step(SafeTwist(start.stamp_ns, np.array([0.05, 0, 0, 0, 0, 0]))).robot
        moved.append(after.T_base_probe[0, 3] - start.T_base_probe[0, 3])
    assert moved[0] > moved[1] > moved[2] >= 0.0


def test_picture_of_a_moment_does_not_depend_on_what_happens_later() -> None:
    simulation = Simulation(draw_patient(1), SimConfig(quality="fast"))
    moment = simulation.step(None).moments[0]
    before = simulation.render(moment).image.copy()
    for _ in range(20):
        simulation.step(None)
    simulation.set_imaging("abdomen", depth_m=0.20)
    after = simulation.render(moment)
    assert np.array_equal(before, after.image)
    assert after.stamp_ns == moment.stamp_ns and after.sequence == moment.sequence
    assert moment.imaging.preset == "cardiac"
    later = [m for _ in range(4) for m in simulation.step(None).moments]
    assert later[-1].imaging.preset == "abdomen" and later[-1].imaging.depth_m == 0.20


def test_moment_is_self_consistent_with_the_placed_patient() -> None:
    simulation = Simulation(draw_patient(6))
    moment = simulation.step(None).moments[0]
    again = simulation.patient.T_base_patient @ moment.T_patient_probe
    assert np.allclose(again, moment.T_base_probe)
    assert moment.gap_m.min() > 0.05 and moment.contact_force_n == 0.0


def test_camera_sees_breathing_skin_with_noise_and_holes() -> None:
    for seed in (1, 2, 3):
        patient = draw_patient(seed)
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
        patient = draw_patient(seed)
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


def test_impossible_settings_are_one_clear_line_and_change_nothing() -> None:
    simulation = Simulation(draw_patient(1))
    before = simulation.imaging
    for wrong in (
        ("sharp",),
        ("cardiac", 3.0),
        ("cardiac", float("nan")),
        ("cardiac", 0.16, 99.0),
        ("cardiac", 0.1, 0.0, 0.2),
    ):
        with pytest.raises(EchoPilotError, match="choose"):
            simulation.set_imaging(*wrong)
    assert simulation.imaging == before
    for bad in ({"frame_hz": 0.0}, {"frame_hz": float("nan")}, {"command_latency_steps": 10}):
        with pytest.raises(EchoPilotError, match="choose"):
            SimConfig(**bad)
