"""The contact law as physics demands it: passive, never adhesive, stable when stiff, stiff as tissue is."""

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from echopilot_core import se3
from echopilot_sim.anatomy import sample_patient
from echopilot_sim.anatomy.torso.skin import Skin
from echopilot_sim.frame_state import Phases
from echopilot_sim.physics.contact import (
    GAP,
    HARDNESS,
    NORMAL,
    SPEED,
    STIFFNESS,
    contact_wrench,
    face_points,
    gap_m,
    hardness,
    stored_energy_j,
)
from echopilot_sim.physics.coupling_gel import FRICTION_WET
from echopilot_sim.physics.skin_patch import contact, empty_planes

POINTS = face_points()
DOWN = np.diag([1.0, -1.0, -1.0])


def flat_skin(stiffness_pa_m: float, speed_m_s: float = 0.0) -> np.ndarray:
    """The plane z = 0 of base, body below."""
    planes = empty_planes(len(POINTS))
    planes[:, NORMAL + 2], planes[:, GAP], planes[:, SPEED] = 1.0, 0.0, speed_m_s
    planes[:, STIFFNESS], planes[:, HARDNESS] = stiffness_pa_m, hardness(stiffness_pa_m)
    return planes


def wrench_on(skin: np.ndarray, rotation: np.ndarray, origin: np.ndarray, twist: np.ndarray) -> np.ndarray:
    wrench = np.zeros(6)
    contact_wrench(np.ascontiguousarray(rotation), origin, twist, POINTS, skin, 0.0, FRICTION_WET, wrench)
    return wrench


def depths(skin: np.ndarray, rotation: np.ndarray, origin: np.ndarray) -> np.ndarray:
    places = POINTS @ rotation.T + origin
    return -np.array([gap_m(skin, i, *place, 0.0) for i, place in enumerate(places)])


def force_at(stiffness_pa_m: float, depth_m: float) -> float:
    return -float(wrench_on(flat_skin(stiffness_pa_m), DOWN, np.array([0.0, 0.0, -depth_m]), np.zeros(6))[2])


def depth_for(stiffness_pa_m: float, force_n: float) -> float:
    low, high = 0.0, 0.1
    for _ in range(60):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if force_at(stiffness_pa_m, middle) < force_n else (low, middle)
    return high


@pytest.mark.parametrize(
    ("stiffness_pa_m", "low_n_m", "high_n_m"),
    [(0.9e6, 300.0, 1000.0), (1.7e6, 300.0, 1000.0), (2.6e6, 700.0, 3000.0), (5e6, 1000.0, 3000.0), (3.5e7, 5e3, 2e4)],
)
def test_total_stiffness_at_five_newtons_is_that_of_tissue(
    stiffness_pa_m: float, low_n_m: float, high_n_m: float
) -> None:
    depth = depth_for(stiffness_pa_m, 5.0)
    slope = (force_at(stiffness_pa_m, depth + 1e-5) - force_at(stiffness_pa_m, depth - 1e-5)) / 2e-5
    assert low_n_m < slope < high_n_m, f"{slope:.0f} N/m at {1e3 * depth:.1f} mm"


def test_force_grows_with_depth_and_vanishes_in_air() -> None:
    depths = np.linspace(0.0, 0.02, 50)
    forces = [force_at(1e6, float(d)) for d in depths]
    assert np.all(np.diff(forces) > 0.0)
    assert force_at(1e6, -1e-6) == 0.0


def test_wrench_has_no_adhesion_and_points_out_of_the_skin() -> None:
    seed = 7
    print("seed", seed)
    rng = np.random.default_rng(seed)
    for _ in range(300):
        rotation = DOWN @ se3.so3_exp(rng.normal(0.0, 0.3, 3))
        origin = np.array([0.0, 0.0, rng.uniform(-0.02, 0.005)])
        wrench = wrench_on(flat_skin(10 ** rng.uniform(6, 7.5)), rotation, origin, rng.normal(0.0, 0.3, 6))
        assert (rotation @ wrench[:3])[2] >= 0.0


def test_pressing_reads_negative_z_and_tilt_is_answered_by_a_righting_torque() -> None:
    tilted = DOWN @ se3.so3_exp(np.array([0.0, 0.1, 0.0]))  # the -x edge of the face goes deeper
    skin, origin = flat_skin(1e6), np.array([0.0, 0.0, -0.005])
    wrench, depth = wrench_on(skin, tilted, origin, np.zeros(6)), depths(skin, tilted, origin)
    assert wrench[2] < 0.0
    assert depth[POINTS[:, 0] < 0].mean() > depth[POINTS[:, 0] > 0].mean()
    assert wrench[4] < 0.0


