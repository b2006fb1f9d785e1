"""Properties of the skin: points lie on it, normals are its gradient, labels agree with it, it breathes."""

from dataclasses import replace

import numpy as np
import pytest

from built_patients import drawn
from echopilot_core import EchoPilotError
from echopilot_sim.anatomy import Anatomy, Material, build, sample_patient
from echopilot_sim.anatomy.parameters import Relief, Torso
from echopilot_sim.anatomy.torso.compression import free_depth, free_depths, pressed_depth
from echopilot_sim.anatomy.torso.relief import sample_relief
from echopilot_sim.anatomy.torso.rib_cage import stiffness_at
from echopilot_sim.anatomy.torso.skin import Skin, apex_beat, inside_measure, rest_y
from echopilot_sim.frame_state import Phases

SEED = 20261123


@pytest.fixture(scope="module")
def anatomy() -> Anatomy:
    return drawn(5)


def _skin_points(anatomy: Anatomy, phases: Phases, n: int = 300) -> np.ndarray:
    rng = np.random.default_rng(SEED)
    print("seed", SEED)
    x, z = rng.uniform(-0.13, 0.13, n), rng.uniform(-0.20, 0.17, n)
    return anatomy.skin_point(x, z, phases)


@pytest.mark.parametrize("breathing", [0.0, 0.5, 1.0])
def test_skin_points_have_no_distance(anatomy: Anatomy, breathing: float) -> None:
    phases = Phases(0.0, breathing)
    assert np.abs(anatomy.signed_distance(_skin_points(anatomy, phases), phases)).max() < 1e-6


def test_xiphoid_is_the_origin(anatomy: Anatomy) -> None:
    assert np.abs(anatomy.skin_point(np.zeros(1), np.zeros(1), Phases(0.0, 0.5))).max() < 1e-9


def test_distance_grows_by_the_step_along_the_normal(anatomy: Anatomy) -> None:
    phases = Phases(0.0, 0.8)
    points = _skin_points(anatomy, phases)
    normals = anatomy.skin_normal(points, phases)
    assert np.abs(np.linalg.norm(normals, axis=1) - 1.0).max() < 1e-12
    for step in (-0.015, -0.003, 0.003, 0.015):
        moved = anatomy.signed_distance(points + step * normals, phases)
        assert np.abs(moved - step).max() < 0.10 * abs(step)


def test_labels_agree_with_the_skin(anatomy: Anatomy) -> None:
    phases = Phases(0.3, 0.9)
    points = _skin_points(anatomy, phases)
    normals = anatomy.skin_normal(points, phases)
    outside, _ = anatomy.label_points(points + 0.001 * normals, phases)
    inside, _ = anatomy.label_points(points - 0.0005 * normals, phases)
    assert (outside == Material.AIR).all()
    assert (inside == Material.SKIN).mean() > 0.95 and (inside != Material.AIR).all()


def test_breathing_lifts_the_front_by_its_amplitude(anatomy: Anatomy) -> None:
    torso = anatomy.patient.torso
    for z, amplitude in ((0.15, torso.breathing_chest_m), (-0.18, torso.breathing_abdomen_m)):
        low, high = (anatomy.skin_point(np.zeros(1), np.array([z]), Phases(0.0, b))[0, 1] for b in (0.0, 1.0))
        assert low - high == pytest.approx(amplitude, rel=0.05)


def test_ribs_and_sternum_are_harder_than_the_belly(anatomy: Anatomy) -> None:
    torso = anatomy.patient.torso
    phases = Phases()
    sternum = stiffness_at(anatomy.skin.parameters, anatomy.skin_point(np.zeros(1), np.array([0.1]), phases))[0]
    belly = stiffness_at(anatomy.skin.parameters, anatomy.skin_point(np.zeros(1), np.array([-0.15]), phases))[0]
    assert sternum == pytest.approx(torso.stiffness_rib_pa_m, rel=0.05)
    assert belly == pytest.approx(torso.stiffness_abdomen_pa_m, rel=0.05)


def test_bad_points_are_air_not_a_crash(anatomy: Anatomy) -> None:
    points = np.array(
        [[np.nan, 0.0, 0.0], [np.inf, 0.0, 0.0], [0.0, 0.0, -np.inf], [5.0, 5.0, 5.0], [0.0, 0.08, np.nan]]
    )
    labels, _ = anatomy.label_points(points, Phases())
    assert (labels == Material.AIR).all()


def test_compression_inverts_and_keeps_the_order_of_layers() -> None:
    depths = np.linspace(0.0, 0.16, 200)
    for indentation in (0.0, 0.004, 0.012, 0.025):
        free = free_depths(depths, np.full(depths.size, indentation))
        back = np.array([pressed_depth(u, indentation) for u in free])
        assert np.abs(back - depths).max() < 1e-9
        assert (np.diff(free) > 0.0).all()
        assert free_depth(0.0, indentation) == pytest.approx(0.0, abs=1e-9)  # skin stays on the face
        assert free[-1] - depths[-1] == pytest.approx(indentation, abs=3e-4)  # deep tissue stays


def wavy(torso: Torso, size: float) -> Torso:
    """The torso with a relief of `size` (a share of the radius) all round, as a CT may have."""
    z, angle = -0.32 + 0.01 * np.arange(60), 2.0 * np.pi * np.arange(96) / 96
    scale = 1.0 + size * np.sin(3.0 * angle + 0.5) * np.cos(z[:, None] / 0.08)
    return replace(torso, relief=Relief(scale, -0.32, 0.01))


