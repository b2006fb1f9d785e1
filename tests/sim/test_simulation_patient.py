"""The patient as the simulation lives it: shifts, gel that runs out, heart beat, breathing; either arm, any anatomy."""

from dataclasses import replace

import numpy as np
import pytest

from built_patients import drawn
from echopilot_core import EchoPilotError, RobotState, SafeTwist, View, se3
from echopilot_sim.anatomy import sample_patient
from echopilot_sim.anatomy.heart.rhythm import heart_phase
from echopilot_sim.anatomy.torso.skin import Skin, apex_beat
from echopilot_sim.arm.arm_models import FR3_LIKE, UR5E_LIKE, ArmModel
from echopilot_sim.arm.mujoco_arm import ArmPhysics
from echopilot_sim.frame_state import Phases
from echopilot_sim.physics.placement import SHIFT_S, Placement, share
from echopilot_sim.simulation import START_POSE, SimConfig, Simulation


def press(robot: RobotState, force_n: float = 5.0) -> SafeTwist:
    speed = 0.020 if robot.contact_force_n < 1.0 else 0.004 * (force_n - robot.contact_force_n)
    speed = 0.0 if robot.tick < 30 else float(np.clip(speed, -0.02, 0.02))
    return SafeTwist(robot.stamp_ns, np.concatenate([speed * robot.T_base_probe[:3, 2], np.zeros(3)]))


def landed(simulation: Simulation) -> RobotState:
    """Held at 5 N for two seconds."""
    robot = simulation.step(None).robot
    while robot.contact_force_n < 2.0:
        assert robot.tick < 1500, "never touched"
        robot = simulation.step(press(robot)).robot
    for _ in range(200):
        robot = simulation.step(press(robot)).robot
    return robot


