"""Exact and visible segmentation masks of a frozen moment."""

import numpy as np
from numpy.typing import NDArray

from echopilot_core import LabelMap, Tissue
from echopilot_sim.anatomy import TISSUE_OF_MATERIAL, Anatomy
from echopilot_sim.bmode.contact import free_points
from echopilot_sim.cells import NETWORK_CELLS, CellGrid
from echopilot_sim.moment import Moment

VISIBLE = 0.1  # share of the ideal two-way amplitude below which a cell is called shadow


def exact_mask(anatomy: Anatomy, moment: Moment, cells: CellGrid = NETWORK_CELLS) -> LabelMap:
    """Class of every cell from the same labels and compression as the picture; background outside the sector."""
    x, y = cells.centres()
    inside = cells.in_sector(moment.imaging)
    points = free_points(x[inside].astype(np.float32), y[inside].astype(np.float32), moment)
    materials, _ = anatomy.label_points(points, moment.phases)
    labels = np.full(inside.shape, Tissue.BACKGROUND, np.uint8)
    labels[inside] = TISSUE_OF_MATERIAL[materials]
    return cells.label_map(labels)


def visible_mask(exact: LabelMap, visibility: NDArray[np.float32], inside: NDArray[np.bool_]) -> LabelMap:
    """The exact mask with SHADOW wherever the `visibility` of its cells is below a tenth in the sector."""
    labels = np.where(inside & (visibility < VISIBLE), np.uint8(Tissue.SHADOW), exact.labels)
    return LabelMap(labels, exact.origin_x_m, exact.origin_y_m, exact.spacing_m)
