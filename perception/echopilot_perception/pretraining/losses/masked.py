"""Masked image modeling inside the sector: L1 on what was masked, divided by its area.

SimMIM (Xie et al. 2022, arXiv 2111.09886); that only what the sector shows counts is PolarMAE's acoustic bound (arXiv
2604.15893).
"""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

SPREAD_FLOOR = 0.05  # gray levels of 1: a patch with less contrast is not stretched further


@dataclass(frozen=True)
class CellLoss:
    """`mean` is the scalar loss; `patches` (N, P) the mean loss of every patch, 0 where not `masked` (N, P)."""

    mean: Tensor
    patches: Tensor


def masked_l1(
    output: Tensor, image: Tensor, patch: Tensor, masked: Tensor, inside: Tensor, normalized: bool = False
) -> CellLoss:
    """L1 between output and image (N, 1, S, S) over the masked cells inside the sector.

    Args:
        output: the reconstruction.
        image: what it should be.
        patch: (N, S, S) int64, number of each cell's patch, -1 where it is in none.
        masked: (N, P) bool, patches that the encoder did not see.
        inside: (N, S, S) bool, cells of the sector.
        normalized: against gray levels of mean 0 and deviation 1 in each patch (He et al. 2022, arXiv 2111.06377).

    Visible cells and those outside the sector have no loss and exactly no gradient.
    """
    cell = patch.clamp(min=0).flatten(1)
    here = masked.gather(1, cell) & (patch >= 0).flatten(1) & inside.flatten(1)
    target = image[:, 0].flatten(1).float()
    if normalized:
        target = _normalized(target, cell, here, masked.shape[1])
    error = functional.l1_loss(output[:, 0].flatten(1).float(), target, reduction="none")
    return cell_loss(error, here, cell, masked.shape[1])


def cell_loss(error: Tensor, here: Tensor, cell: Tensor, patches: int) -> CellLoss:
    """Loss of errors (N, K) of cells; those `here` (N, K) count, `cell` (N, K) is the patch of each, 0 or more."""
    error = torch.where(here, error, 0.0)
    sums = error.new_zeros(len(cell), patches).scatter_add(1, cell, error)
    counts = error.new_zeros(len(cell), patches).scatter_add(1, cell, here.to(error.dtype))
    return CellLoss(error.sum() / here.sum().clamp(min=1), sums / counts.clamp(min=1.0))


def _normalized(target: Tensor, cell: Tensor, here: Tensor, patches: int) -> Tensor:
    weight = here.to(target.dtype)
    count, total, squares = (
        target.new_zeros(len(target), patches).scatter_add(1, cell, values)
        for values in (weight, weight * target, weight * target.square())
    )
    mean = total / count.clamp(min=1.0)
    spread = (squares / count.clamp(min=1.0) - mean.square()).clamp(min=SPREAD_FLOOR**2).sqrt()
    return (target - mean.gather(1, cell)) / spread.gather(1, cell)
