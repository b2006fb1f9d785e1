"""The body of a CT patient: skin, lungs, bones and soft tissue of a made CT whose labels name only the aorta."""

from pathlib import Path

import nibabel
import numpy as np
import pytest
from numpy.typing import NDArray

from echopilot_core import Array, EchoPilotError, View
from echopilot_sim.anatomy import Anatomy, Material, build
from echopilot_sim.anatomy.ct import load
from echopilot_sim.frame_state import Phases

REST = Phases(heart=0.0, breathing=0.5)
SPACING_MM = np.array([2.5, 2.5, 3.0])
SHAPE = (140, 100, 90)
HALF_WIDTH_MM, HALF_DEPTH_MM = 150.0, 105.0
CENTER_MM = 0.5 * SPACING_MM * (np.array(SHAPE) - 1.0)
LUNG_FROM_MM = 160.0  # above the bottom of the volume
AORTA_MM, SPINE_MM, LUNG_MM = np.array([12.0, 30.0]), np.array([0.0, 62.0]), np.array([80.0, 10.0])


def made_ct() -> tuple[NDArray[np.uint8], NDArray[np.int16]]:
    """Labels (aorta 1) and Hounsfield units of an elliptic trunk in LPS voxels: fat, muscle, lungs, spine, a table."""
    x, y, z = (SPACING_MM[a] * np.indices(SHAPE)[a] - CENTER_MM[a] * (a < 2) for a in range(3))
    density = np.full(SHAPE, -1000, np.int16)
    inside = np.hypot(x / HALF_WIDTH_MM, y / HALF_DEPTH_MM)
    density[inside < 1.0] = -100
    density[np.hypot(x / (HALF_WIDTH_MM - 20.0), y / (HALF_DEPTH_MM - 20.0)) < 1.0] = 50
    lung = np.hypot((np.abs(x) - LUNG_MM[0]) / 38.0, (y - LUNG_MM[1]) / 60.0) < 1.0
    density[lung & (z > LUNG_FROM_MM)] = -850
    density[np.hypot(x - SPINE_MM[0], y - SPINE_MM[1]) < 18.0] = 400
    density[(y > HALF_DEPTH_MM + 8.0) & (y < HALF_DEPTH_MM + 14.0) & (np.abs(x) < 130.0)] = 0
    aorta = np.hypot(x - AORTA_MM[0], y - AORTA_MM[1]) < 11.0
    return aorta.astype(np.uint8), density


def save(folder: Path, order: tuple[int, int, int], flips: tuple[int, int, int]) -> Path:
    """Write the made CT with its voxel axes in another order and direction; the body stays where it is."""
    folder.mkdir(exist_ok=True)
    affine = np.diag([-SPACING_MM[0], -SPACING_MM[1], SPACING_MM[2], 1.0])
    turn = np.zeros((4, 4))
    turn[3, 3] = 1.0
    for new, (old, flip) in enumerate(zip(order, flips, strict=True)):
        turn[old, new] = flip
        if flip < 0:
            turn[old, 3] = SHAPE[old] - 1.0
    for name, values in zip(("labels.nii.gz", "ct.nii.gz"), made_ct(), strict=True):
        moved = np.transpose(values, order)[tuple(slice(None, None, f) for f in flips)]
        nibabel.save(nibabel.Nifti1Image(np.ascontiguousarray(moved), affine @ turn), folder / name)
    return folder


@pytest.fixture(scope="module")
def trunk(tmp_path_factory: pytest.TempPathFactory) -> Anatomy:
    return load(save(tmp_path_factory.mktemp("trunk"), (0, 1, 2), (1, 1, 1)), table={1: "aorta"})


def at_mm(x: float, y: float, z: float) -> Array:
    """Point (3,) [m] in patient: x, y from the axis of the trunk, z above the bottom of the volume."""
    top = SPACING_MM[2] * (SHAPE[2] - 1.0)
    return 1e-3 * np.array([x, y + HALF_DEPTH_MM, z - top])


def materials_at(anatomy: Anatomy, *points: Array) -> set[Material]:
    return {Material(int(m)) for m in anatomy.label_points(np.array(points), REST)[0]}


def test_the_skin_lies_on_the_outline_of_the_body_not_of_the_table(trunk: Anatomy) -> None:
    angle = np.linspace(-np.pi, np.pi, 73)
    outline = np.array(
        [at_mm(HALF_WIDTH_MM * np.sin(a), -HALF_DEPTH_MM * np.cos(a), z) for a in angle for z in (40.0, 120.0, 220.0)]
    )
    assert np.abs(trunk.signed_distance(outline, REST)).max() < 0.002
    assert np.abs(trunk.skin_point(np.zeros(1), np.zeros(1), REST)).max() < 1e-4


def test_thresholds_fill_what_the_labels_do_not_name(trunk: Anatomy) -> None:
    high, low = LUNG_FROM_MM + 60.0, 60.0
    assert materials_at(trunk, at_mm(80.0, 10.0, high), at_mm(-80.0, -20.0, high)) == {Material.LUNG}
    assert materials_at(trunk, at_mm(0.0, 60.0, high), at_mm(0.0, 60.0, low)) <= {Material.VERTEBRA, Material.BONE}
    assert materials_at(trunk, at_mm(0.0, -96.0, low), at_mm(-140.0, 0.0, low)) == {Material.FAT}
    assert materials_at(trunk, at_mm(0.0, -HALF_DEPTH_MM + 1.0, low)) == {Material.SKIN}
    assert materials_at(trunk, at_mm(0.0, -HALF_DEPTH_MM - 2.0, low)) == {Material.AIR}
    assert materials_at(trunk, at_mm(AORTA_MM[0], AORTA_MM[1], low)) == {Material.BLOOD_AORTA}


def test_the_order_and_direction_of_voxel_axes_change_nothing(trunk: Anatomy, tmp_path: Path) -> None:
    other = load(save(tmp_path / "turned", (2, 0, 1), (-1, 1, -1)), table={1: "aorta"})
    assert other.vessels.aorta is not None and trunk.vessels.aorta is not None
    assert len(other.vessels.aorta.outer_m) == len(trunk.vessels.aorta.outer_m)
    np.testing.assert_allclose(other.vessels.aorta.centre_m, trunk.vessels.aorta.centre_m, atol=1e-5)
    points = np.random.default_rng(0).uniform([-0.16, 0.0, -0.26], [0.16, 0.21, 0.0], (20000, 3))
    same = other.label_points(points, REST)[0] == trunk.label_points(points, REST)[0]
    assert same.mean() > 0.999


def test_a_patient_without_heart_answers_clearly(trunk: Anatomy) -> None:
    assert trunk.patient.heart is None
    assert trunk.view_target(View.A4C, REST) is None
    assert trunk.view_target(View.AORTA_TRANS, REST) is not None
    with pytest.raises(EchoPilotError, match="load it from its CT"):
        build(trunk.patient)
