"""Layers that connect heads to the backbone, and a cross-entropy that ignores unknown targets."""

import torch
from torch import Tensor, nn
from torch.nn import functional


class OnDenseShuffled(nn.Module):
    """A 1 x 1 convolution to 4 x `classes` channels, shuffled to twice the resolution (Shi et al. 2016).

    While training, the channels stay unshuffled: channel 4 c + 2 i + j is class c at cells (i::2, j::2), so that the
    loss uses one of these four lattices per step, at a quarter of the cost.
    """

    def __init__(self, channels: int, classes: int) -> None:
        super().__init__()
        self.layer = nn.Conv2d(channels, 4 * classes, 1)
        self.shuffle = nn.PixelShuffle(2)

    def forward(self, dense: Tensor, features: Tensor) -> Tensor:
        output: Tensor = self.layer(dense)
        return output if self.training else self.shuffle(output)


class OnFeatures(nn.Module):
    """Apply `layer` to the feature vector."""

    def __init__(self, layer: nn.Module) -> None:
        super().__init__()
        self.layer = layer

    def forward(self, dense: Tensor, features: Tensor) -> Tensor:
        output: Tensor = self.layer(features)
        return output


class OnDense(nn.Module):
    """Apply `layer` to the dense map at its own resolution."""

    def __init__(self, layer: nn.Module) -> None:
        super().__init__()
        self.layer = layer

    def forward(self, dense: Tensor, features: Tensor) -> Tensor:
        output: Tensor = self.layer(dense)
        return output


class Summary(nn.Module):
    """The feature vector with mean and standard deviation of every channel of the dense map: (N, F + 2 C)."""

    def forward(self, dense: Tensor, features: Tensor) -> Tensor:
        mean = dense.mean(dim=(2, 3))
        spread = (dense * dense).mean(dim=(2, 3)) - mean * mean
        return torch.cat([features, mean, (spread.clamp(min=0.0) + 1e-6).sqrt()], dim=1)


def known_entropy(logits: Tensor, target: Tensor) -> Tensor:
    """Mean binary cross-entropy against targets 0..1 of the same shape; NaN targets are not known and do not count."""
    known = torch.isfinite(target)
    loss = functional.binary_cross_entropy_with_logits(logits, torch.where(known, target, 0.0), reduction="none")
    return (loss * known).sum() / known.sum().clamp(min=1)
