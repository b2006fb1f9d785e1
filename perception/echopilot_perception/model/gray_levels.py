"""Gray levels of every image brought to the same ones, so that gain and gray map of a scanner change no judgment."""

import math

import torch
from torch import Tensor, nn

from echopilot_perception.grid import IMAGE_CELLS

STEP = 4  # every fourth cell of each row and column is looked at
LOOKED_AT = (IMAGE_CELLS // STEP) ** 2
BRIGHT, BRIGHTEST = 0.15, 0.015  # shares of the square image that are brighter than the two levels
LEVELS = (0.22, 0.6)  # which these become
LEAST = 0.01  # of a level: darker images are not brightened any further
STEEPEST = 5.0  # exponent, and its inverse is the least


class GrayLevels(nn.Module):
    """Images (N, 1, 256, 256) in 0..1 -> the same with x replaced by min(a x^g, 1), black staying black.

    a and g bring two quantiles of every image to LEVELS, so that an image and its copy under another gain and gamma (c
    x^k, clipped) give the same result. Nothing is changed where `applied` is false, as in the weights of
    echopilot-edge-0.5, which learned from images as they are.
    """

    applied: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("applied", torch.tensor(True))

    def forward(self, image: Tensor) -> Tensor:
        if not bool(self.applied):
            return image
        seen = image[:, 0, STEP // 2 :: STEP, STEP // 2 :: STEP].flatten(1)
        brightest = seen.topk(round(BRIGHT * LOOKED_AT), dim=1).values
        high = brightest[:, round(BRIGHTEST * LOOKED_AT)].clamp(min=3.0 * LEAST)
        low = brightest[:, -1].clamp(min=LEAST)
        wanted, found = math.log(LEVELS[1] / LEVELS[0]), (high.log() - low.log()).clamp(min=1e-3)
        exponent = (wanted / found).clamp(1.0 / STEEPEST, STEEPEST)
        shares = image / high[:, None, None, None]
        changed: Tensor = LEVELS[1] * shares.clamp(min=1e-6) ** exponent[:, None, None, None]
        return torch.where(image > 0.0, changed, 0.0).clamp(max=1.0)
