"""Windows of zoomed screens: what is learned follows the image exactly, and what they do not show is not known."""

import math

import numpy as np
import pytest
from synthetic import ring_samples

torch = pytest.importorskip("torch", reason="the training extra is not installed")

from echopilot_core import LandmarkName, SegmentationClass, View  # noqa: E402
from echopilot_perception import grid  # noqa: E402
from echopilot_perception.training.augmentation.draw import Draw  # noqa: E402
from echopilot_perception.training.augmentation.geometry import moved  # noqa: E402
from echopilot_perception.training.augmentation.window import (  # noqa: E402
    DEFINED_BY,
    WINDOWED,
    ZOOMS,
    ZoomWindow,
    areas_of,
    draw_windows,
    forget_hidden,
)
from echopilot_perception.training.batches import Batch, on_device, tensors  # noqa: E402
from echopilot_perception.training.samples import UNKNOWN_VIEW  # noqa: E402

CPU = torch.device("cpu")
COUNT = 160


def windowed(seed: int) -> tuple[Batch, Batch, torch.Tensor]:
    """A batch with its lumen drawn into the image, the same moved, and which of it have windows."""
    data = ring_samples(COUNT, seed=8)
    lumen = (data.labels == SegmentationClass.AO_LUMEN).repeat(2, axis=1).repeat(2, axis=2)
    data.image[:] = np.where(lumen, 250, 25)
    data.quality[:] = 0.5
    before = on_device(tensors(data), CPU)
    out = {name: tensor.clone() for name, tensor in before.items()}
    moved(out, Draw(COUNT, CPU, torch.Generator().manual_seed(seed)))
    return before, out, out["quality"].isnan()


def test_image_labels_and_landmarks_move_together() -> None:
    _, out, chosen = windowed(5)
    overlaps, gaps = [], []
    for k in torch.nonzero(chosen)[:, 0].tolist():
        coarse = out["image"][k, 0].numpy().reshape(grid.CELLS, 2, grid.CELLS, 2).mean(axis=(1, 3))
        there = out["labels"][k].numpy() == SegmentationClass.AO_LUMEN
        if there.sum() > 200:
            overlaps.append(2 * ((coarse > 0.5) & there).sum() / ((coarse > 0.5).sum() + there.sum()))
        vessel = np.argwhere(np.isin(out["labels"][k].numpy(), (SegmentationClass.AO_WALL, SegmentationClass.AO_LUMEN)))
        for name in (LandmarkName.AORTA_NEAR, LandmarkName.AORTA_FAR):
            point = out["landmarks"][k, name].numpy()
            if np.isfinite(point).all() and len(vessel) > 500:
                column, row = (point - (grid.STANDARD.x_m[0], grid.STANDARD.y_m[0])) / grid.STANDARD.spacing_m
                gaps.append(np.hypot(vessel[:, 1] - column, vessel[:, 0] - row).min())
    assert len(overlaps) > 15 and np.median(overlaps) > 0.95
    assert len(gaps) > 10 and np.percentile(gaps, 95) < 3.5  # cells, which a zoom makes up to 2.5 times as large


def test_a_share_of_images_has_windows_of_every_zoom_and_place() -> None:
    labels = torch.full((4000, 16, 16), int(SegmentationClass.LV))
    window = draw_windows(labels, Draw(4000, CPU, torch.Generator().manual_seed(1)))
    assert float(window.chosen.float().mean()) == pytest.approx(WINDOWED, abs=0.03)
    zoom, y, x = (values[window.chosen] for values in (window.zoom, window.y, window.x))
    assert ZOOMS[0] <= float(zoom.min()) < 1.4 and 2.4 < float(zoom.max()) <= ZOOMS[1] + 1e-5
    assert float(y.min()) >= 0.0 and float((y + 1.0 / zoom).max()) <= 1.0 + 1e-5
    assert float(y.max()) > 0.4 and float((x == 0).float().mean()) == pytest.approx(0.5, abs=0.06)
    others = ~window.chosen
    assert (window.zoom[others] == 1).all() and (window.x[others] == 0).all() and not window.fan[others].any()


