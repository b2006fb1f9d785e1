"""Properties of truth: masks agree with closed forms, pose errors vanish at the target, pressing shrinks AP only."""

from dataclasses import replace

import numpy as np
import pytest

from built_patients import drawn
from echopilot_core import ScannerSettings, SegmentationClass, View, se3
from echopilot_sim.anatomy import Anatomy
from echopilot_sim.frame_state import N_ELEMENTS, FrameState, Phases
from echopilot_sim.mask_grids import NETWORK_CELLS
from echopilot_sim.truth.frame_truth import truth_of
from echopilot_sim.truth.masks import exact_mask, visible_mask

REST = Phases()


@pytest.fixture(scope="module", params=[1, 3, 600008])
def anatomy(request: pytest.FixtureRequest) -> Anatomy:
    return drawn(request.param)


def _frame_state(anatomy: Anatomy, T: np.ndarray, phases: Phases = REST, gap_m: float = -0.002) -> FrameState:
    return FrameState(
        stamp_ns=5,
        sequence=2,
        T_base_probe=anatomy.patient.T_base_patient @ T,
        T_patient_probe=T,
        phases=phases,
        gap_m=np.full(N_ELEMENTS, gap_m),
        contact_force_n=5.0,
        imaging=ScannerSettings("abdomen", 0.16),
    )


def _target(anatomy: Anatomy, view: View, phases: Phases = REST, station_m: float = float("nan")) -> np.ndarray:
    T = anatomy.view_target(view, phases, station_m)
    assert T is not None
    return T


@pytest.mark.parametrize("view", [View.A4C, View.SC4C, View.AORTA_TRANS, View.AORTA_LONG])
def test_error_vanishes_at_the_target(anatomy: Anatomy, view: View) -> None:
    truth = truth_of(anatomy, _frame_state(anatomy, _target(anatomy, view)))
    error = truth.error(view)
    assert error is not None and truth.view == view
    assert error.angle_rad < 1e-4 and error.offset_m < 5e-4
    assert truth.quality > 0.99 and truth.stamp_ns == 5 and truth.sequence == 2


def test_motion_leads_to_the_target(anatomy: Anatomy) -> None:
    target = _target(anatomy, View.A4C)
    pose = target @ se3.exp(np.array([0.004, -0.006, 0.001, 0.05, 0.08, -0.1]))
    error = truth_of(anatomy, _frame_state(anatomy, pose)).error(View.A4C)
    assert error is not None
    assert np.abs(pose @ se3.exp(error.motion) - target).max() < 1e-9
    assert error.angle_rad == pytest.approx(np.linalg.norm([0.05, 0.08, -0.1]), rel=1e-6)


def test_pressing_shrinks_ap_and_nothing_else(anatomy: Anatomy) -> None:
    T = _target(anatomy, View.AORTA_TRANS, station_m=0.06)
    diameters = []
    for depth in (0.0, 0.005, 0.010):
        press = se3.transform(np.eye(3), np.array([0.0, 0.0, depth]))
        aorta = truth_of(anatomy, _frame_state(anatomy, T @ press, gap_m=-depth)).aorta
        assert aorta is not None
        assert aorta.outer_transverse_m == pytest.approx(aorta.outer_unloaded_m)
        diameters.append(aorta.outer_ap_m)
    assert diameters[0] == pytest.approx(aorta.outer_unloaded_m, rel=1e-9)
    assert diameters[0] > diameters[1] > diameters[2] > 0.85 * diameters[0]


def test_plane_that_misses_the_aorta_has_no_diameter(anatomy: Anatomy) -> None:
    assert truth_of(anatomy, _frame_state(anatomy, _target(anatomy, View.AORTA_LONG))).aorta is None
    away = se3.transform(np.eye(3), np.array([0.0, 0.0, 0.4]))
    assert truth_of(anatomy, _frame_state(anatomy, away @ _target(anatomy, View.AORTA_TRANS))).aorta is None


def test_lifted_elements_lose_coupling_and_quality(anatomy: Anatomy) -> None:
    frame_state = _frame_state(anatomy, _target(anatomy, View.A4C))
    gap = frame_state.gap_m.copy()
    gap[:32] = 0.010
    good, half = truth_of(anatomy, frame_state), truth_of(anatomy, replace(frame_state, gap_m=gap))
    assert (good.coupling > 0.99).all() and good.contact.shape == (N_ELEMENTS,)
    assert (half.contact[:32] < 0.01).all() and (half.contact[32:] > 0.99).all()
    assert (half.coupling[:8] < 0.01).all() and (half.coupling[8:] > 0.99).all()
    assert half.quality < 0.6 * good.quality


def test_visible_mask_turns_dark_cells_into_shadow_inside_the_sector_only(anatomy: Anatomy) -> None:
    frame_state = _frame_state(anatomy, _target(anatomy, View.A4C))
    exact, inside = exact_mask(anatomy, frame_state), NETWORK_CELLS.in_sector(frame_state.imaging)
    bright, dark = np.ones((128, 128), np.float32), np.zeros((128, 128), np.float32)
    assert (visible_mask(exact, bright, inside).labels == exact.labels).all()
    shadow = visible_mask(exact, dark, inside).labels
    assert (shadow[inside] == SegmentationClass.SHADOW).all() and (
        shadow[~inside] == SegmentationClass.BACKGROUND
    ).all()
    assert 0.2 < inside.mean() < 0.9
