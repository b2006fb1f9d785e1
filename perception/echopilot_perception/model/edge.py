"""The edge backbone: a small residual U-Net that reads one picture once for all heads (Ronneberger et al. 2015)."""

from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional

CHANNELS = (24, 32, 48, 64, 64)  # at 64, 32, 16, 8 and 4 cells
FEATURES = 160
PATCH, REACH = 4, 10  # the stem reads 10 x 10 picture cells in steps of 4


def conv(inputs: int, outputs: int, stride: int = 1, kernel: int = 3) -> nn.Sequential:
    """Convolution, batch norm, ReLU."""
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, bias=False),
        nn.BatchNorm2d(outputs),
        nn.ReLU(inplace=True),
    )


class Residual(nn.Module):
    """Two convolutions beside a straight way (He et al. 2016); it begins as the identity (last scale 0)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.first = conv(channels, channels)
        self.second = nn.Sequential(nn.Conv2d(channels, channels, 3, 1, 1, bias=False), nn.BatchNorm2d(channels))
        nn.init.zeros_(self.second[1].weight)

    def forward(self, x: Tensor) -> Tensor:
        return functional.relu(x + self.second(self.first(x)))


class EdgeBackbone(nn.Module):
    """Picture (N, 1, 256, 256) -> map (N, 24, 64, 64) for dense heads and features (N, 160) for the others.

    The features keep the 4 x 4 layout before they are mixed, because where a chamber lies says where the probe is.
    """

    def __init__(self) -> None:
        super().__init__()
        c = CHANNELS
        self.stem = nn.Sequential(
            nn.Conv2d(1, c[0], REACH, PATCH, PATCH, bias=False), nn.BatchNorm2d(c[0]), nn.ReLU(inplace=True)
        )
        self.down = nn.ModuleList(nn.Sequential(conv(a, b, 2), conv(b, b), Residual(b)) for a, b in pairwise(c))
        ups = [(c[4] + c[3], c[3], 1), (c[3] + c[2], c[2], 3), (c[2] + c[1], c[1], 3), (c[1] + c[0], c[0], 3)]
        self.up = nn.ModuleList(conv(a, b, kernel=k) for a, b, k in ups)
        self.refine = nn.ModuleList([nn.Identity(), Residual(c[2]), Residual(c[1]), nn.Identity()])
        self.features = nn.Sequential(nn.Flatten(), nn.Linear(c[4] * 16, FEATURES), nn.ReLU(inplace=True))

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor]:
        levels = [self.stem(image)]
        for down in self.down:
            levels.append(down(levels[-1]))
        dense = levels[-1]
        for up, refine, skip in zip(self.up, self.refine, reversed(levels[:-1]), strict=True):
            dense = functional.interpolate(dense, scale_factor=2.0, mode="nearest")
            dense = refine(up(torch.cat([dense, skip], dim=1)))
        return dense, self.features(levels[-1])
