"""Landmarks of the truth lie where the label map of the same image says they must."""

import numpy as np
import pytest

from built_patients import drawn
from echopilot_core import LandmarkName, ScannerSettings, SegmentationClass, View
from echopilot_lab.datasets.probe_pose_sampling import frame_state_at
from echopilot_sim.anatomy import Anatomy
from echopilot_sim.frame_state import Phases
from echopilot_sim.truth.frame_truth import Truth, truth_of

SPACING_M = 0.00125


@pytest.fixture(scope="module")
def anatomy() -> Anatomy:
    return drawn(600_000)


def _truth(anatomy: Anatomy, view: View, phase: float) -> Truth:
    phases = Phases(phase, 0.5)
    target = anatomy.view_target(view, phases)
    assert target is not None
    pose = target.copy()
    pose[:3, 3] += 0.004 * pose[:3, 2]
    preset = "abdomen" if view == View.AORTA_TRANS else "cardiac"
    return truth_of(anatomy, frame_state_at(anatomy, pose, phases, ScannerSettings(preset)), mask=True)


def _near(truth: Truth, point: np.ndarray, tissue: SegmentationClass) -> float:
    """Distance [m] from a point to the nearest cell of a class."""
    assert truth.exact is not None
    rows, columns = np.nonzero(truth.exact.labels == tissue)
    x = truth.exact.origin_x_m + SPACING_M * columns
    y = truth.exact.origin_y_m + SPACING_M * rows
    return float(np.hypot(x - point[0], y - point[1]).min())


@pytest.mark.parametrize("phase", [0.0, 0.2, 0.38, 0.7])
def test_mitral_hinges_lie_between_ventricle_and_atrium(anatomy: Anatomy, phase: float) -> None:
    truth = _truth(anatomy, View.A4C, phase)
    assert truth.landmarks_m is not None
    anterior, posterior = truth.landmarks_m[:2]
    for point in (anterior, posterior):
        assert _near(truth, point, SegmentationClass.LV) < 0.005 and _near(truth, point, SegmentationClass.LA) < 0.008
    assert anterior[0] < posterior[0]  # the septum is on the left of the image
    assert 0.015 < float(np.linalg.norm(anterior - posterior)) < 0.055


def test_the_annulus_comes_towards_the_apex_in_systole(anatomy: Anatomy) -> None:
    rows = [_truth(anatomy, View.A4C, phase).landmarks_m for phase in (0.0, 0.38)]
    lengths = [float(np.linalg.norm(r[:2].mean(axis=0) - r[LandmarkName.APEX])) for r in rows if r is not None]
    assert lengths[0] > lengths[1] + 0.003


def test_the_aortic_caliper_spans_the_outer_wall(anatomy: Anatomy) -> None:
    truth = _truth(anatomy, View.AORTA_TRANS, 0.2)
    assert truth.landmarks_m is not None and truth.aorta is not None
    near, far = truth.landmarks_m[LandmarkName.AORTA_NEAR], truth.landmarks_m[LandmarkName.AORTA_FAR]
    assert far[1] - near[1] == pytest.approx(truth.aorta.outer_ap_m, abs=1e-6)
    assert (
        _near(truth, near, SegmentationClass.AO_WALL) < 0.0025 and _near(truth, far, SegmentationClass.AO_WALL) < 0.0025
    )


def test_a_plane_that_misses_the_heart_shows_none_of_it(anatomy: Anatomy) -> None:
    truth = _truth(anatomy, View.AORTA_TRANS, 0.0)
    assert truth.landmarks_m is not None
    assert np.isnan(truth.landmarks_m[: LandmarkName.AORTA_NEAR]).all()
