"""All augmentation in its order: what moves, what lights, the scanner's style, and the screen."""

import torch
from torch import Tensor
from torch.nn import functional

from echopilot_perception.training.augmentation.contrast import relit
from echopilot_perception.training.augmentation.device import lit, rescaled, textured
from echopilot_perception.training.augmentation.draw import Draw
from echopilot_perception.training.augmentation.exchange import exchanged
from echopilot_perception.training.augmentation.geometry import moved
from echopilot_perception.training.augmentation.overlays import drawn_over
from echopilot_perception.training.augmentation.style_bank import shipped
from echopilot_perception.training.batches import Batch

UNCHANGED = 0.4  # share of the images that stay as they are: a network that never sees those forgets them


def augmented(batch: Batch, generator: torch.Generator) -> Batch:
    """Copy of a batch on its device (`batches.on_device`), most images changed; a pure function of batch and generator.

    Black outside the sector stays black, but for what a screen draws.
    """
    draw = Draw(len(batch["image"]), batch["image"].device, generator)
    out = {name: tensor.clone() for name, tensor in batch.items()}
    moved(out, draw)
    sector = _sector(out["image"])
    image = relit(out["image"], out["labels"], draw)
    image = textured(lit(image, draw), draw).clamp(0.0, 1.0) * sector
    image = rescaled(exchanged(image, draw, shipped()), draw).clamp(0.0, 1.0) * sector
    out["image"] = drawn_over(image, draw)
    kept = draw.chosen(UNCHANGED)
    return {
        name: torch.where(kept.reshape(-1, *(1,) * (changed.ndim - 1)), batch[name], changed)
        for name, changed in out.items()
    }


def _sector(image: Tensor) -> Tensor:
    """(N, 1, H, W): 1 from the first to the last cell of each row and each column that is not black."""
    shown = (functional.max_pool2d(image, 2) > 0).to(torch.uint8)
    rows, columns = (shown.cummax(dim=d).values & shown.flip(d).cummax(dim=d).values.flip(d) for d in (3, 2))
    return functional.interpolate((rows | columns).float(), scale_factor=2.0, mode="nearest")
