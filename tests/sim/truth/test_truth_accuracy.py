"""How true truth is: masks against closed forms within a pixel, volumes against sampling; and free of the renderer."""

import subprocess
import sys

import numpy as np
import pytest

from built_patients import drawn
from echopilot_core import EchoPilotError, ScannerSettings, SegmentationClass, View, se3
from echopilot_sim.anatomy import CLASS_OF_MATERIAL, Anatomy, Material
from echopilot_sim.anatomy.heart.beating_heart import in_cavity, lv_volume_m3
from echopilot_sim.frame_state import N_ELEMENTS, FrameState, Phases
from echopilot_sim.mask_grids import NETWORK_CELLS, sector_cells
from echopilot_sim.truth.frame_truth import truth_of
from echopilot_sim.truth.masks import exact_mask

REST = Phases()
ABDOMEN = ScannerSettings("abdomen", 0.16)
SAMPLING_M = 0.9e-3


@pytest.fixture(scope="module", params=[1, 600_008])
def anatomy(request: pytest.FixtureRequest) -> Anatomy:
    return drawn(request.param)


def frame_state_at(anatomy: Anatomy, T: np.ndarray, gap_m: float, imaging: ScannerSettings = ABDOMEN) -> FrameState:
    gap = np.full(N_ELEMENTS, gap_m)
    return FrameState(5, 2, anatomy.patient.T_base_patient @ T, T, REST, gap, 5.0, imaging)


@pytest.mark.parametrize("cells", [NETWORK_CELLS, sector_cells(ABDOMEN, 256)], ids=["network", "256"])
@pytest.mark.parametrize("indentation_m", [0.0, 0.010])
def test_mask_diameter_is_the_in_image_closed_form_within_a_pixel(
    anatomy: Anatomy, cells, indentation_m: float
) -> None:
    for station_m in (0.03, 0.06, 0.09):
        T = anatomy.view_target(View.AORTA_TRANS, REST, station_m)
        assert T is not None
        pressed = T @ se3.transform(np.eye(3), np.array([0.0, 0.0, indentation_m]))
        truth = truth_of(anatomy, frame_state_at(anatomy, pressed, -indentation_m), mask=True, cells=cells)
        assert truth.aorta is not None and truth.exact is not None
        assert truth.aorta.station_m == pytest.approx(station_m, abs=0.003)
        for tissues, ap_m, transverse_m in (
            (
                (SegmentationClass.AO_LUMEN, SegmentationClass.AO_WALL),
                truth.aorta.outer_ap_m,
                truth.aorta.outer_transverse_m,
            ),
            ((SegmentationClass.AO_LUMEN,), truth.aorta.inner_ap_m, truth.aorta.inner_transverse_m),
        ):
            mask = np.isin(truth.exact.labels, tissues)
            tall, wide = (np.count_nonzero(mask, axis=axis).max() * cells.spacing_m for axis in (0, 1))
            assert tall == pytest.approx(ap_m, abs=cells.spacing_m), (station_m, tissues)
            assert wide == pytest.approx(transverse_m, abs=cells.spacing_m), (station_m, tissues)


def lv_sampled_m3(anatomy: Anatomy, phases: Phases) -> float:
    """LV cavity [m^3] by counting points of a regular grid, mitral leaflets on its side of the annulus included."""
    heart = anatomy.patient.heart
    assert heart is not None
    steps = np.arange(-0.045, 0.045, SAMPLING_M)
    a, b = (grid.ravel() for grid in np.meshgrid(steps, steps))
    count = 0
    for c in np.arange(0.0, 0.130, SAMPLING_M):
        in_heart = np.column_stack([a, b, np.full(a.size, c)])
        materials, _ = anatomy.label_points(heart.apex_m + in_heart @ heart.rotation.T, phases)
        leaflet = in_cavity(heart, phases.heart, in_heart) & (materials == Material.LEAFLET)
        count += int(((CLASS_OF_MATERIAL[materials] == SegmentationClass.LV) | leaflet).sum())
    return float(count * SAMPLING_M**3)


def test_volumes_and_ejection_fraction_agree_with_fine_sampling(anatomy: Anatomy) -> None:
    heart = anatomy.patient.heart
    assert heart is not None
    volumes = np.array([lv_volume_m3(heart, float(h)) for h in np.linspace(0.0, 1.0, 101)])
    end_systole = float(np.linspace(0.0, 1.0, 101)[volumes.argmin()])
    diastolic, systolic = (lv_sampled_m3(anatomy, Phases(h, 0.5)) for h in (0.0, end_systole))
    assert diastolic == pytest.approx(heart.edv_m3, rel=0.02)
    assert systolic == pytest.approx(volumes.min(), rel=0.02)
    assert 1.0 - systolic / diastolic == pytest.approx(heart.ejection_fraction, abs=0.01)
    T = anatomy.view_target(View.A4C, REST)
    assert T is not None
    truth = truth_of(anatomy, frame_state_at(anatomy, T, -0.004))
    assert truth.lv_volume_m3 == truth.lv_edv_m3 == heart.edv_m3
    assert truth.ejection_fraction == pytest.approx(1.0 - volumes.min() / volumes.max(), abs=0.005)


def test_a_finer_mask_shows_the_same_organs_at_the_same_places(anatomy: Anatomy) -> None:
    T = anatomy.view_target(View.A4C, REST)
    assert T is not None
    frame_state = frame_state_at(anatomy, T, -0.004, ScannerSettings("cardiac", 0.15))
    masks = [exact_mask(anatomy, frame_state, sector_cells(frame_state.imaging, n)) for n in (128, 256, 512)]
    for tissue in (SegmentationClass.LV, SegmentationClass.LA, SegmentationClass.RV, SegmentationClass.LV_MYO):
        areas = [float((m.labels == tissue).sum()) * m.spacing_m**2 for m in masks]
        assert areas[0] == pytest.approx(areas[2], rel=0.06) and areas[1] == pytest.approx(areas[2], rel=0.03)


@pytest.mark.parametrize("preset", ["cardiac", "abdomen", "convex", "linear"])
def test_a_fitted_grid_holds_the_whole_sector_and_little_more(preset: str) -> None:
    imaging = ScannerSettings(preset, 0.12)
    cells = sector_cells(imaging, 200)
    inside = cells.in_sector(imaging)
    assert max(inside.any(axis=0).mean(), inside.any(axis=1).mean()) > 0.97
    wider = type(cells)(400, cells.spacing_m, cells.top_m - 100 * cells.spacing_m)
    assert wider.in_sector(imaging).sum() == pytest.approx(inside.sum(), rel=0.005)


def test_an_impossible_number_of_cells_is_refused() -> None:
    with pytest.raises(EchoPilotError, match="16 to 2048"):
        sector_cells(ABDOMEN, 3)


def test_truth_is_computed_without_loading_the_renderer() -> None:
    program = """
import sys
import numpy as np
from echopilot_core import View
from echopilot_sim.anatomy import build, sample_patient
from echopilot_sim.frame_state import FrameState, Phases
from echopilot_sim.truth.frame_truth import truth_of
anatomy = build(sample_patient(1))
T = anatomy.view_target(View.A4C, Phases())
truth = truth_of(anatomy, FrameState(0, 0, T, T, Phases(), np.full(64, -0.002), 5.0), mask=True)
assert truth.view == View.A4C and truth.exact.labels.any()
print([m for m in ("renderer", "sound.propagation", "psf", "display") if f"echopilot_sim.bmode.{m}" in sys.modules])
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=300)
    assert done.stdout.strip() == "[]", done.stdout + done.stderr
