"""Losses of one batch: on the labels, head by head, and on a teacher's outputs."""

from dataclasses import dataclass

import torch
from torch import Tensor

from echopilot_perception.heads import HEADS
from echopilot_perception.training.batches import Batch
from echopilot_perception.training.distill import Distillation, distilled
from echopilot_perception.training.distributed import constants_on

FULL_MAPS = ("labels", "calm")  # of the batch, at twice the resolution of the dense map
LATTICE = 2


@dataclass(frozen=True)
class Lattice:
    """The one of four lattices of cells that a step uses (heads.layers.OnDenseShuffled)."""

    row: int
    column: int

    def of_output(self, output: Tensor) -> Tensor:
        """Unshuffled channels (N, 4 C, H, W) -> (N, C, H, W)."""
        return output[:, LATTICE * self.row + self.column :: LATTICE * LATTICE]

    def of_map(self, cells: Tensor) -> Tensor:
        """Cells (..., 2 H, 2 W) -> (..., H, W)."""
        return cells[..., self.row :: LATTICE, self.column :: LATTICE]


def losses(
    outputs: tuple[Tensor, ...], batch: Batch, lattice: Lattice, distillation: Distillation | None = None
) -> dict[str, Tensor]:
    """Weighted losses by head name, and `teacher.NAME` for distillation; their sum is minimized.

    `outputs` are those of a network in training mode, in the order of HEADS.
    """
    supervised = 1.0 if distillation is None else distillation.supervised
    rows = batch | {name: lattice.of_map(batch[name]) for name in FULL_MAPS}
    thin = {
        head.name: (lattice.of_output(output) if head.dense else output).float()
        for head, output in zip(HEADS, outputs, strict=True)
    }
    found: dict[str, Tensor] = {}
    with constants_on(outputs[0].device):
        for head in HEADS:
            weight = supervised * head.weight
            if weight > 0:
                found[head.name] = weight * head.loss(thin[head.name], rows if head.dense else batch)
            elif head.weight > 0:
                found[head.name] = 0.0 * thin[head.name].sum()  # processes must agree on what has a gradient
        if distillation is not None:
            taught = distilled(thin, distillation.teacher(batch["image"]), lattice.of_map, distillation)
            found |= {f"teacher.{name}": loss for name, loss in taught.items()}
    return found


def total(found: dict[str, Tensor]) -> Tensor:
    """Sum of losses."""
    return torch.stack(list(found.values())).sum()
