"""Backbone and heads in one module whose outputs have the names of the heads."""

import torch
from torch import Tensor, nn

from echopilot_perception.heads import HEADS, HeadSpec
from echopilot_perception.model.edge import CHANNELS, FEATURES, EdgeBackbone


class Network(nn.Module):
    """Picture (N, 1, 256, 256) in 0..1 -> one tensor per head, in the order of `heads.HEADS`."""

    def __init__(self, spec: HeadSpec) -> None:
        super().__init__()
        self.backbone = EdgeBackbone()
        self.heads = nn.ModuleDict({head.name: head.build(CHANNELS[0], FEATURES, spec) for head in HEADS})

    def forward(self, image: Tensor) -> tuple[Tensor, ...]:
        dense, features = self.backbone(image)
        return tuple(head(dense, features) for head in self.heads.values())


def build_network(spec: HeadSpec, seed: int) -> Network:
    """Network with weights drawn from `seed`."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return Network(spec)
