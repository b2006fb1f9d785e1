"""Properties of the skin: points lie on it, normals are its gradient, labels agree with it, it breathes."""

import numpy as np
import pytest

from echopilot_sim.anatomy import Anatomy, Material, build, draw_patient
from echopilot_sim.anatomy.compression import free_depth, free_depths, pressed_depth
from echopilot_sim.moment import Phases

SEED = 20261123


@pytest.fixture(scope="module")
def anatomy() -> Anatomy:
    return build(draw_patient(5))


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
        assert np.abs(moved - step).max() < 0.06 * abs(step)


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
    sternum = anatomy.skin.stiffness_at(anatomy.skin_point(np.zeros(1), np.array([0.1]), phases))[0]
    belly = anatomy.skin.stiffness_at(anatomy.skin_point(np.zeros(1), np.array([-0.15]), phases))[0]
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
