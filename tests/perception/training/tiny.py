"""Samples and a network so small that a run takes a blink: a disc whose place decides every label."""

import numpy as np
import torch
from torch import Tensor, nn

from echopilot_core import SegmentationClass, View
from echopilot_perception import grid
from echopilot_perception.heads import HEADS, HeadSpec
from echopilot_perception.training import DEFAULT_SPEC, Sample, Samples, stack


def disc_sample(rng: np.random.Generator) -> Sample:
    """A dark vessel in noise; left ones are A4C, right ones PLAX."""
    cells, zoom = grid.CELLS, grid.IMAGE_CELLS // grid.CELLS
    x, y = (int(v) for v in rng.integers(cells // 4, 3 * cells // 4, 2))
    rows, columns = np.mgrid[:cells, :cells]
    inside = np.hypot(columns - x, rows - y) < 14
    image = rng.integers(80, 200, (grid.IMAGE_CELLS, grid.IMAGE_CELLS)).astype(np.uint8)
    image[np.kron(inside, np.ones((zoom, zoom), np.bool_))] = 8
    return Sample(
        image=image,
        labels=np.where(inside, SegmentationClass.AO_LUMEN, SegmentationClass.BACKGROUND).astype(np.uint8),
        view=int(View.A4C if x < cells // 2 else View.PLAX),
        quality=y / cells,
        coupling=np.full(16, y / cells, np.float32),
        guidance=np.full((len(DEFAULT_SPEC.guidance), 6), (x - cells // 2) / 40, np.float32),
        guidance_valid=np.arange(len(DEFAULT_SPEC.guidance)) == 0,
    )


def disc_samples(count: int, seed: int) -> Samples:
    rng = np.random.default_rng(seed)
    return stack(disc_sample(rng) for _ in range(count))


class TinyNetwork(nn.Module):
    """Two convolutions under the real heads."""

    def __init__(self, spec: HeadSpec, channels: int = 6) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.AvgPool2d(4), nn.Conv2d(1, channels, 3, padding=1), nn.BatchNorm2d(channels), nn.ReLU(),
            nn.Conv2d(channels, channels, 3, padding=1), nn.ReLU(),
        )  # fmt: skip
        self.features = nn.Sequential(nn.AdaptiveAvgPool2d(4), nn.Flatten(), nn.Linear(16 * channels, 24), nn.ReLU())
        self.heads = nn.ModuleDict({head.name: head.build(channels, 24, spec) for head in HEADS})

    def forward(self, image: Tensor) -> tuple[Tensor, ...]:
        dense = self.body(image)
        features = self.features(dense)
        return tuple(head(dense, features) for head in self.heads.values())


def tiny(spec: HeadSpec, seed: int) -> nn.Module:
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return TinyNetwork(spec)


def wide(spec: HeadSpec, seed: int) -> nn.Module:
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return TinyNetwork(spec, 12)
