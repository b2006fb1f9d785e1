"""Styles of scanners: gray curve, gain over depth, reject, smoothing, edge enhancement, speckle, noise, resolution.

The ranges hold what the scanners' manuals let a user set (dynamic range 30 to 90 dB, reject, edge enhancement, gray
maps from linear to strongly curved, persistence and compounding that smooth speckle) and what screens, grabbers and
teaching sites do to images (112 pixels to 4K).
"""

import torch
from torch import Tensor
from torch.nn import functional

from echopilot_perception.training.augmentation.draw import Draw, column

SMOOTHED, SHARPENED, SPECKLED, GRAINED, REJECTED, COARSE, POSTERIZED = 0.7, 0.25, 0.5, 0.4, 0.35, 0.2, 0.1  # shares
BLUR_REACH = 7  # cells
COARSEST = 90  # cells a side


def lit(image: Tensor, draw: Draw) -> Tensor:
    """Other gray curve, contrast, brightness, slope over depth and reject; not clipped."""
    curve, contrast, brightness, slope, reject = (
        column(value)
        for value in (
            draw.between(-0.8, 0.45).exp(),
            draw.between(-0.35, 0.45).exp(),
            draw.between(-0.1, 0.14),
            draw.between(-0.15, 0.15),
            draw.where(REJECTED, 0.0, 0.16),
        )
    )
    depth = torch.linspace(-1.0, 1.0, image.shape[-2], device=image.device)[:, None]
    image = (image.clamp(0.0, 1.0) ** curve - 0.3) * contrast + 0.3 + brightness + slope * depth
    return (image - reject).clamp(min=0.0) / (1.0 - reject)


def textured(image: Tensor, draw: Draw) -> Tensor:
    """Speckle that multiplies and noise that adds; then smoother, wider across with depth, or with sharper edges."""
    size = image.shape[-1]
    speckle = column(draw.where(SPECKLED, 0.0, 0.45)) * draw.noise(size)
    wide = functional.avg_pool2d(draw.noise(size), (1, 5), 1, (0, 2)) * 5**0.5
    image = image * (1.0 + speckle + column(draw.where(SPECKLED, 0.0, 0.4)) * wide).clamp(min=0.0)
    image = image + column(draw.where(GRAINED, 0.0, 0.07)) * draw.noise(size)
    smooth = draw.chosen(SMOOTHED)
    down = torch.where(smooth, draw.between(0.3, 1.8), 0.01)
    across = torch.where(smooth, draw.between(0.5, 3.2), 0.01)
    near = _blurred(image, down, 0.5 * across + 0.005)
    far = _blurred(image, down, across)
    depth = torch.linspace(0.0, 1.0, size, device=image.device)[:, None]
    image = near + depth * (far - near)
    sharp = column(draw.where(SHARPENED, 0.3, 1.6))
    return image + sharp * (image - functional.avg_pool2d(image, 5, 1, 2))


def rescaled(image: Tensor, draw: Draw) -> Tensor:
    """Some images from smaller ones, some in few shades of gray."""
    size = image.shape[-1]
    small = int(draw.between(COARSEST, size)[0])
    coarse = functional.interpolate(image, (small, small), mode="area")
    coarse = functional.interpolate(coarse, (size, size), mode="bilinear", align_corners=False)
    image = torch.where(column(draw.chosen(COARSE)), coarse, image)
    shades = column(draw.between(10.0, 40.0))
    return torch.where(column(draw.chosen(POSTERIZED)), (image * shades).round() / shades, image)


def _blurred(image: Tensor, down: Tensor, across: Tensor) -> Tensor:
    """Every image smoother with a Gaussian of its own, of standard deviations (N,) in cells."""
    at = torch.arange(-BLUR_REACH, BLUR_REACH + 1, device=image.device)
    kernels = [torch.softmax(-0.5 * (at / sigma[:, None]).square(), dim=1) for sigma in (across, down)]
    rows = functional.pad(image.transpose(0, 1), (BLUR_REACH,) * 4, mode="replicate")
    rows = functional.conv2d(rows, kernels[0][:, None, None, :], groups=len(image))
    return functional.conv2d(rows, kernels[1][:, None, :, None], groups=len(image)).transpose(0, 1)
