"""Vessels of a CT patient: diameters and center lines of made tubes, and those of real CTs against their tables."""

import json
from pathlib import Path

import nibabel
import numpy as np
import pytest

from built_patients import CT_FOLDER, from_ct
from echopilot_core import Array, View
from echopilot_sim.anatomy import Anatomy, Material
from echopilot_sim.anatomy.ct import load
from echopilot_sim.anatomy.ct.vessels import LUMEN_WALL_M
from echopilot_sim.anatomy.ct.voxelize import BEYOND_M
from echopilot_sim.anatomy.heart import aortic_root
from echopilot_sim.frame_state import Phases

ABDOMEN, CHEST = CT_FOLDER / "ct_abdomen_pelvis_3mm", CT_FOLDER / "ct_chest_aortic_dissection_1p5mm"
needs_data = pytest.mark.skipif(not CT_FOLDER.exists(), reason="the shared CTs are not on this machine")
REST = Phases(heart=0.0, breathing=0.5)


def straight(tilt_deg: float) -> Array:
    """A line (n, 3) [mm] of 160 mm down the body, tilted to the left and backwards."""
    t = np.radians(tilt_deg)
    way = np.array([np.sin(t) * 0.8, np.sin(t) * 0.6, -np.cos(t)])
    return np.linspace(-80.0, 80.0, 400)[:, None] * way


def arc(radius_mm: float) -> Array:
    """Half a turn (n, 3) [mm] of an arch in a plane that lies across the voxels."""
    a = np.linspace(0.0, np.pi, 600)
    flat = radius_mm * np.column_stack([np.cos(a), np.sin(a)])
    return flat @ np.array([[-0.5, -0.8, 0.2], [0.1, 0.2, 0.95]]) / 0.97


def write_tube(folder: Path, line: Array, diameter_mm: float, spacing_mm: tuple[float, float, float]) -> Path:
    """A label volume whose class 1, aorta, is a tube around a line in LPS; the file has RAS axes as scanners do."""
    spacing = np.array(spacing_mm)
    low, high = line.min(axis=0) - 0.5 * diameter_mm - 9.0, line.max(axis=0) + 0.5 * diameter_mm + 9.0
    shape = np.ceil((high - low) / spacing).astype(int)
    labels = np.zeros(shape, np.uint8)
    reach = np.ceil(0.5 * diameter_mm / spacing).astype(int) + 1
    offsets = np.indices(2 * reach + 1).reshape(3, -1).T - reach
    ahead = np.gradient(line, axis=0)
    ahead /= np.linalg.norm(ahead, axis=1, keepdims=True)
    half_step = 0.6 * np.linalg.norm(np.diff(line, axis=0), axis=1).max() + 0.87 * spacing.max()
    for point, way in zip(line, ahead, strict=True):
        voxels = np.rint((point - low) / spacing).astype(int) + offsets
        off = low + voxels * spacing - point
        along = off @ way
        beside = np.linalg.norm(off - along[:, None] * way, axis=1)
        inside = voxels[(np.abs(along) < half_step) & (beside < 0.5 * diameter_mm)]
        labels[tuple(inside.T)] = 1
    affine = np.diag([-spacing[0], -spacing[1], spacing[2], 1.0])
    affine[:3, 3] = -low[0], -low[1], low[2]
    folder.mkdir(parents=True, exist_ok=True)
    nibabel.save(nibabel.Nifti1Image(labels, affine), folder / "labels.nii.gz")
    (folder / "labels.json").write_text(json.dumps({"1": "aorta"}))
    return folder


def diameters_mm(anatomy: Anatomy) -> Array:
    """Outer diameters (n, 2) [mm] along and across every section of the aorta."""
    tube = anatomy.vessels.aorta
    assert tube is not None
    return 2e3 * np.column_stack([tube.outer_m, tube.outer_m * tube.flatness])


@pytest.mark.parametrize(
    ("line", "diameter_mm", "spacing_mm"),
    [
        (straight(0.0), 22.0, (1.5, 1.5, 1.5)),
        (straight(25.0), 14.0, (1.0, 1.0, 3.0)),
        (straight(40.0), 40.0, (1.5, 1.5, 1.5)),
        (arc(45.0), 22.0, (1.5, 1.5, 1.5)),
        (arc(60.0), 30.0, (1.5, 1.5, 2.0)),
    ],
    ids=["straight", "oblique, thick slices", "oblique and wide", "arch", "wide arch, thick slices"],
)
def test_a_made_tube_keeps_its_diameter(
    tmp_path: Path, line: Array, diameter_mm: float, spacing_mm: tuple[float, float, float]
) -> None:
    anatomy = load(write_tube(tmp_path / "tube", line, diameter_mm, spacing_mm))
    both = diameters_mm(anatomy)
    assert np.abs(np.sqrt(both.prod(axis=1)) - diameter_mm).max() < 0.3
    assert np.abs(both - diameter_mm).max() < 0.5


def test_the_center_line_of_a_made_arch_lies_on_its_circle(tmp_path: Path) -> None:
    tube = load(write_tube(tmp_path / "tube", arc(45.0), 22.0, (1.5, 1.5, 1.5))).vessels.aorta
    assert tube is not None
    line = 1e3 * tube.centre_m
    middle = line.mean(axis=0)
    normal = np.linalg.svd(line - middle)[2][2]
    flat = (line - middle) @ np.linalg.svd(line - middle)[2][:2].T
    unknowns = np.linalg.lstsq(np.column_stack([2.0 * flat, np.ones(len(flat))]), (flat**2).sum(axis=1), rcond=None)[0]
    radii = np.linalg.norm(flat - unknowns[:2], axis=1)
    assert np.abs((line - middle) @ normal).max() < 0.5
    assert np.abs(radii - radii.mean()).max() < 0.7
    assert abs(radii.mean() - np.linalg.norm(arc(45.0), axis=1).mean()) < 0.5


