"""Contrast of tissues: another brightness of every class, and bright interfaces that face the probe.

Networks that see images of random contrast from label maps carry over to contrasts that they never saw (Billot et al.
2023, SynthSeg). Here the rendered image stays, and its classes are lit anew.
"""

import torch
from torch import Tensor
from torch.nn import functional

from echopilot_core import SegmentationClass
from echopilot_perception.training.augmentation.draw import Draw, column

RELIT, LINED, HAZED = 0.6, 0.6, 0.4  # shares
BLOOD = (
    SegmentationClass.LV,
    SegmentationClass.LA,
    SegmentationClass.RV,
    SegmentationClass.RA,
    SegmentationClass.AO_ROOT,
    SegmentationClass.AO_LUMEN,
    SegmentationClass.IVC,
    SegmentationClass.EFFUSION,
)
CLASSES = 256  # values of a cell, that of what is not known included


def relit(image: Tensor, labels: Tensor, draw: Draw) -> Tensor:
    """Images (N, 1, H, W) in 0..1 with labels (N, H / 2, W / 2) whose classes are darker or brighter."""
    blood = torch.zeros(CLASSES, device=image.device)
    blood[list(BLOOD)] = 1.0
    strength = draw.where(RELIT, 0.2, 1.0)
    factor = draw.normal(0.45, CLASSES) + torch.where(blood > 0, -0.25, 0.25)
    factor[:, 255] = factor[:, 0]  # what is not known looks like background
    cells = labels.long().flatten(1)
    gain = (strength[:, None] * factor).gather(1, cells).reshape(labels.shape)[:, None]
    gain = functional.avg_pool2d(gain, 3, 1, 1)
    gain = functional.interpolate(gain, scale_factor=2.0, mode="bilinear", align_corners=False)
    image = image * gain.exp()
    cavity = functional.avg_pool2d(blood[cells].reshape(labels.shape)[:, None], 3, 1, 1)
    image = image + column(draw.where(LINED, 0.05, 0.5)) * _facing(cavity)
    haze = draw.smooth(5, image.shape[-1]).relu() * column(draw.where(HAZED, 0.02, 0.14))
    return image + haze * (image > 0)


def _facing(cavity: Tensor) -> Tensor:
    """(N, 1, 2 H, 2 W) in about 0..1: edges of cavities (N, 1, H, W) whose normal points to the probe."""
    size = cavity.shape[-1]
    down = functional.pad(cavity[:, :, 2:] - cavity[:, :, :-2], (0, 0, 1, 1))
    across = functional.pad(cavity[..., 2:] - cavity[..., :-2], (1, 1, 0, 0))
    at = (torch.arange(size, device=cavity.device) + 0.5) / size
    x, y = at[None, :] - 0.5, at[:, None]
    reach = torch.hypot(x, y)
    edge = ((down * y + across * x) / reach).abs()
    return functional.interpolate(edge, scale_factor=2.0, mode="bilinear", align_corners=False)
