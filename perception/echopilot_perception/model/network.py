"""The edge network: a small residual U-Net (Ronneberger et al. 2015) with all heads."""

from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional

from echopilot_perception.heads import HEADS, HeadSpec
from echopilot_perception.model.gray_levels import GrayLevels
from echopilot_perception.model.outlines import OutlineFeatures

FINE = 8  # channels at 128 cells
CHANNELS = (32, 48, 64, 96, 96)  # at 64, 32, 16, 8 and 4 cells
BLOCKS = (1, 1, 2, 1)  # residual blocks of the downsampling path at 32, 16, 8 and 4 cells
REFINED = (0, 1, 1, 1)  # and of the upsampling path at 8, 16, 32 and 64
FEATURES = 192
DROPPED = 0.1  # dropout rate of the features
OUTLINES = "segmentation"  # the head from which `OutlineFeatures` reads


def conv(inputs: int, outputs: int, stride: int = 1, kernel: int = 3, padding: int | None = None) -> nn.Sequential:
    """Convolution, batch norm, ReLU."""
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2 if padding is None else padding, bias=False),
        nn.BatchNorm2d(outputs),
        nn.ReLU(inplace=True),
    )


class Residual(nn.Module):
    """Residual block of two convolutions (He et al. 2016), initialized as the identity (last scale 0)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.first = conv(channels, channels)
        self.second = nn.Sequential(nn.Conv2d(channels, channels, 3, 1, 1, bias=False), nn.BatchNorm2d(channels))
        nn.init.zeros_(self.second[1].weight)

    def forward(self, x: Tensor) -> Tensor:
        return functional.relu(x + self.second(self.first(x)))


class EdgeBackbone(nn.Module):
    """Image (N, 1, 256, 256) -> map (N, 32, 64, 64) for dense heads and features (N, 192) for the others.

    The finest features are computed at 128 x 128 and enter the last upsampling step as channels of 64 x 64, where
    convolutions are cheap. The global features keep the 4 x 4 layout, because the positions of chambers determine the
    pose of the probe.
    """

    def __init__(self) -> None:
        super().__init__()
        c = CHANNELS
        self.fine = conv(1, FINE, 2, 6, 2)
        self.stem = conv(FINE, c[0], 2, 4, 1)
        self.down = nn.ModuleList(
            nn.Sequential(conv(a, b, 2), *(Residual(b) for _ in range(blocks)))
            for (a, b), blocks in zip(pairwise(c), BLOCKS, strict=True)
        )
        self.unshuffle = nn.PixelUnshuffle(2)
        ups = [
            (c[4] + c[3], c[3], 1),
            (c[3] + c[2], c[2], 3),
            (c[2] + c[1], c[1], 3),
            (c[1] + c[0] + 4 * FINE, c[0], 3),
        ]
        self.up = nn.ModuleList(conv(a, b, kernel=k) for a, b, k in ups)
        self.refine = nn.ModuleList(
            nn.Sequential(*(Residual(b) for _ in range(blocks))) for (_, b, _), blocks in zip(ups, REFINED, strict=True)
        )
        self.features = nn.Sequential(
            nn.Flatten(), nn.Linear(c[4] * 16, FEATURES), nn.ReLU(inplace=True), nn.Dropout(DROPPED)
        )

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor]:
        dense, deepest = self.maps(image)
        return dense, self.features(deepest)

    def maps(self, image: Tensor) -> tuple[Tensor, Tensor]:
        """Dense map (N, 32, S / 4, S / 4) and deepest map (N, 96, S / 64, S / 64) of images (N, 1, S, S).

        S is a multiple of 64; `features` takes the deepest map of 256 cells.
        """
        fine = self.fine(image)
        levels = [self.stem(fine)]
        for down in self.down:
            levels.append(down(levels[-1]))
        dense = levels[-1]
        skips = [*reversed(levels[1:-1]), torch.cat([levels[0], self.unshuffle(fine)], dim=1)]
        for up, refine, skip in zip(self.up, self.refine, skips, strict=True):
            dense = functional.interpolate(dense, scale_factor=2.0, mode="nearest")
            dense = refine(up(torch.cat([dense, skip], dim=1)))
        return dense, levels[-1]


class Network(nn.Module):
    """Image (N, 1, 256, 256) in 0..1 -> one tensor per head, in the order of `heads.HEADS`."""

    def __init__(self, spec: HeadSpec) -> None:
        super().__init__()
        self.backbone = EdgeBackbone()
        self.heads = nn.ModuleDict({head.name: head.build(CHANNELS[0], FEATURES, spec) for head in HEADS})
        self.outlines = OutlineFeatures(FEATURES)
        self.gray_levels = GrayLevels()

    def forward(self, image: Tensor) -> tuple[Tensor, ...]:
        dense, features = self.backbone(self.gray_levels(image))
        segmentation = self.heads[OUTLINES](dense, features)
        features = features + self.outlines(segmentation)
        return tuple(segmentation if name == OUTLINES else head(dense, features) for name, head in self.heads.items())


def build_network(spec: HeadSpec, seed: int) -> Network:
    """Network with weights drawn from `seed`."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return Network(spec)
