"""The heart of a CT patient: fitted to chamber labels, or placed by annulus and sinotubular junction."""

import json
import math
from pathlib import Path

import nibabel
import numpy as np
import pytest

from built_patients import CT_FOLDER, drawn, from_ct
from echopilot_core import Array, View
from echopilot_sim.anatomy import Anatomy, Material
from echopilot_sim.anatomy.ct import load
from echopilot_sim.anatomy.heart import aortic_root
from echopilot_sim.anatomy.heart.beating_heart import in_cavity
from echopilot_sim.frame_state import Phases

needs_data = pytest.mark.skipif(not CT_FOLDER.exists(), reason="the shared anatomy is not on this machine")
REST = Phases(heart=0.0, breathing=0.5)
CARDIAC = (View.PLAX, View.PSAX_PM, View.A4C, View.A2C, View.A3C, View.SC4C)
MYOCARDIUM, LV, RV, LA, RA, AORTA = range(1, 7)


def angle_deg(a: Array, b: Array) -> float:
    return math.degrees(math.acos(min(abs(float(a @ b)) / float(np.linalg.norm(a) * np.linalg.norm(b)), 1.0)))


@pytest.fixture(scope="module")
def labeled() -> Anatomy:
    return from_ct("heart_rodero01")


@needs_data
def test_the_labeled_heart_keeps_volume_length_axis_and_turn(labeled: Anatomy) -> None:
    truth, heart = json.loads((CT_FOLDER / "heart_rodero01/ground_truth.json").read_text()), labeled.patient.heart
    assert heart is not None
    mitral, apex = np.array(truth["valve_centre"]["mitral-valve"]), np.array(truth["lv_apex_endocardial"])
    assert 1e6 * heart.edv_m3 == pytest.approx(truth["cavity_volume_ml"]["LV"], rel=0.01)
    assert 1e3 * heart.length_m == pytest.approx(truth["lv_cavity_length_mitral_centre_to_apex_mm"], abs=2.0)
    assert angle_deg(heart.rotation[:, 2], mitral - apex) < 3.0
    planes = truth["echo_planes_from_landmarks"]
    outflow = heart.rotation @ aortic_root.outflow_axis()
    plax = np.cross(heart.rotation[:, 2], outflow)
    assert angle_deg(plax, np.array(planes["A3C / PLAX (apex, mitral centre, aortic centre)"]["normal"])) < 5.0
    four = np.array(planes["A4C (apex, mitral centre, tricuspid centre)"]["normal"])
    assert angle_deg(heart.rotation[:, 1], four) < 15.0
    assert 2e3 * heart.root_radius_m == pytest.approx(truth["valve_equivalent_diameter_mm"]["aortic-valve"], abs=3.0)


@needs_data
def test_a_labeled_heart_without_aorta_has_the_cardiac_views_only(labeled: Anatomy) -> None:
    assert labeled.patient.aorta is None
    assert labeled.view_target(View.AORTA_TRANS, REST) is None
    for view in CARDIAC:
        pose = labeled.view_target(view, REST)
        assert pose is not None, view
        assert abs(labeled.signed_distance(pose[None, :3, 3], REST)[0]) < 0.001


@needs_data
def test_annulus_and_junction_place_a_heart_behind_the_chest_wall() -> None:
    anatomy = from_ct("ct_chest_aortic_dissection_1p5mm")
    heart, tube = anatomy.patient.heart, anatomy.vessels.aorta
    assert heart is not None and tube is not None
    depth = -anatomy.signed_distance(heart.apex_m[None], REST)[0]
    assert 0.012 < depth < 0.040
    assert heart.apex_m[0] > 0.04
    for view in CARDIAC:
        assert anatomy.view_target(view, REST) is not None, view
    assert heart.root_course_m is not None
    root = heart.apex_m + heart.root_course_m @ heart.rotation.T
    apart = np.linalg.norm(root[25:, None] - tube.centre_m, axis=2).min(axis=1)
    assert apart.max() < 0.002


def test_a_drawn_heart_turned_into_labels_is_found_again(tmp_path: Path) -> None:
    """Seed 0 at end-diastole on 2 mm voxels."""
    anatomy = drawn(0)
    heart = anatomy.patient.heart
    assert heart is not None
    axes = [np.arange(low, high, 0.002) for low, high in ((-0.09, 0.15), (0.0, 0.17), (-0.04, 0.15))]
    grid = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1)
    materials = anatomy.label_points(grid.reshape(-1, 3), REST)[0].reshape(grid.shape[:3])
    labels = np.zeros(materials.shape, np.uint8)
    for value, members in {
        MYOCARDIUM: (Material.MYOCARDIUM_LV,),
        LV: (Material.BLOOD_LV, Material.PAPILLARY, Material.TRABECULA),
        RV: (Material.BLOOD_RV,),
        LA: (Material.BLOOD_LA,),
        RA: (Material.BLOOD_RA,),
        AORTA: (Material.BLOOD_ROOT, Material.ROOT_WALL, Material.BLOOD_AORTA, Material.AORTA_WALL),
    }.items():
        labels[np.isin(materials, members)] = value
    affine = np.diag([-2.0, -2.0, 2.0, 1.0])
    affine[:3, 3] = -1e3 * axes[0][0], -1e3 * axes[1][0], 1e3 * axes[2][0]
    nibabel.save(nibabel.Nifti1Image(labels, affine), tmp_path / "labels.nii.gz")
    chambers = ("myocardium", "ventricle_left", "ventricle_right", "atrium_left", "atrium_right")
    table = {k + 1: f"heart_{name}" for k, name in enumerate(chambers)} | {AORTA: "aorta"}
    found = load(tmp_path, table=table).patient.heart
    assert found is not None
    assert found.edv_m3 == pytest.approx(heart.edv_m3, rel=0.05)
    assert found.length_m == pytest.approx(heart.length_m, abs=0.004)
    assert found.wall_m == pytest.approx(heart.wall_m, abs=0.0015)
    assert found.rv_scale == pytest.approx(heart.rv_scale, rel=0.08)
    assert angle_deg(found.rotation[:, 2], heart.rotation[:, 2]) < 4.0
    assert angle_deg(found.rotation[:, 0], heart.rotation[:, 0]) < 10.0
    points = np.random.default_rng(1).uniform([-0.03, -0.03, 0.0], [0.03, 0.03, 0.09], (20000, 3))
    both = [in_cavity(h, 0.0, points) for h in (heart, found)]
    assert 2.0 * (both[0] & both[1]).sum() / (both[0].sum() + both[1].sum()) > 0.94
