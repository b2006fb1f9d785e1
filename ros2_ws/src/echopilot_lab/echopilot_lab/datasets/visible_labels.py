"""Labels restricted to what an image really shows: the targets of perception."""

import math

import numpy as np
from numpy.typing import NDArray

from echopilot_core import Array, FindingKind, SegmentationClass, View
from echopilot_lab.datasets.probe_pose_sampling import AORTIC
from echopilot_perception import grid
from echopilot_perception.heads.disease import KINDS
from echopilot_perception.heads.sizes import NAMES
from echopilot_sim.truth.frame_truth import Truth

HEART = (
    SegmentationClass.LV,
    SegmentationClass.LV_MYO,
    SegmentationClass.LA,
    SegmentationClass.RV,
    SegmentationClass.RA,
    SegmentationClass.AO_ROOT,
)
LOOSE_AORTA_ANGLE_RAD, LOOSE_AORTA_OFFSET_M = math.radians(30.0), 0.03
MIN_VIEW_QUALITY = 0.05  # lifted off, or all of it in shadow
WIDE = 2.5  # distance (ViewError) up to which the nearest view counts: 37 degrees, 37 mm
MIN_AORTA_CELLS = 20
MIN_HEART_CELLS = 250
MIN_COUPLING = 0.3
MAX_OBLIQUITY_RAD = math.radians(35.0)
NEAR_RAD, NEAR_M = math.radians(25.0), 0.025  # so near to a view its sizes can be read
MIN_ROOT_CELLS, MIN_LV_CELLS = 60, 300


def label_view(truth: Truth) -> View:
    """The nearest standard view, NONE where next to nothing of it is visible.

    The aorta in transverse section counts already from 30 degrees on, where it is visible.
    """
    if truth.view != View.NONE and truth.visible is not None and truth.quality < MIN_VIEW_QUALITY:
        return View.NONE
    if truth.view != View.NONE or truth.aorta is None or truth.visible is None:
        return truth.view
    error = truth.error(View.AORTA_TRANS)
    near = error is not None and error.angle_rad < LOOSE_AORTA_ANGLE_RAD and error.offset_m < LOOSE_AORTA_OFFSET_M
    return View.AORTA_TRANS if near and _cells(truth, SegmentationClass.AO_LUMEN) >= MIN_AORTA_CELLS else View.NONE


def shown_view(truth: Truth) -> View | None:
    """The standard view that an image shows, however far off: the nearest one, where its organ is visible.

    How far off is said by guidance. NONE where neither heart nor aorta is visible; None (nobody can say) between the
    distances up to which a view counts and beyond which an organ in the image makes none.
    """
    assert truth.visible is not None
    if float(truth.contact.mean()) < MIN_COUPLING:
        return View.NONE
    shown = [error for error in truth.errors if _shows(truth, error.view)]
    best = min(shown, key=lambda error: error.distance, default=None)
    if best is None:
        return View.NONE
    return best.view if best.distance <= WIDE else None


def _shows(truth: Truth, view: View) -> bool:
    if view in AORTIC:
        return _cells(truth, SegmentationClass.AO_LUMEN) >= MIN_AORTA_CELLS
    if view is View.SC_IVC:
        return _cells(truth, SegmentationClass.IVC) >= MIN_AORTA_CELLS
    return sum(_cells(truth, tissue) for tissue in HEART) >= MIN_HEART_CELLS


def visible_landmarks(truth: Truth) -> Array:
    """Landmarks (7, 2) [m] of an image with masks; NaN in shadow, outside the sector, or without contact."""
    assert truth.landmarks_m is not None and truth.visible is not None
    points = truth.landmarks_m.copy()
    visible, labels = truth.visible, truth.visible.labels
    column = np.round((points[:, 0] - visible.origin_x_m) / visible.spacing_m)
    row = np.round((points[:, 1] - visible.origin_y_m) / visible.spacing_m)
    inside = (column >= 0) & (column < grid.CELLS) & (row >= 0) & (row < grid.CELLS)
    at = np.where(inside, row, 0).astype(int), np.where(inside, column, 0).astype(int)
    hidden = ~inside | (labels[at] == SegmentationClass.SHADOW) | (float(truth.coupling.mean()) <= MIN_COUPLING)
    points[hidden] = np.nan
    return points


def visible_sizes(truth: Truth) -> Array:
    """Sizes (3,) by heads.sizes.NAMES in SI units, NaN where the image does not show them well enough to be read."""
    sizes = dict.fromkeys(NAMES, math.nan)
    if float(truth.coupling.mean()) > MIN_COUPLING:
        aorta = truth.aorta
        if (
            aorta
            and aorta.obliquity_rad < MAX_OBLIQUITY_RAD
            and _cells(truth, SegmentationClass.AO_LUMEN) >= MIN_AORTA_CELLS
        ):
            sizes["aorta_outer_ap_m"] = aorta.outer_ap_m
        if _near(truth, View.PLAX) and _cells(truth, SegmentationClass.AO_ROOT) >= MIN_ROOT_CELLS:
            sizes["root_m"] = truth.root_m
        if _near(truth, View.A4C) and _cells(truth, SegmentationClass.LV) >= MIN_LV_CELLS:
            sizes["lv_volume_m3"] = truth.lv_volume_m3
    return np.array([sizes[name] for name in NAMES])


def visible_disease(truth: Truth) -> NDArray[np.uint8]:
    """A bit for each of heads.disease.KINDS per coarse cell (64, 64), where it is not in shadow."""
    assert truth.disease is not None and truth.visible is not None
    labels = truth.visible.labels
    masks = {
        FindingKind.THROMBUS: truth.disease.thrombus,
        FindingKind.DISSECTION_FLAP: truth.disease.dissection,
        FindingKind.EFFUSION: labels == SegmentationClass.EFFUSION,
    }
    lit, n = labels != SegmentationClass.SHADOW, grid.COARSE_CELLS
    bits = np.zeros((n, n), np.uint8)
    for bit, kind in enumerate(KINDS):
        bits |= (masks[kind] & lit).reshape(n, 2, n, 2).any(axis=(1, 3)).astype(np.uint8) << bit
    return bits


def disease_cells(bits: NDArray[np.uint8], kind: FindingKind) -> int:
    """How many coarse cells of `visible_disease` hold a kind."""
    return int(((bits >> KINDS.index(kind)) & 1).sum())


def _near(truth: Truth, view: View) -> bool:
    error = truth.error(view)
    return error is not None and error.angle_rad < NEAR_RAD and error.offset_m < NEAR_M


def _cells(truth: Truth, tissue: SegmentationClass) -> int:
    return 0 if truth.visible is None else int((truth.visible.labels == tissue).sum())
