"""The edge backbone: a small U-Net that reads one picture once for all heads (Ronneberger et al. 2015, thinned)."""

from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional

CHANNELS = (24, 32, 48, 64, 64)  # at 64, 32, 16, 8 and 4 cells
FEATURES = 160


def conv(inputs: int, outputs: int, stride: int = 1, kernel: int = 3) -> nn.Sequential:
    """Convolution, batch norm, ReLU."""
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, bias=False),
        nn.BatchNorm2d(outputs),
        nn.ReLU(inplace=True),
    )


class EdgeBackbone(nn.Module):
    """Picture (N, 1, 128, 128) -> map (N, 24, 64, 64) for dense heads and features (N, 160) for the others.

    The features keep the 4 x 4 layout before they are mixed, because where a chamber lies says where the probe is.
    """

    def __init__(self) -> None:
        super().__init__()
        c = CHANNELS
        self.stem = conv(1, c[0], stride=2, kernel=5)
        self.down = nn.ModuleList(nn.Sequential(conv(a, b, 2), conv(b, b)) for a, b in pairwise(c))
        ups = [(c[4] + c[3], c[3], 1), (c[3] + c[2], c[2], 3), (c[2] + c[1], c[1], 3), (c[1] + c[0], c[0], 3)]
        self.up = nn.ModuleList(conv(a, b, kernel=k) for a, b, k in ups)
        self.features = nn.Sequential(nn.Flatten(), nn.Linear(c[4] * 16, FEATURES), nn.ReLU(inplace=True))

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor]:
        levels = [self.stem(image)]
        for down in self.down:
            levels.append(down(levels[-1]))
        dense = levels[-1]
        for up, skip in zip(self.up, reversed(levels[:-1]), strict=True):
            dense = up(torch.cat([functional.interpolate(dense, scale_factor=2.0, mode="nearest"), skip], dim=1))
        return dense, self.features(levels[-1])
