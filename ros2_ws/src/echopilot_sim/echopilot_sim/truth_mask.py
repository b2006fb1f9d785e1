"""Exact and visible segmentation masks on the network's grid."""

import numpy as np
from numpy.typing import NDArray

from echopilot_core import LabelMap, Tissue
from echopilot_sim.anatomy import TISSUE_OF_MATERIAL, Anatomy
from echopilot_sim.bmode.contact import free_points
from echopilot_sim.bmode.grid import beam_grid, sample_indices
from echopilot_sim.bmode.probes import preset
from echopilot_sim.moment import Moment

MASK_N = 128
MASK_SPACING_M = 1.25e-3
VISIBLE = 0.1  # share of the ideal two-way amplitude below which a cell is called shadow


def grid_m() -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Cell centres x and y (128, 128) [m] in us_image."""
    cells = (np.arange(MASK_N) + 0.5) * MASK_SPACING_M
    x, y = np.meshgrid(cells - 0.5 * MASK_N * MASK_SPACING_M, cells)
    return x, y


def field_of_view(moment: Moment) -> NDArray[np.bool_]:
    """Cells (128, 128) inside the sector and not deeper than the imaging depth."""
    x, y = grid_m()
    grid = beam_grid(preset(moment.imaging.preset), moment.imaging.depth_m, 8, 8)
    return np.asarray(sample_indices(grid, x, y)[2])


def exact_mask(anatomy: Anatomy, moment: Moment) -> LabelMap:
    """Class of every cell from the same labels and compression as the picture; background outside the sector."""
    x, y = grid_m()
    points = free_points(x.ravel().astype(np.float32), y.ravel().astype(np.float32), moment)
    materials, _ = anatomy.label_points(points, moment.phases)
    labels = TISSUE_OF_MATERIAL[materials].reshape(MASK_N, MASK_N)
    labels = np.where(field_of_view(moment), labels, np.uint8(Tissue.BACKGROUND))
    return LabelMap(labels, float(x[0, 0]), float(y[0, 0]), MASK_SPACING_M)


def visible_mask(exact: LabelMap, visibility: NDArray[np.float32], inside: NDArray[np.bool_]) -> LabelMap:
    """The exact mask with SHADOW wherever the renderer's visibility (128, 128) is below a tenth in the sector."""
    labels = np.where(inside & (visibility < VISIBLE), np.uint8(Tissue.SHADOW), exact.labels)
    return LabelMap(labels, exact.origin_x_m, exact.origin_y_m, exact.spacing_m)
