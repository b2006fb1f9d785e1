"""Patches that are masked as a whole: squares of the image, or pieces of beams between two depths.

Polar patches are those of PolarMAE (arXiv 2604.15893): speckle and shadow run along and across beams, so that a square
leaves half of a beam visible that tells the rest.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from echopilot_core import EchoPilotError
from echopilot_perception.pretraining.masking.sector_cells import SectorCells

LEAST_SHARE = 0.25  # of a square inside the sector
LEAST_CELLS = 2  # of a piece of beams


@dataclass(frozen=True)
class PatchMap:
    """`patch` (N, H, H) int64 is the number of each cell's patch, -1 outside; `valid` (N, P) are those that exist."""

    patch: Tensor
    valid: Tensor


def square_patches(cells: SectorCells, across: int) -> PatchMap:
    """Squares, `across` to a side; raises EchoPilotError unless they divide the image.

    A square counts when a quarter of it lies inside the sector.
    """
    side = cells.inside.shape[-1]
    step, rest = divmod(side, across)
    if rest or step < 1:
        raise EchoPilotError(f"masks: {across} squares do not divide a side of {side} cells; choose a divisor")
    number = torch.arange(side, device=cells.inside.device) // step
    patch = (number[:, None] * across + number[None, :]).expand(len(cells.inside), side, side)
    return _counted(patch, cells.inside, across * across, LEAST_SHARE * step * step)


def polar_patches(cells: SectorCells, across: int) -> PatchMap:
    """Pieces of `across` bundles of beams in `across` bands of depth; rectangles for linear probes."""
    beam, band = ((value * across).long().clamp(max=across - 1) for value in (cells.beam, cells.depth))
    return _counted(band * across + beam, cells.inside, across * across, LEAST_CELLS)


PATCHES: Mapping[str, Callable[[SectorCells, int], PatchMap]] = {"square": square_patches, "polar": polar_patches}


def _counted(patch: Tensor, inside: Tensor, patches: int, least: float) -> PatchMap:
    patch = torch.where(inside, patch, patches)
    counts = torch.zeros(len(patch), patches + 1, device=patch.device).scatter_add(
        1, patch.flatten(1), torch.ones_like(patch, dtype=torch.float32).flatten(1)
    )
    counts[:, patches] = 0.0
    valid = counts >= least
    kept = valid.gather(1, patch.flatten(1)).view_as(patch)
    return PatchMap(torch.where(kept, patch, -1), valid[:, :patches])


def hidden_cells(patches: PatchMap, masked: Tensor) -> Tensor:
    """(N, H, H) bool: cells of the masked patches (N, P)."""
    cell = patches.patch.clamp(min=0).flatten(1)
    hidden = masked.gather(1, cell).view_as(patches.patch)
    return hidden & (patches.patch >= 0)


def enlarged(cells: Tensor) -> Tensor:
    """Every cell (N, H, H) as 2 x 2 cells."""
    return cells.repeat_interleave(2, dim=1).repeat_interleave(2, dim=2)
