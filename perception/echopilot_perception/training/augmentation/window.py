"""Windows of a zoomed screen: a part of the sector, up to 2.5 times as large, its top outside of the image.

Scanners and teaching sites show valves and septa so. The sector search takes the top of such a fan for the face, so
that the network sees the part from the first to the last row of the window (`frames.sector`, `frames.preprocess`).
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from echopilot_core import SegmentationClass, View
from echopilot_perception.training.augmentation.draw import Draw
from echopilot_perception.training.batches import Batch
from echopilot_perception.training.samples import UNKNOWN_VIEW

WINDOWED, FAN_SHAPED, CENTERED = 0.25, 0.6, 0.5  # shares: of all images, of windows, of windows
ZOOMS = (1.3, 2.5)
HALF_RAD = (math.radians(14.0), math.radians(48.0))  # of the opening of a window that is a fan
SHOWN = 0.6  # of the area of a class, for it to count as inside
CLASSES = 256  # values of a cell, that of what is not known included
LV, LA, RV, RA, ROOT = (SegmentationClass[name] for name in ("LV", "LA", "RV", "RA", "AO_ROOT"))
NO_STRUCTURE = (SegmentationClass.BACKGROUND, SegmentationClass.SHADOW, SegmentationClass.LIVER)
AORTA = (SegmentationClass.AO_LUMEN, SegmentationClass.AO_WALL)
DEFINED_BY: dict[View, tuple[tuple[SegmentationClass, ...], ...]] = {
    View.PLAX: ((ROOT, LV), (LA, LV)),
    View.PSAX_AV: ((ROOT,),),
    View.PSAX_MV: ((LV,),),
    View.PSAX_PM: ((LV,),),
    View.A4C: ((LV, LA), (RV, RA)),
    View.A5C: ((LV,), (ROOT,)),
    View.A2C: ((LV,), (LA,)),
    View.A3C: ((LV,), (ROOT,)),
    View.SC4C: ((LV, LA), (RV, RA)),
    View.SC_IVC: ((SegmentationClass.IVC,),),
    View.AORTA_TRANS: (AORTA,),
    View.AORTA_LONG: (AORTA,),
}  # of each group one class must be inside


@dataclass(frozen=True)
class ZoomWindow:
    """Windows of a batch of images whose side is 1 and whose face is at (0, 0), x from -0.5 to 0.5.

    `chosen` (N,): those that have one. `zoom`, and the middle of the window's top (`x`, `y`): 1 and 0 in the others.
    `fan` (N,): the window is cut as a fan, of half opening `half` [rad] about the direction `middle` [rad].
    """

    chosen: Tensor
    zoom: Tensor
    x: Tensor
    y: Tensor
    fan: Tensor
    middle: Tensor
    half: Tensor

    def outside(self, size: int) -> Tensor:
        """(N, size, size) bool: cells that a fan-shaped window cuts away."""
        at = (torch.arange(size, device=self.zoom.device) + 0.5) / size
        return self.hides(at[None, None, :] - 0.5, at[None, :, None])

    def hides(self, x: Tensor, y: Tensor) -> Tensor:
        """Whether fan-shaped windows cut places (N, ...) or (1, ...) of the zoomed image away."""
        shape = (-1, *[1] * (max(x.ndim, y.ndim) - 1))
        middle, half, left, top, zoom, fan = (
            values.reshape(shape) for values in (self.middle, self.half, self.x, self.y, self.zoom, self.fan)
        )
        x, y = x / zoom + left, y / zoom + top  # in the whole sector
        reach = torch.hypot(x, y)
        return ((reach < top) | (reach > top + 1.0 / zoom) | ((torch.atan2(x, y) - middle).abs() > half)) & fan


def draw_windows(labels: Tensor, draw: Draw) -> ZoomWindow:
    """Windows in a share of the images with labels (N, H, H), about a place of a random structure in each.

    Half of them lie on the axis of the sector.
    """
    chosen = draw.chosen(WINDOWED)
    zoom = torch.where(chosen, draw.between(math.log(ZOOMS[0]), math.log(ZOOMS[1])).exp(), 1.0)
    side = 1.0 / zoom
    shown = torch.zeros(CLASSES, device=labels.device)
    shown[[int(tissue) for tissue in SegmentationClass if tissue not in NO_STRUCTURE]] = 1.0
    weights = shown[labels.long().flatten(1)] + 1e-6
    place = torch.multinomial(weights, 1, generator=draw.generator)[:, 0]
    size = labels.shape[-1]
    across, deep = (place % size + 0.5) / size - 0.5, (place // size + 0.5) / size
    y = torch.minimum((deep - draw.between(0.25, 0.75) * side).clamp(min=0.0), 1.0 - side)
    x = torch.where(draw.chosen(CENTERED), 0.0, across + draw.between(-0.25, 0.25) * side)
    fan = chosen & draw.chosen(FAN_SHAPED)
    middle = torch.atan2(x, y + 0.5 * side)
    return ZoomWindow(chosen, zoom, x * chosen, y * chosen, fan, middle, draw.between(*HALF_RAD))


def areas_of(labels: Tensor) -> Tensor:
    """(N, 256): cells of each class in labels (N, H, W)."""
    cells = labels.long().flatten(1)
    return torch.zeros(len(cells), CLASSES, device=cells.device).scatter_add_(1, cells, torch.ones_like(cells).float())


def forget_hidden(batch: Batch, window: ZoomWindow, before: Tensor) -> None:
    """Make unknown what a window does not show: motions of the probe, sizes, contact, quality, and some views.

    The nearest view stays where of each group of its defining classes at least one is inside, with most of its area;
    groups that the image never showed do not count. `before` are the areas of classes (N, 256) in the whole sector.
    """
    chosen = window.chosen
    share = areas_of(batch["labels"]) / (before * window.zoom[:, None].square()).clamp(min=1.0)
    inside, existed = share >= SHOWN, before > 0
    for view, groups in DEFINED_BY.items():
        lost = torch.zeros_like(chosen)
        for group in groups:
            members = list(group)
            lost |= existed[:, members].any(dim=1) & ~inside[:, members].any(dim=1)
        batch["view"][chosen & lost & (batch["view"] == int(view))] = UNKNOWN_VIEW
    batch["guidance_valid"][chosen] = False
    for name in ("sizes", "coupling", "quality"):
        batch[name][chosen] = math.nan
    batch["calm_known"][chosen] = False
