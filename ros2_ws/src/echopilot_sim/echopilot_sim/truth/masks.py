"""Exact and visible segmentation masks of a `FrameState`, and the places of disease in them."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from echopilot_core import LabelMap, SegmentationClass
from echopilot_sim.anatomy import CLASS_OF_MATERIAL, Anatomy
from echopilot_sim.anatomy.labels.materials import Material
from echopilot_sim.bmode.sound.contact import free_points
from echopilot_sim.frame_state import FrameState
from echopilot_sim.mask_grids import NETWORK_CELLS, CellGrid

VISIBLE = 0.1  # share of the ideal two-way amplitude below which a cell is called shadow


@dataclass(frozen=True)
class DiseaseMask:
    """Cells (H, W) of thrombus and of a dissected lumen (flap and false lumen); shadow is not taken out."""

    thrombus: NDArray[np.bool_]
    dissection: NDArray[np.bool_]


def exact_masks(
    anatomy: Anatomy, frame_state: FrameState, cells: CellGrid = NETWORK_CELLS
) -> tuple[LabelMap, DiseaseMask]:
    """Class of every cell from the same labels and compression as the image; background outside the sector."""
    x, y = cells.centers()
    inside = cells.in_sector(frame_state.imaging)
    points = free_points(x[inside].astype(np.float32), y[inside].astype(np.float32), frame_state)
    found, _ = anatomy.label_points(points, frame_state.phases)
    materials = np.zeros(inside.shape, np.uint8)
    materials[inside] = found
    labels = np.where(inside, CLASS_OF_MATERIAL[materials], np.uint8(SegmentationClass.BACKGROUND))
    disease = DiseaseMask(
        materials == Material.THROMBUS,
        np.isin(materials, (Material.FLAP, Material.BLOOD_FALSE_LUMEN)),
    )
    return cells.label_map(labels), disease


def exact_mask(anatomy: Anatomy, frame_state: FrameState, cells: CellGrid = NETWORK_CELLS) -> LabelMap:
    """The labels of `exact_masks` alone."""
    return exact_masks(anatomy, frame_state, cells)[0]


def visible_mask(exact: LabelMap, visibility: NDArray[np.float32], inside: NDArray[np.bool_]) -> LabelMap:
    """The exact mask with SHADOW wherever the `visibility` of its cells is below a tenth in the sector."""
    labels = np.where(inside & (visibility < VISIBLE), np.uint8(SegmentationClass.SHADOW), exact.labels)
    return LabelMap(labels, exact.origin_x_m, exact.origin_y_m, exact.spacing_m)
