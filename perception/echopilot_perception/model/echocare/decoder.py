"""UNETR-style decoder from MONAI's blocks (Hatamizadeh et al. 2022), ending at a quarter of the image's side.

The public code on top of EchoCare goes on to the full side (github.com/dndins/CSV-2026-Baseline); our dense heads ask
for 64 cells of an image of 256, so map 0 and the image itself have no skip connection here.
"""

from itertools import pairwise

from monai.networks.blocks import UnetrBasicBlock, UnetrUpBlock
from torch import Tensor, nn

from echopilot_perception.model.echocare.encoder import EncoderShape

LEVELS = (1, 2, 3, 4)
FEATURES = 256


class Decoder(nn.Module):
    """Maps 1..4 of the encoder -> dense map (N, C, H / 4, W / 4) and features (N, 256); C = `shape.channels`."""

    def __init__(self, shape: EncoderShape) -> None:
        super().__init__()
        widths = [shape.map_channels(level) // 2 for level in LEVELS]
        self.skips = nn.ModuleList(
            UnetrBasicBlock(2, 2 * width, width, kernel_size=3, stride=1, norm_name="instance", res_block=True)
            for width in widths
        )
        self.ups = nn.ModuleList(
            UnetrUpBlock(2, b, a, kernel_size=3, upsample_kernel_size=2, norm_name="instance", res_block=True)
            for a, b in pairwise(widths)
        )
        self.features = nn.Sequential(
            nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(shape.map_channels(LEVELS[-1]), FEATURES), nn.ReLU()
        )

    def forward(self, maps: list[Tensor]) -> tuple[Tensor, Tensor]:
        levels = [skip(maps[level]) for level, skip in zip(LEVELS, self.skips, strict=True)]
        dense = levels[-1]
        for up, level in zip(reversed(self.ups), reversed(levels[:-1]), strict=True):
            dense = up(dense, level)
        return dense, self.features(maps[LEVELS[-1]])
