"""Photometric augmentation: what scanners, rooms and screens do to a picture without moving anything in it.

There is no flip and no warp: sides and millimetres carry meaning for guidance and measurement.
"""

import torch
from torch import Tensor
from torch.nn import functional

BORDER_CELLS = 14  # overlays lie near the edge of the picture
FAN_LABEL_CLEARED = 0


def augment(image: Tensor, labels: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Change pictures (N, 1, 128, 128) in 0..1 and, where a part is cut away, labels (N, 128, 128)."""
    n = image.shape[0]

    def draw(low: float, high: float) -> Tensor:
        return torch.empty(n, 1, 1, 1).uniform_(low, high, generator=generator)

    def chance(probability: float) -> Tensor:
        return torch.rand(n, 1, 1, 1, generator=generator) < probability

    sector = image > 0
    picture = image.clamp(0, 1).pow(draw(-0.5, 0.5).exp())
    picture = (picture - 0.3) * draw(0.7, 1.35) + 0.3 + draw(-0.12, 0.12)
    depth = torch.linspace(-1, 1, image.shape[2])[None, None, :, None]
    picture = picture + depth * draw(-0.12, 0.12)
    speckle = torch.randn(image.shape, generator=generator)
    picture = picture * (1.0 + speckle * draw(0.0, 0.25) * chance(0.5))
    noise = torch.randn(image.shape, generator=generator)
    picture = picture + noise * draw(0.0, 0.06) * chance(0.5)
    blurred = functional.avg_pool2d(picture, 3, 1, 1, count_include_pad=False)
    share = draw(0.0, 1.0) * chance(0.4)
    picture = torch.lerp(picture, blurred, share).clamp(0, 1) * sector
    picture = _cut_out(picture, generator)
    picture = _overlay(picture, generator)
    return _shorten(picture, labels, generator)


def _cut_out(picture: Tensor, generator: torch.Generator) -> Tensor:
    n, _, height, width = picture.shape
    keep = torch.ones_like(picture)
    place = torch.rand(n, 5, generator=generator)
    for i in range(n):
        if place[i, 0] < 0.3:
            h, w = (int(4 + 16 * float(v)) for v in place[i, 1:3])
            top, left = int(float(place[i, 3]) * (height - h)), int(float(place[i, 4]) * (width - w))
            keep[i, :, top : top + h, left : left + w] = 0
    return picture * keep


def _overlay(picture: Tensor, generator: torch.Generator) -> Tensor:
    """Bright marks near the borders, as text, rulers and logos that were not cropped away."""
    n, _, height, width = picture.shape
    place = torch.rand(n, 6, generator=generator)
    out = picture.clone()
    for i in range(n):
        if place[i, 0] < 0.15:
            h, w = int(2 + 5 * float(place[i, 1])), int(3 + 20 * float(place[i, 2]))
            at = int(float(place[i, 3]) * (height - h))
            across = int(float(place[i, 4]) * (BORDER_CELLS - 2))
            left = across if place[i, 5] < 0.5 else max(width - w - across, 0)
            marks = torch.rand(h, w, generator=generator) < 0.5
            out[i, 0, at : at + h, left : left + w] = torch.where(marks, 0.9, out[i, 0, at : at + h, left : left + w])
    return out


def _shorten(picture: Tensor, labels: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Shallower scanners: cut the deepest part away, also from the labels."""
    n, _, height, _ = picture.shape
    place = torch.rand(n, 2, generator=generator)
    picture, labels = picture.clone(), labels.clone()
    for i in range(n):
        if place[i, 0] < 0.15:
            last = int(height * (0.75 + 0.25 * float(place[i, 1])))
            picture[i, :, last:] = 0
            labels[i, last:] = FAN_LABEL_CLEARED
    return picture, labels