def test_a_shift_is_smooth_ends_where_asked_and_adds_up() -> None:
    assert share(0.0) == 0.0 and share(1.0) == 1.0
    slopes = np.diff([share(t) for t in np.linspace(0.0, 1.0, 101)])
    assert slopes.min() >= 0.0 and slopes[0] < 1e-4 and slopes[-1] < 1e-4
    start = sample_patient(3).T_base_patient
    placement, end_ns = Placement(start), round(SHIFT_S * 1e9)
    move = np.array([0.02, -0.03, 0.01])
    placement.shift(move, 0.2, 0)
    assert np.allclose(placement.at(0), start)
    middle, done = placement.at(end_ns // 2), placement.at(end_ns)
    assert se3.is_rigid(middle) and np.allclose(done, placement.at(10 * end_ns))
    assert np.allclose(done[:3, 3], start[:3, 3] + move)
    assert np.allclose(done[:3, :3], se3.so3_exp(np.array([0.0, 0.0, 0.2])) @ start[:3, :3])
    placement.shift(-move, -0.2, 2 * end_ns)
    assert np.allclose(placement.at(4 * end_ns), start)


@pytest.mark.parametrize(("move", "yaw"), [([0.2, 0, 0], 0.0), ([0, 0, 0], 1.0), ([np.nan, 0, 0], 0.0), ([0, 0], 0.0)])
def test_impossible_shifts_are_one_clear_line_and_move_nothing(move: list[float], yaw: float) -> None:
    simulation = Simulation(sample_patient(1))
    with pytest.raises(EchoPilotError, match="choose"):
        simulation.shift_patient(np.array(move), yaw)
    before = simulation.surface().points_m
    for _ in range(30):
        simulation.step(None)
    breathing_only = np.linalg.norm(simulation.surface().points_m.mean(axis=0) - before.mean(axis=0))
    assert breathing_only < 0.006


def test_camera_and_moments_follow_a_shifted_patient_and_landmarks_do_not() -> None:
    patient = sample_patient(2)
    simulation, skin = Simulation(patient), Skin(patient.torso, patient.heart)
    landmarks = simulation.landmarks()
    simulation.step(None)
    simulation.shift_patient(np.array([0.04, 0.02, 0.0]), 0.1)
    frame_states = [m for _ in range(100) for m in simulation.step(None).acquisitions]
    T_base_patient = frame_states[-1].T_base_probe @ se3.inverse(frame_states[-1].T_patient_probe)
    assert np.allclose(T_base_patient[:3, 3], patient.T_base_patient[:3, 3] + [0.04, 0.02, 0.0])
    seen = se3.apply(se3.inverse(T_base_patient), simulation.surface().points_m)
    assert abs(skin.signed_distance(seen, simulation.phases().breathing).mean()) < 5e-4
    assert np.linalg.norm(simulation.landmarks().navel_m - landmarks.navel_m) < 0.012  # breathing alone


def test_a_patient_who_moves_into_the_probe_presses_it_and_the_force_control_recovers() -> None:
    simulation = Simulation(sample_patient(1), SimConfig(breathing=False))
    robot = landed(simulation)
    assert robot.contact_force_n == pytest.approx(5.0, abs=1.0)
    simulation.shift_patient(np.array([0.0, 0.0, 0.008]))
    forces = []
    for _ in range(400):
        robot = simulation.step(press(robot)).robot
        forces.append(simulation.true_normal_force_n)
    assert max(forces) > 5.5 and forces[-1] == pytest.approx(5.0, abs=1.0)


def test_gel_runs_out_under_a_sliding_probe_and_shows_in_the_moments() -> None:
    simulation = Simulation(sample_patient(1), SimConfig(gel_m=0.0031, breathing=False))
    tick = simulation.step(None)
    assert tick.acquisitions[0].gel_m == 0.003
    robot, before = landed(simulation), simulation.gel_m
    for k in range(600):
        twist = press(robot).twist + np.array([0, 0.02 * (1 if k < 300 else -1), 0, 0, 0, 0])
        robot = simulation.step(SafeTwist(robot.stamp_ns, twist)).robot
    assert simulation.gel_m < 0.97 * before
    frame_states = [m for _ in range(10) for m in simulation.step(None).acquisitions]
    assert frame_states[-1].gel_m == pytest.approx(simulation.gel_m, rel=1e-2) and frame_states[-1].gel_m < 0.003
    simulation.apply_gel(0.02)
    assert [m for _ in range(10) for m in simulation.step(None).acquisitions][-1].gel_m == 0.003


def test_phases_are_those_of_the_rhythm_and_breathing_is_irregular_but_smooth() -> None:
    patient = sample_patient(4)
    simulation = Simulation(patient)
    times = np.arange(0.0, 120.0, 0.05)
    phases = [simulation.phases(round(t * 1e9)) for t in times]
    assert [p.heart for p in phases] == [heart_phase(patient, round(t * 1e9) * 1e-9) for t in times]
    breathing = np.array([p.breathing for p in phases])
    assert breathing.min() >= 0.0 and breathing.max() <= 1.0
    speed = np.abs(np.diff(breathing)) / 0.05
    assert speed.max() < 1.25 * np.pi * patient.breathing_rate_hz
    peaks = breathing[1:-1][(breathing[1:-1] > breathing[:-2]) & (breathing[1:-1] >= breathing[2:])]
    assert len(peaks) > 15 and peaks.max() > 0.97 and 0.01 < peaks.std() < 0.1
    assert simulation.phases(0) == Simulation(patient).phases(0)


def test_heart_moves_the_skin_under_a_probe_at_the_apex() -> None:
    patient = sample_patient(5)
    patient = replace(patient, torso=replace(patient.torso, apex_beat_m=0.0008))
    skin = Skin(patient.torso, patient.heart)
    place = skin.parameters[20:23]
    still, thrust = (skin.signed_distance(place[None], 0.5, apex_beat(phase))[0] for phase in (0.0, 0.16))
    assert still - thrust == pytest.approx(0.0008, rel=0.05)


@pytest.mark.parametrize("kind", [FR3_LIKE, UR5E_LIKE], ids=lambda kind: kind.name)
def test_either_arm_reaches_every_view_away_from_limits_and_singularities(kind: ArmModel) -> None:
    for seed in (600_001, 600_003):
        anatomy = drawn(seed)
        for view in (View.A4C, View.PLAX, View.SC4C, View.AORTA_TRANS):
            target = anatomy.view_target(view, Phases())
            if target is None:
                continue
            arm = ArmPhysics(START_POSE, kind=kind)
            q = arm.solve_pose(anatomy.patient.T_base_patient @ target)
            assert np.minimum(q - arm.lower_rad, arm.upper_rad - q).min() > 0.2, (seed, view)
            assert np.sqrt(np.linalg.det(arm.J @ arm.J.T)) > 0.015, (seed, view)


@pytest.mark.parametrize("name", ["fr3_like", "ur5e_like"])
def test_either_arm_travels_to_the_apical_window_and_presses_there(name: str) -> None:
    """Scripted: over the window, turned, down until 2 N, then 4 N held; on target within 8 mm and 8 degrees."""
    anatomy = drawn(600_001)
    patient = anatomy.patient
    simulation = Simulation(anatomy, SimConfig(arm=name, gel_m=0.02))
    assert simulation.patient is patient and simulation.anatomy is anatomy
    target = simulation.anatomy.view_target(View.A4C, Phases())
    assert target is not None
    goal = patient.T_base_patient @ target
    above = goal @ se3.transform(np.eye(3), np.array([0.0, 0.0, -0.04]))
    robot = simulation.step(None).robot
    touched = False
    for _ in range(2600):
        error = se3.log(se3.inverse(robot.T_base_probe) @ (above if robot.tick < 900 else goal))
        twist = np.concatenate([robot.T_base_probe[:3, :3] @ error[:3], robot.T_base_probe[:3, :3] @ error[3:]]) * 2.0
        twist[:3] *= min(1.0, 0.05 / max(float(np.linalg.norm(twist[:3])), 1e-9))
        twist[3:] *= min(1.0, 0.5 / max(float(np.linalg.norm(twist[3:])), 1e-9))
        if robot.tick >= 900:
            axis = robot.T_base_probe[:3, 2]
            touched = touched or robot.contact_force_n > 2.0
            speed = float(np.clip(0.004 * (4.0 - robot.contact_force_n), -0.02, 0.02)) if touched else 0.010
            twist[:3] += axis * (speed - twist[:3] @ axis)
        robot = simulation.step(SafeTwist(robot.stamp_ns, twist)).robot
    error = se3.log(se3.inverse(robot.T_base_probe) @ goal)
    assert np.linalg.norm(error[:2]) < 0.008 and np.degrees(np.linalg.norm(error[3:])) < 8.0
    assert touched and simulation.true_normal_force_n == pytest.approx(4.0, abs=1.2)
    assert simulation.limit_crossings == 0


@pytest.mark.parametrize("name", ["fr3_like", "ur5e_like"])
def test_pressing_on_a_rib_of_twenty_kilonewton_per_meter_is_stable_at_one_millisecond(name: str) -> None:
    """The whole chest as hard as bone: 20 kN/m under the full face; the force settles and never rings."""
    patient = sample_patient(1)
    hard = replace(patient.torso, stiffness_abdomen_pa_m=6.5e7, stiffness_chest_pa_m=6.5e7, stiffness_rib_pa_m=6.5e7)
    config = SimConfig(breathing=False, joint_friction=False, sensor_errors=False, arm=name)
    simulation = Simulation(replace(patient, torso=replace(hard, apex_beat_m=0.0, relief=None)), config)
    robot, forces = simulation.step(None).robot, []
    touched = False
    for _ in range(3000):
        touched = touched or robot.contact_force_n > 1.0
        speed = 0.0002 * (5.0 - robot.contact_force_n) if touched else 0.010 if robot.tick > 30 else 0.0
        twist = np.concatenate([np.clip(speed, -0.01, 0.01) * robot.T_base_probe[:3, 2], np.zeros(3)])
        robot = simulation.step(SafeTwist(robot.stamp_ns, twist)).robot
        forces.append(simulation.true_normal_force_n)
    assert touched and simulation.limit_crossings < 50
    assert np.std(forces[-300:]) < 0.2 and np.mean(forces[-300:]) == pytest.approx(5.0, abs=0.5)
