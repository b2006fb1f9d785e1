"""Guidance head: motion to standard views with its uncertainty (heteroscedastic Gaussian, Kendall & Gal 2017)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from echopilot_core import Guidance, HeadName
from echopilot_perception.heads.base import Head, HeadResults, HeadSpec

if TYPE_CHECKING:
    from torch import Tensor, nn

LOG_SIGMA_RANGE = (-4.0, 1.5)
HIDDEN = 256
NLL_SHARE = 0.5  # the rest is L1, which keeps hard samples from being given up


class GuidanceHead(Head):
    """Relative pose twist to every standard view, with its uncertainty."""

    name = "guidance"
    gives = HeadName.GUIDANCE
    weight = 2.0

    def build(self, dense_channels: int, features: int, spec: HeadSpec) -> nn.Module:
        from torch import nn

        from echopilot_perception.heads.layers import OnFeatures

        views = len(spec.guidance)
        layers = nn.Sequential(nn.Linear(features, HIDDEN), nn.ReLU(), nn.Linear(HIDDEN, 12 * views))
        return OnFeatures(nn.Sequential(layers, nn.Unflatten(1, (views, 12))))

    def loss(self, output: Tensor, batch: Mapping[str, Tensor]) -> Tensor:
        """Mean over the views whose target is near enough to be estimated (`guidance_valid` (N, G))."""
        valid = batch["guidance_valid"].float()[:, :, None]
        mean, log_sigma = output[:, :, :6], output[:, :, 6:].clamp(*LOG_SIGMA_RANGE)
        error = mean - batch["guidance"]
        nll = log_sigma + 0.5 * (error * (-log_sigma).exp()).square()
        mixed = NLL_SHARE * nll + (1.0 - NLL_SHARE) * 2.0 * error.abs()
        return (mixed * valid).sum() / (6.0 * valid.sum()).clamp(min=1.0)

    def metric(self, output: Tensor, batch: Mapping[str, Tensor]) -> dict[str, float]:
        figures = {}
        error = (output[:, :, :6] - batch["guidance"]).abs()
        for g in range(output.shape[1]):
            valid = batch["guidance_valid"][:, g].bool()
            if bool(valid.any()):
                figures[f"guidance{g}.translation"] = float(error[valid, g, :3].norm(dim=1).median())
                figures[f"guidance{g}.rotation"] = float(error[valid, g, 3:].norm(dim=1).median())
        return figures

    def read(self, output: NDArray[np.float32], spec: HeadSpec, results: HeadResults) -> None:
        rows = []
        lengths = np.array([results.grid.scale] * 3 + [1.0] * 3)
        for target, row in zip(spec.guidance, output.astype(np.float64), strict=True):
            scale = np.asarray(target.scale) * lengths
            sigma = np.exp(np.clip(row[6:], *LOG_SIGMA_RANGE))
            rows.append(Guidance(target.view, row[:6] * scale, sigma * scale))
        results.guidance = tuple(rows)


def standardized(output: Tensor, batch: Mapping[str, Tensor]) -> Tensor:
    """Errors (N, G, 6) in units of their sigmas; NaN where the view is too far away."""
    sigma = output[:, :, 6:].clamp(*LOG_SIGMA_RANGE).exp()
    z = (output[:, :, :6] - batch["guidance"]) / sigma
    return z.masked_fill(~batch["guidance_valid"].bool()[:, :, None], float("nan"))