@pytest.mark.parametrize("size", [0.02, 0.2])
@pytest.mark.parametrize(("breathing", "beat"), [(0.5, 0.0), (0.9, 0.0), (0.2, 1.0)])
def test_normals_are_the_gradient_of_the_distance_on_any_relief(size: float, breathing: float, beat: float) -> None:
    patient = sample_patient(5)
    skin = Skin(wavy(patient.torso, size), patient.heart)
    rng = np.random.default_rng(SEED)
    points = skin.point(rng.uniform(-0.13, 0.13, 300), rng.uniform(-0.25, 0.2, 300), breathing)
    assert np.abs(skin.signed_distance(points, breathing)).max() < 1e-9
    for _ in range(6):  # onto the skin that the heart lifts
        points = points - skin.signed_distance(points, breathing, beat)[:, None] * skin.normal(points, breathing, beat)
    normals, h = skin.normal(points, breathing, beat), 1e-6
    assert np.abs(skin.signed_distance(points, breathing, beat)).max() < 1e-9
    for axis in range(3):
        step = h * np.eye(3)[axis]
        up, down = (skin.signed_distance(points + s * step, breathing, beat) for s in (1.0, -1.0))
        assert np.abs((up - down) / (2.0 * h) - normals[:, axis]).max() < 1e-6


def test_relief_changes_the_radius_by_its_factor_at_its_grid_points() -> None:
    torso = replace(sample_patient(5).torso, relief=None)
    smooth, skin = Skin(torso), Skin(wavy(torso, 0.1))
    z = -0.32 + 0.01 * np.arange(20, 50)
    front, reference = skin.point(np.zeros(30), z, 0.5)[:, 1], smooth.point(np.zeros(30), z, 0.5)[:, 1]
    axis = np.array([0.5 * (reference[i] + torso.back_y_m) for i in range(30)])
    assert np.allclose((axis - front) / (axis - reference), 1.0 + 0.1 * np.sin(3.0 * np.pi + 0.5) * np.cos(z / 0.08))


def test_inside_measure_is_one_on_the_skin_within_a_tenth_of_a_millimeter() -> None:
    patient = sample_patient(5)
    for size in (0.02, 0.2):
        skin = Skin(wavy(patient.torso, size))
        p, rng = skin.parameters, np.random.default_rng(SEED)
        for x, y, z in skin.point(rng.uniform(-0.13, 0.13, 200), rng.uniform(-0.25, 0.2, 200), 0.8):
            measure = inside_measure(p, x, rest_y(p, y, z, 0.8), z)
            assert abs(measure - 1.0) < 2.5 * 1e-4 / 0.10


def test_impossible_relief_is_one_clear_line() -> None:
    torso = sample_patient(5).torso
    for scale, step in ((np.ones((3, 3)), 0.01), (np.ones((9, 9)), 0.0), (np.full((9, 9), np.nan), 0.01)):
        with pytest.raises(EchoPilotError, match="choose"):
            Skin(replace(torso, relief=Relief(scale, -0.3, step)))


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_drawn_relief_is_a_few_millimeters_smooth_and_leaves_the_xiphoid(seed: int) -> None:
    patient = sample_patient(seed)
    torso = replace(patient.torso, relief=None)
    smooth = Skin(torso)
    skin = Skin(replace(torso, relief=sample_relief(seed, torso, patient.sex)))
    x, z = (g.ravel() for g in np.meshgrid(np.linspace(-0.10, 0.10, 41), np.linspace(-0.25, 0.18, 87)))
    points = smooth.point(x, z, 0.5)
    height = -skin.signed_distance(points, 0.5)
    assert 0.002 < np.abs(height).max() < 0.014
    tilt = np.arccos(np.clip((skin.normal(points, 0.5) * smooth.normal(points, 0.5)).sum(axis=1), -1.0, 1.0))
    assert np.degrees(tilt.max()) < 25.0
    assert np.abs(skin.point(np.zeros(1), np.zeros(1), 0.5)).max() < 1e-9


def test_apex_beat_lifts_the_skin_by_less_than_a_millimeter_in_systole_only(anatomy: Anatomy) -> None:
    assert apex_beat(0.0) == 0.0 and apex_beat(0.7) == pytest.approx(0.0, abs=1e-12)
    assert max(apex_beat(t) for t in np.linspace(0.0, 1.0, 101)) > 0.99
    torso = replace(anatomy.patient.torso, apex_beat_m=0.0008)
    skin = Skin(torso, anatomy.patient.heart)
    points = _skin_points(anatomy, Phases(), 3000)
    lift = skin.signed_distance(points, 0.5, 0.0) - skin.signed_distance(points, 0.5, 1.0)
    assert 0.0005 < lift.max() < 0.00085 and lift.min() > -1e-6
    highest = points[np.argmax(lift)]
    axis, apex = anatomy.patient.heart.rotation[:, 2], anatomy.patient.heart.apex_m
    assert np.linalg.norm(np.cross(highest - apex, axis)) < 0.02  # where the long axis leaves the chest


def test_lifted_skin_is_labeled_skin() -> None:
    patient = sample_patient(5)
    beating = build(replace(patient, torso=replace(patient.torso, apex_beat_m=0.0009)))
    phases = Phases(0.16, 0.4)
    points = _skin_points(beating, phases, 4000)
    normals = beating.skin_normal(points, phases)
    lifted = beating.signed_distance(points, phases) < -0.0003  # resting skin under the lifted one
    labels, _ = beating.label_points(points[lifted] + 0.0002 * normals[lifted], phases)
    assert lifted.sum() > 5 and (labels != Material.AIR).all()
