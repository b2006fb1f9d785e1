"""Random numbers of one batch."""

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class Draw:
    """Random numbers for `count` images on a device."""

    count: int
    device: torch.device
    generator: torch.Generator

    def between(self, low: float, high: float, *shape: int) -> Tensor:
        """(count, *shape) uniform."""
        drawn = torch.rand(self.count, *shape, device=self.device, generator=self.generator)
        return low + (high - low) * drawn

    def normal(self, sigma: float, *shape: int) -> Tensor:
        """(count, *shape) Gaussian."""
        return sigma * torch.randn(self.count, *shape, device=self.device, generator=self.generator)

    def chosen(self, share: float) -> Tensor:
        """(count,) bool, True with probability `share`."""
        return self.between(0.0, 1.0) < share

    def where(self, share: float, low: float, high: float, otherwise: float = 0.0) -> Tensor:
        """(count,) uniform in a share of the images, `otherwise` in the rest."""
        return torch.where(self.chosen(share), self.between(low, high), otherwise)

    def index(self, high: int) -> Tensor:
        """(count,) int64 in 0 .. high - 1."""
        return torch.randint(high, (self.count,), device=self.device, generator=self.generator)

    def noise(self, size: int) -> Tensor:
        """(count, 1, size, size) Gaussian: pieces of one field, since drawing costs more than copying."""
        field = torch.randn(2 * size, 2 * size, device=self.device, generator=self.generator)
        top, left = ((size * self.between(0.0, 1.0)).long() for _ in range(2))
        return field.unfold(0, size, 1).unfold(1, size, 1)[top, left][:, None]

    def smooth(self, cells: int, size: int) -> Tensor:
        """(count, 1, size, size) smooth field of about unit variance, with `cells` independent values a side."""
        return torch.nn.functional.interpolate(
            self.normal(1.0, 1, cells, cells), (size, size), mode="bicubic", align_corners=False
        )


def column(values: Tensor) -> Tensor:
    """(count,) -> (count, 1, 1, 1), to be combined with images."""
    return values[:, None, None, None]
