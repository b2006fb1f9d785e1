"""Low-rank updates of the queries and values of every window attention (LoRA, Hu et al. 2022)."""

import math

import torch
from torch import Tensor, nn

from echopilot_core import EchoPilotError

RANK = 5  # of the public fine-tunings of EchoCare (github.com/Cola-shao/FETUS-Challenge-ISBI2026)


class LoraQkv(nn.Module):
    """A linear layer D -> 3 D for queries, keys and values, kept as it is, plus B A x on queries and on values.

    B begins at zero, so that the layer gives what it gave before; there is no scale beside it.
    """

    def __init__(self, qkv: nn.Linear, rank: int) -> None:
        super().__init__()
        width, like = qkv.in_features, {"device": qkv.weight.device, "dtype": qkv.weight.dtype}
        self.qkv = qkv.requires_grad_(False)
        self.down = nn.Parameter(torch.empty(2, rank, width, **like))
        self.up = nn.Parameter(torch.zeros(2, width, rank, **like))
        bound = 1.0 / math.sqrt(width)
        nn.init.uniform_(self.down, -bound, bound)

    def forward(self, x: Tensor) -> Tensor:
        queries, values = (x @ self.down[i].T @ self.up[i].T for i in range(2))
        output: Tensor = self.qkv(x) + torch.cat([queries, torch.zeros_like(queries), values], dim=-1)
        return output

    def merged(self) -> nn.Linear:
        """The one linear layer that gives the same."""
        width = self.qkv.in_features
        with torch.no_grad():
            update = self.up @ self.down
            self.qkv.weight[:width] += update[0]
            self.qkv.weight[2 * width :] += update[1]
        return self.qkv


def adapt(encoder: nn.Module, rank: int = RANK) -> None:
    """Freeze `encoder` in place and put low-rank updates on each of its window attentions.

    Raises EchoPilotError for a rank below 1 and for an encoder that has them already.
    """
    if rank < 1:
        raise EchoPilotError(f"LoRA: rank {rank} is not possible; choose 1 or more, {RANK} is usual")
    attentions = _attentions(encoder)
    if any(isinstance(attention.qkv, LoraQkv) for attention in attentions):
        raise EchoPilotError("LoRA: the encoder is adapted already; call merge first")
    encoder.requires_grad_(False)
    for attention in attentions:
        attention.qkv = LoraQkv(attention.qkv, rank)


def merge(encoder: nn.Module) -> None:
    """Fold the updates into the weights in place; the encoder has its original keys again and gives the same maps."""
    for attention in _attentions(encoder):
        if isinstance(attention.qkv, LoraQkv):
            attention.qkv = attention.qkv.merged()


def trainable(module: nn.Module) -> int:
    """Number of weights that learn."""
    return sum(p.numel() for p in module.parameters() if p.requires_grad)


def _attentions(encoder: nn.Module) -> list[nn.Module]:
    return [module for module in encoder.modules() if hasattr(module, "relative_position_bias_table")]
