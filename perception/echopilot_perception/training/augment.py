"""Augmentation: gray curve, noise, occlusions and scale that the renderer does not vary.

A whole batch at once, on the training device. Most changes move nothing. Scaling about the face moves everything, so
targets in millimeters and motions of the probe are unknown in a scaled image, as is what enters from outside it. There
is no flip: left and right carry meaning.
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from echopilot_perception import grid
from echopilot_perception.heads.base import UNKNOWN_LABEL
from echopilot_perception.training.batches import Batch

STRETCHED, SHORTENED, BLURRED, SPECKLED, GRAINED, CUT, MARKED = 0.35, 0.15, 0.4, 0.5, 0.5, 0.3, 0.15  # shares
BLUR_REACH = 5  # cells
MARK = 230.0 / 255.0


def augmented(batch: Batch, generator: torch.Generator) -> Batch:
    """Augmented copy of a batch on its device (`batches.on_device`); a pure function of batch and generator."""
    draw = _Draw(len(batch["image"]), batch["image"].device, generator)
    out = {name: tensor.clone() for name, tensor in batch.items()}
    _stretch(out, torch.nonzero(draw.chosen(STRETCHED))[:, 0], draw)
    image = _blurred(_lit(out["image"], draw), draw)
    image = _noisy(image, out["image"] > 0, draw)
    end = torch.where(draw.chosen(SHORTENED), draw.between(0.75, 1.0), 1.0)
    _shorten(out, end)
    size = image.shape[-1]
    image = image.masked_fill(_boxes(size, draw, CUT, (size // 32, size // 6), (size // 32, size // 6)), 0.0)
    marks = _boxes(size, draw, MARKED, (size // 64, size // 18), (size // 40, size // 6), near_border=True)
    image = image.masked_fill(marks & (draw.noise(size) > 0), MARK)
    out["image"] = image.masked_fill(_below(end, size), 0.0)
    return out


def without_scale(batch: Batch, rows: Tensor) -> None:
    """Mark in place the targets that scaled images no longer have as unknown."""
    batch["guidance_valid"][rows] = False
    batch["sizes"][rows] = math.nan
    batch["calm_known"][rows] = False


@dataclass(frozen=True)
class _Draw:
    """Random numbers for `count` images."""

    count: int
    device: torch.device
    generator: torch.Generator

    def between(self, low: float, high: float) -> Tensor:
        """(count,) uniform."""
        return low + (high - low) * torch.rand(self.count, device=self.device, generator=self.generator)

    def normal(self, sigma: float) -> Tensor:
        """(count,) Gaussian."""
        return sigma * torch.randn(self.count, device=self.device, generator=self.generator)

    def chosen(self, share: float) -> Tensor:
        """(count,) bool, True with probability `share`."""
        return self.between(0.0, 1.0) < share

    def noise(self, size: int) -> Tensor:
        """(count, 1, size, size) Gaussian: pieces of one field, since drawing costs more than copying."""
        field = torch.randn(2 * size, 2 * size, device=self.device, generator=self.generator)
        top, left = ((size * self.between(0.0, 1.0)).long() for _ in range(2))
        return field.unfold(0, size, 1).unfold(1, size, 1)[top, left][:, None]


def _stretch(batch: Batch, rows: Tensor, draw: _Draw) -> None:
    """Larger or smaller bodies, wider or narrower fans: scale about the face, and a small turn of the image."""
    down = draw.between(math.log(0.82), math.log(1.2)).exp()
    across = down * draw.normal(0.05).exp()
    turn = draw.normal(math.radians(4.0))
    cosine, sine = turn.cos(), turn.sin()
    forward = torch.stack([across * cosine, -down * sine, across * sine, down * cosine], dim=1)
    forward = forward.reshape(-1, 2, 2)[rows]  # us_image -> us_image
    a, b, c, d = cosine / across, sine / across, -sine / down, cosine / down  # and back
    theta = torch.stack([a, b, b, c, d, d - 1.0], dim=1).reshape(-1, 2, 3)[rows]  # about the middle of the face
    batch["image"][rows] = _sampled(batch["image"][rows], theta, "bilinear")
    for name in ("labels", "disease"):
        inverse = UNKNOWN_LABEL - batch[name][rows].float()[:, None]  # so that what comes in is 0
        moved = UNKNOWN_LABEL - _sampled(inverse, theta, "nearest")
        batch[name][rows] = moved[:, 0].to(batch[name].dtype)
    points = batch["landmarks"][rows] @ forward.mT
    half = 0.5 * grid.STANDARD_M
    inside = (points[..., 0].abs() < half) & (points[..., 1] > 0) & (points[..., 1] < 2 * half)
    batch["landmarks"][rows] = torch.where(inside[..., None], points, math.nan)
    without_scale(batch, rows)


def _sampled(images: Tensor, theta: Tensor, mode: str) -> Tensor:
    where = functional.affine_grid(theta, list(images.shape), align_corners=False)
    return functional.grid_sample(images, where, mode=mode, align_corners=False)


def _lit(image: Tensor, draw: _Draw) -> Tensor:
    """Other gray curve, contrast, brightness and slope over depth."""
    curve, contrast, brightness, slope = (
        value[:, None, None, None]
        for value in (
            draw.between(-0.5, 0.5).exp(),
            draw.between(0.7, 1.35),
            draw.between(-0.12, 0.12),
            draw.between(-0.12, 0.12),
        )
    )
    depth = torch.linspace(-1.0, 1.0, image.shape[-2], device=image.device)[:, None]
    return (image**curve - 0.3) * contrast + 0.3 + brightness + slope * depth


def _blurred(image: Tensor, draw: _Draw) -> Tensor:
    """Some images smoother, each with a Gaussian of its own."""
    sigma = torch.where(draw.chosen(BLURRED), draw.between(0.4, 2.2), 0.01)[:, None]
    at = torch.arange(-BLUR_REACH, BLUR_REACH + 1, device=image.device)
    kernel = torch.softmax(-0.5 * (at / sigma).square(), dim=1)
    rows = functional.pad(image.transpose(0, 1), (BLUR_REACH,) * 4, mode="replicate")
    rows = functional.conv2d(rows, kernel[:, None, None, :], groups=draw.count)
    return functional.conv2d(rows, kernel[:, None, :, None], groups=draw.count).transpose(0, 1)


def _noisy(image: Tensor, sector: Tensor, draw: _Draw) -> Tensor:
    """Speckle that multiplies and noise that adds; black outside the sector stays black."""
    size = image.shape[-1]
    speckle, grain = (
        (draw.chosen(share) * draw.between(0.0, strength))[:, None, None, None]
        for share, strength in ((SPECKLED, 0.3), (GRAINED, 0.07))
    )
    image = image.clamp(0.0, 1.0) * (1.0 + speckle * draw.noise(size)) + grain * draw.noise(size)
    return image.clamp(0.0, 1.0) * sector


def _boxes(
    size: int,
    draw: _Draw,
    share: float,
    heights: tuple[int, int],
    widths: tuple[int, int],
    near_border: bool = False,
) -> Tensor:
    """(count, 1, size, size) bool: a rectangle in a share of the images, `near_border` at the left or the right."""
    height, width = draw.between(*heights), draw.between(*widths)
    top, left = draw.between(0.0, 1.0) * (size - height), draw.between(0.0, 1.0) * (size - width)
    if near_border:
        across = draw.between(0.0, size / 10)
        left = torch.where(draw.chosen(0.5), across, size - width - across)
    there = draw.chosen(share)
    at = torch.arange(size, device=draw.device)
    rows = (at >= top[:, None]) & (at < (top + height)[:, None]) & there[:, None]
    columns = (at >= left[:, None]) & (at < (left + width)[:, None])
    return (rows[:, :, None] & columns[:, None, :])[:, None]


def _shorten(batch: Batch, share: Tensor) -> None:
    """Shallower scanners: what lies below `share` (N,) of the depth is black, and what it holds is not known."""
    for name in ("labels", "disease"):
        batch[name].masked_fill_(_below(share, batch[name].shape[-1])[:, 0], UNKNOWN_LABEL)
    batch["calm"].masked_fill_(_below(share, batch["calm"].shape[-1])[:, 0], 0)
    deep = batch["landmarks"][..., 1] > share[:, None] * grid.STANDARD_M
    batch["landmarks"].masked_fill_(deep[..., None], math.nan)


def _below(share: Tensor, size: int) -> Tensor:
    """(N, 1, size, size) bool: rows from `share` (N,) of the depth on."""
    rows = torch.arange(size, device=share.device) >= (share * size)[:, None]
    return rows[:, None, :, None].expand(-1, 1, size, size)
