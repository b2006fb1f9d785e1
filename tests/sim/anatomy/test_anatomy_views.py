"""Properties of the standard views: they exist, stand on the skin and show what they must."""

import numpy as np
import pytest

from built_patients import drawn
from echopilot_core import View, se3
from echopilot_sim.anatomy import Anatomy, Material
from echopilot_sim.frame_state import Phases

PATIENTS = (*range(600000, 600005), *range(5))
VIEWS = (View.A4C, View.A2C, View.A5C, View.PLAX, View.PSAX_PM, View.SC4C, View.AORTA_TRANS, View.AORTA_LONG)


@pytest.fixture(scope="module")
def anatomies() -> list[Anatomy]:
    return [drawn(seed) for seed in PATIENTS]


def _plane(anatomy: Anatomy, T: np.ndarray, phases: Phases) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    x, z = np.meshgrid(np.arange(-0.08, 0.08, 0.002), np.arange(0.001, 0.16, 0.002))
    keep = np.abs(x) < z
    points = np.stack([x[keep], np.zeros(keep.sum()), z[keep]], axis=-1)
    return x[keep], z[keep], anatomy.label_points(se3.apply(T, points), phases)[0]


def test_views_exist_in_nine_of_ten_patients(anatomies: list[Anatomy]) -> None:
    for view in VIEWS:
        found = [a.view_target(view, Phases()) is not None for a in anatomies]
        assert np.mean(found) >= 0.9, view.name


def test_targets_are_rigid_and_stand_on_the_breathing_skin(anatomies: list[Anatomy]) -> None:
    for anatomy in anatomies:
        for view in VIEWS:
            for phases in (Phases(0.0, 0.0), Phases(0.4, 0.5), Phases(0.0, 1.0)):
                T = anatomy.view_target(view, phases)
                if T is None:
                    continue
                assert se3.is_rigid(T, 1e-9)
                still = Phases(0.0, phases.breathing)  # before the apex beats
                assert abs(anatomy.signed_distance(T[None, :3, 3], still)[0]) < 1e-6
                assert anatomy.skin_normal(T[None, :3, 3], phases)[0] @ T[:3, 2] < -0.4  # beam goes into the body


def test_apical_four_chamber_shows_four_chambers_in_place(anatomies: list[Anatomy]) -> None:
    for anatomy in anatomies:
        T = anatomy.view_target(View.A4C, Phases())
        assert T is not None
        x, z, labels = _plane(anatomy, T, Phases())
        center = {m: (x[labels == m].mean(), z[labels == m].mean()) for m in CHAMBERS if (labels == m).sum() > 100}
        assert set(center) == set(CHAMBERS), anatomy.patient.seed
        lv, rv, la, ra = (center[m] for m in CHAMBERS)
        assert lv[0] > rv[0] + 0.02 and la[0] > ra[0] + 0.02  # left heart on the right of the image
        assert la[1] > lv[1] + 0.04 and ra[1] > rv[1] + 0.03  # atria below
        apex_depth = z[labels == Material.BLOOD_LV].min()
        assert 0.020 < apex_depth < 0.056


CHAMBERS = (Material.BLOOD_LV, Material.BLOOD_RV, Material.BLOOD_LA, Material.BLOOD_RA)


def test_neither_lung_nor_rib_covers_the_apex(anatomies: list[Anatomy]) -> None:
    for anatomy in anatomies:
        for breathing in (0.0, 0.5, 1.0):
            phases = Phases(0.0, breathing)
            T = anatomy.view_target(View.A4C, Phases(0.0, 0.5))
            assert T is not None
            angles, r = np.radians(np.arange(-15, 16, 5))[:, None], np.arange(0.006, 0.09, 0.001)
            beams = np.stack([r * np.sin(angles), 0.0 * r * angles, r * np.cos(angles)], axis=-1)
            labels, _ = anatomy.label_points(se3.apply(T, beams.reshape(-1, 3)), phases)
            assert not np.isin(labels, [Material.LUNG, Material.BONE, Material.GAS]).any(), anatomy.patient.seed


def test_transverse_aorta_is_centered_with_the_cava_on_its_left(anatomies: list[Anatomy]) -> None:
    for anatomy in anatomies:
        for station in (0.02, 0.07, 0.12):
            T = anatomy.view_target(View.AORTA_TRANS, Phases(), station)
            assert T is not None
            x, z, labels = _plane(anatomy, T, Phases())
            aorta = np.isin(labels, [Material.BLOOD_AORTA, Material.AORTA_WALL, Material.THROMBUS])
            assert abs(x[aorta].mean()) < 0.004
            assert 0.030 < z[aorta].mean() < 0.130
            assert x[labels == Material.BLOOD_IVC].mean() < x[aorta].min()
            assert T[:3, 0] @ [1.0, 0.0, 0.0] > 0.95


def test_long_axis_beam_lies_in_the_plane_of_the_aorta(anatomies: list[Anatomy]) -> None:
    for anatomy in anatomies:
        T = anatomy.view_target(View.AORTA_LONG, Phases())
        assert T is not None
        middle = 0.5 * float(anatomy.vessels.abdominal_arc_m[-1])
        line = anatomy.vessels.course_points(middle + np.linspace(-0.02, 0.02, 5))
        off = se3.apply(se3.inverse(T), line)[:, 1]
        assert np.abs(off).max() < 0.004