def test_windows_lie_about_structures() -> None:
    labels = torch.zeros((600, 32, 32), dtype=torch.uint8)
    labels[:, 20:26, 4:10] = int(SegmentationClass.AO_ROOT)
    window = draw_windows(labels, Draw(600, CPU, torch.Generator().manual_seed(1)))
    side = 1.0 / window.zoom
    middle = 23.0 / 32.0
    assert ((window.y <= middle) & (window.y + side >= middle))[window.chosen].float().mean() > 0.9
    aside = window.chosen & (window.x != 0)
    assert (window.x[aside] < -0.1).float().mean() > 0.7


def test_what_a_window_hides_is_not_known() -> None:
    _, out, chosen = windowed(6)
    assert 20 < int(chosen.sum()) < 70
    assert not out["guidance_valid"][chosen].any() and not out["calm_known"][chosen].any()
    for name in ("sizes", "coupling"):
        assert out[name][chosen].isnan().all()
    assert not out["quality"][~chosen].isnan().any() and not out["sizes"][~chosen].isnan().all()


def view_after(view: View, shown: dict[SegmentationClass, float], full: dict[SegmentationClass, float]) -> int:
    """The view after a window of zoom 2 with areas `shown` of those of the whole image, in cells of the image."""
    labels = torch.zeros((1, 128, 128), dtype=torch.uint8)
    flat, at = labels.view(-1), 0
    for tissue, cells in shown.items():
        flat[at : at + int(cells)] = int(tissue)
        at += int(cells)
    areas = torch.zeros((1, 256))
    for tissue, cells in full.items():
        areas[0, int(tissue)] = cells
    one = torch.ones(1)
    window = ZoomWindow(one > 0, 2 * one, 0 * one, 0 * one, one < 0, 0 * one, one)
    batch = {
        "labels": labels,
        "view": torch.tensor([int(view)]),
        "guidance_valid": torch.ones((1, 12), dtype=torch.bool),
        "calm_known": torch.ones(1, dtype=torch.bool),
        **{name: torch.ones((1, 3)) for name in ("sizes", "coupling", "quality")},
    }
    forget_hidden(batch, window, areas)
    return int(batch["view"][0])


LV, LA, RV, RA, ROOT = (SegmentationClass[name] for name in ("LV", "LA", "RV", "RA", "AO_ROOT"))


def test_a_view_stays_where_its_structures_stay() -> None:
    whole = {LV: 900.0, LA: 400.0, RV: 500.0, RA: 400.0}
    septum = {LA: 1500.0, RA: 1400.0, LV: 200.0}  # twice as large: 4 cells of each one
    assert view_after(View.A4C, septum, whole) == View.A4C
    assert view_after(View.A4C, {LV: 3500.0, LA: 1500.0}, whole) == UNKNOWN_VIEW  # a two-chamber view shows so too
    assert view_after(View.A4C, {LV: 3500.0, RV: 300.0}, whole) == UNKNOWN_VIEW
    assert view_after(View.PSAX_AV, {ROOT: 700.0}, {ROOT: 200.0, RV: 900.0, LA: 600.0}) == View.PSAX_AV
    assert view_after(View.PLAX, {ROOT: 700.0, LA: 900.0}, {ROOT: 200.0, LV: 900.0, LA: 300.0}) == View.PLAX
    assert view_after(View.A3C, {LV: 3000.0}, {LV: 900.0, ROOT: 200.0}) == UNKNOWN_VIEW
    assert view_after(View.A3C, {LV: 3000.0}, {LV: 900.0}) == View.A3C  # the root was never seen
    assert view_after(View.NONE, {}, whole) == View.NONE


def test_every_view_has_structures_that_define_it() -> None:
    assert set(DEFINED_BY) == set(View) - {View.NONE}


def test_areas_count_every_value_of_a_cell() -> None:
    areas = areas_of(torch.tensor([[[0, 255], [1, 1]]], dtype=torch.uint8))
    assert areas[0, 0] == 1 and areas[0, 255] == 1 and areas[0, 1] == 2 and areas.sum() == 4


def test_a_fan_shaped_window_is_black_outside_and_round_below() -> None:
    one = torch.ones(1)
    window = ZoomWindow(one > 0, 2 * one, 0 * one, 0.3 * one, one > 0, 0 * one, math.radians(20.0) * one)
    outside = window.outside(200)[0]
    assert not outside[100, 100] and outside[199, 30] and outside[5, 2]
    column = torch.nonzero(~outside[:, 100])[:, 0]
    assert int(column.min()) == 0 and int(column.max()) == 199
    aside = torch.nonzero(~outside[:, 140])[:, 0]
    assert int(aside.max()) < 199  # the end is an arc about the apex