def test_the_aorta_in_the_pictures_is_as_wide_as_its_sections(tmp_path: Path) -> None:
    anatomy = load(write_tube(tmp_path / "tube", straight(20.0), 24.0, (1.5, 1.5, 1.5)))
    section = anatomy.vessels.section(0.08)
    r = np.linspace(0.0, 0.02, 2001)
    for way in (section.u, section.v):
        materials, _ = anatomy.label_points(section.centre_m + r[:, None] * way, Phases(heart=0.11, breathing=0.5))
        wide = r[np.isin(materials, (Material.BLOOD_AORTA, Material.AORTA_WALL))].max()
        assert wide == pytest.approx(section.half_width(way)[0], rel=0.031)  # the pulse is 3 %


@pytest.fixture(scope="module")
def abdomen() -> Anatomy:
    return from_ct(ABDOMEN.name)


@pytest.fixture(scope="module")
def chest() -> Anatomy:
    return from_ct(CHEST.name)


@needs_data
def test_every_slice_of_the_abdominal_ct_has_the_diameter_of_its_table(abdomen: Anatomy) -> None:
    """All slices that the course passes; the lowest of the label is cut by the fork."""
    tube, labels = abdomen.vessels.aorta, nibabel.load(ABDOMEN / "labels.nii.gz")
    assert tube is not None
    table = json.loads((ABDOMEN / "labels.json").read_text())["aorta_equivalent_diameter_mm_per_axial_slice"]
    level = tube.centre_m[:, 2][::-1]
    z = abdomen.volume.origin_m[2] + BEYOND_M + 1e-3 * labels.affine[2, 2] * np.array(table["slice_index"])
    upright = np.sqrt(np.abs(tube.tangent[:, 2]))
    across_body = (np.sqrt(diameters_mm(abdomen).prod(axis=1)) / upright)[::-1]
    passed = z > level.min()
    assert passed.sum() >= len(z) - 2
    assert np.abs(np.interp(z, level, across_body) - table["diameter"])[passed].max() < 1.0


@needs_data
def test_the_chest_ct_has_the_calibres_of_its_report_at_the_landmarks(chest: Anatomy) -> None:
    """Equivalent diameters from the reported areas; the first two landmarks belong to the heart's root."""
    report = json.loads((CHEST / "aorta_report.json").read_text())["landmarks"]
    tube, heart = chest.vessels.aorta, chest.patient.heart
    assert tube is not None and heart is not None
    middle = {k: np.mean([v["start"], v["end"]], axis=0) for k, v in report.items() if v["start"]}
    disc = np.argwhere(np.asarray(nibabel.load(CHEST / "labels.nii.gz").dataobj) == 5).mean(axis=0)
    affine = nibabel.load(CHEST / "labels.nii.gz").affine
    annulus_mm = affine[:3, :3] @ disc + affine[:3, 3]
    center = heart.apex_m + heart.rotation @ aortic_root.base(heart)[0]
    equivalent = np.sqrt(diameters_mm(chest).prod(axis=1))
    for k, place in middle.items():
        area_mm = 20.0 * np.sqrt(report[k]["area"] / np.pi)
        if report[k]["name"] == "annulus":
            assert 2e3 * (heart.root_radius_m + LUMEN_WALL_M) == pytest.approx(area_mm, abs=1.0)
        elif report[k]["name"] == "sinuses of valsalva":
            assert 2e3 * heart.sinus_radius_m == pytest.approx(area_mm, abs=1.0)
        else:
            here = center + 1e-3 * (place - annulus_mm) * [-1.0, -1.0, 1.0]
            nearest = int(np.argmin(np.linalg.norm(tube.centre_m - here, axis=1)))
            assert equivalent[nearest] == pytest.approx(area_mm, abs=1.0), report[k]["name"]


@needs_data
def test_the_flap_runs_through_the_descending_aorta_only(chest: Anatomy) -> None:
    tube = chest.vessels.aorta
    assert tube is not None and tube.flap_m is not None
    torn, top = np.isfinite(tube.flap_m), int(np.argmax(tube.centre_m[:, 2]))
    assert torn[top + 5 :].all()
    assert not torn[:15].any()
    dissection = chest.patient.aorta.dissection if chest.patient.aorta is not None else None
    assert dissection is not None and 0.2 < dissection.true_share < 0.6
    section = chest.vessels.section(0.02)
    side = np.linspace(-0.9, 0.9, 61) * section.lumen_m
    grid = np.stack(np.meshgrid(side, side), axis=-1).reshape(-1, 2)
    points = section.lumen_center_m + grid[:, :1] * section.u + grid[:, 1:] * section.v
    seen = set(np.unique(chest.label_points(points, REST)[0]))
    assert {Material.BLOOD_AORTA, Material.BLOOD_FALSE_LUMEN, Material.FLAP} <= seen


@needs_data
def test_real_cts_offer_aortic_views_on_their_skin(abdomen: Anatomy, chest: Anatomy) -> None:
    for anatomy in (abdomen, chest):
        for view in (View.AORTA_TRANS, View.AORTA_LONG):
            pose = anatomy.view_target(view, REST)
            assert pose is not None
            assert abs(anatomy.signed_distance(pose[None, :3, 3], REST)[0]) < 0.001
    assert abdomen.patient.heart is None
    assert abdomen.view_target(View.A4C, REST) is None
    assert abdomen.vessels.abdominal_arc_m[-1] > 0.13
