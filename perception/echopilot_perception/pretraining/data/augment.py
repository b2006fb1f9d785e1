"""Augmented views of images: nearer or farther, another light, another scanner's texture. There is no flip."""

import torch
from torch import Tensor
from torch.nn import functional

from echopilot_perception.pretraining.masking.sector_cells import sector_cells_of
from echopilot_perception.training.augmentation.device import lit, rescaled, textured
from echopilot_perception.training.augmentation.draw import Draw
from echopilot_perception.training.augmentation.exchange import exchanged
from echopilot_perception.training.augmentation.style_bank import shipped

ZOOMS = (0.8, 1.25)


def view_of(
    image: Tensor, sectors: Tensor, size: int, generator: torch.Generator, strong: bool, plain: bool = False
) -> tuple[Tensor, Tensor]:
    """One random view, and the sectors as they lie in it.

    Args:
        image: (N, 1, 256, 256) float32 in 0..1.
        sectors: (N, 3) float32 as the store has them.
        size: side of the view.
        generator: of the images' device; the view is a pure function of images and generator.
        strong: texture, resolution and style of another scanner as well; speckle of a view that is to be reconstructed
            is its own.
        plain: no augmentation, the image as it is.

    Returns:
        Images (N, 1, size, size) in 0..1, black outside the sector, and sectors (N, 4) with their zoom.
    """
    zoom = image.new_ones(len(image))
    if not plain:
        draw = Draw(len(image), image.device, generator)
        zoom = draw.between(*ZOOMS)
        image = _zoomed(image, zoom)
    shown = torch.cat([sectors, zoom[:, None]], dim=1)
    if plain or not strong:
        image = _resized(image, size)
    if not plain:
        inside = sector_cells_of(shown, image.shape[-1]).inside[:, None]
        image = lit(image, draw).clamp(0.0, 1.0) * inside
        if strong:  # in full size: the styles are those of images of 256 cells
            image = rescaled(exchanged(textured(image, draw).clamp(0.0, 1.0) * inside, draw, shipped()), draw)
            image = image.clamp(0.0, 1.0) * inside
    return _resized(image, size), shown


def _resized(image: Tensor, size: int) -> Tensor:
    return image if size == image.shape[-1] else functional.interpolate(image, (size, size), mode="area")


def _zoomed(image: Tensor, zoom: Tensor) -> Tensor:
    """Images enlarged about the middle of their upper edge, where the transducer face lies."""
    to_source = image.new_zeros(len(image), 2, 3)
    to_source[:, 0, 0] = to_source[:, 1, 1] = 1.0 / zoom
    to_source[:, 1, 2] = 1.0 / zoom - 1.0  # the upper edge, -1, stays
    at = functional.affine_grid(to_source, list(image.shape), align_corners=False)
    return functional.grid_sample(image, at, align_corners=False)