@pytest.mark.parametrize("stiffness_pa_m", [1e6, 4e6, 3e7])
def test_no_closed_motion_yields_energy(stiffness_pa_m: float) -> None:
    """Work done on the probe over closed paths of pose is never positive: friction and damping only take."""
    seed = 11
    print("seed", seed)
    rng = np.random.default_rng(seed)
    skin, n = flat_skin(stiffness_pa_m), 4000
    for _ in range(10):
        amplitude = np.concatenate([rng.normal(0.0, 0.003, 3), rng.normal(0.0, 0.05, 3)])
        phase, turns = rng.uniform(0.0, 2 * np.pi, 6), rng.integers(1, 4, 6)
        rate_hz = 10 ** rng.uniform(-1.0, 0.8)
        angle = 2 * np.pi * turns * ((np.arange(n) + 0.5) / n)[:, None] + phase
        state, slope = amplitude * np.sin(angle), 2 * np.pi * turns * amplitude * np.cos(angle)  # slope per path
        attitude = [
            Rotation.from_matrix(DOWN) * Rotation.from_rotvec(state[:, 3:] + h * slope[:, 3:]) for h in (0, 1e-6)
        ]
        turned = (attitude[1] * attitude[0].inv()).as_rotvec() / 1e-6
        rotations, twists = attitude[0].as_matrix(), rate_hz * np.column_stack([slope[:, :3], turned])
        work = 0.0
        for rotation, origin, twist in zip(rotations, state[:, :3] + [0.0, 0.0, -0.002], twists, strict=True):
            wrench = wrench_on(skin, rotation, origin, twist)
            work += ((rotation @ wrench[:3]) @ twist[:3] + (rotation @ wrench[3:]) @ twist[3:]) / (n * rate_hz)
        assert work <= 1e-6


@pytest.mark.parametrize("stiffness_pa_m", [1e6, 6.5e7])
def test_free_mass_on_skin_loses_energy_at_one_millisecond(stiffness_pa_m: float) -> None:
    """A bare 0.45 kg probe dropped at 0.1 m/s on skin of up to 20 kN/m bounces lower and comes to rest."""
    mass, dt = 0.45, 1e-3
    height, speed = 0.0005, -0.1
    skin = flat_skin(stiffness_pa_m)
    start = 0.5 * mass * speed**2 + mass * 9.81 * height
    force = 0.0
    for _ in range(6000):
        force = -wrench_on(skin, DOWN, np.array([0.0, 0.0, height]), np.array([0, 0, speed, 0, 0, 0.0]))[2]
        depth = depths(skin, DOWN, np.array([0.0, 0.0, height]))
        speed += (force / mass - 9.81) * dt
        height += speed * dt
        energy = 0.5 * mass * speed**2 + mass * 9.81 * height + stored_energy_j(depth, skin[:, STIFFNESS])
        assert energy < 1.05 * start + 1e-4
    assert abs(speed) < 1e-3
    assert force == pytest.approx(mass * 9.81, rel=0.02)


def test_skin_that_rises_presses_harder_than_skin_that_falls() -> None:
    pose = np.array([0.0, 0.0, -0.005])
    rising = wrench_on(flat_skin(1e6, 0.02), DOWN, pose, np.zeros(6))
    falling = wrench_on(flat_skin(1e6, -0.02), DOWN, pose, np.zeros(6))
    assert rising[2] < falling[2] < 0.0


def test_sliding_friction_stays_below_the_gel_coefficient() -> None:
    slide = np.array([0.02, 0.0, 0.0, 0.0, 0.0, 0.0])
    wrench = wrench_on(flat_skin(1e6), DOWN, np.array([0.0, 0.0, -0.008]), slide)
    assert 0.07 < -wrench[0] / -wrench[2] < 0.08


def test_contact_of_a_pose_is_pure_and_agrees_with_the_skin() -> None:
    """Pressed on the belly: wrench and depths repeat exactly, and each cell is as deep as the skin says."""
    skin, phases = Skin(sample_patient(1).torso), Phases(0.1, 0.3)
    entry = skin.point(np.array([0.01]), np.array([-0.15]), phases.breathing)[0]
    axis = -skin.normal(entry[None], phases.breathing)[0]
    pose = se3.transform(se3.look_along(axis, np.array([1.0, 0.0, 0.0])), entry + 0.008 * axis)
    pressed = contact(skin, pose, np.zeros(6), phases)
    assert pressed.depth_m.shape == (45,) and pressed.force_n > 1.0
    assert np.allclose(pressed.depth_m, 0.008, atol=0.002)
    expected = -skin.signed_distance(se3.apply(pose, POINTS), phases.breathing)
    assert np.allclose(pressed.depth_m, expected, atol=1e-9)
    assert np.array_equal(contact(skin, pose, np.zeros(6), phases).wrench, pressed.wrench)
    lifted = contact(skin, pose @ se3.transform(np.eye(3), np.array([0.0, 0.0, -0.03])), np.zeros(6), phases)
    assert not lifted.wrench.any() and lifted.depth_m.max() < 0.0
    rising = contact(skin, pose, np.zeros(6), phases, breathing_rate_1_s=1.0)
    assert rising.force_n > pressed.force_n
