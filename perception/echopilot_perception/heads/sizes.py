"""Size head: aortic diameter, root diameter and LV volume straight from the features, each with its uncertainty."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from echopilot_core import HeadName
from echopilot_perception.heads.base import Head, HeadResults, HeadSpec, RegressedSize

if TYPE_CHECKING:
    from torch import Tensor, nn

NAMES = ("aorta_outer_ap_m", "root_m", "lv_volume_m3")
POWERS = (1, 1, 3)  # of a length
TYPICAL = (0.026, 0.034, 1.0e-4)  # the network answers with the logarithm of the ratio to these ...
SCALE = (0.35, 0.15, 0.45)  # ... in units of its usual spread
LOG_SIGMA_RANGE = (-3.5, 1.0)
NLL_SHARE = 0.5  # the rest is L1, as in guidance


class SizeHead(Head):
    """Regressed sizes with their uncertainty."""

    name = "sizes"
    gives = HeadName.SIZES
    weight = 0.5

    def build(self, dense_channels: int, features: int, spec: HeadSpec) -> nn.Module:
        from torch import nn

        from echopilot_perception.heads.layers import OnFeatures

        layers = nn.Sequential(nn.Linear(features, 64), nn.ReLU(), nn.Linear(64, 2 * len(NAMES)))
        return OnFeatures(layers)

    def loss(self, output: Tensor, batch: Mapping[str, Tensor]) -> Tensor:
        """Heteroscedastic Gaussian (Kendall & Gal 2017) and L1 on log sizes; unknown ones (NaN) do not count."""
        target = _targets(batch["sizes"])
        known = target.isfinite().float()
        n = len(NAMES)
        log_sigma = output[:, n:].clamp(*LOG_SIGMA_RANGE)
        error = output[:, :n] - target.nan_to_num(0.0)
        nll = log_sigma + 0.5 * (error * (-log_sigma).exp()).square()
        return ((NLL_SHARE * nll + (1.0 - NLL_SHARE) * 2.0 * error.abs()) * known).sum() / known.sum().clamp(min=1.0)

    def metric(self, output: Tensor, batch: Mapping[str, Tensor]) -> dict[str, float]:
        """Mean relative error of each size."""
        import torch

        predicted = output[:, : len(NAMES)] * torch.tensor(SCALE)
        gap = (predicted - _targets(batch["sizes"]) * torch.tensor(SCALE)).abs()
        figures = {}
        for i, name in enumerate(NAMES):
            known = gap[:, i].isfinite()
            if bool(known.any()):
                figures[f"size.{name}"] = float(gap[known, i].mean())
        return figures

    def read(self, output: NDArray[np.float32], spec: HeadSpec, results: HeadResults) -> None:
        row, n = output.astype(np.float64), len(NAMES)
        typical = np.array(TYPICAL) * results.grid.scale ** np.array(POWERS)
        values = typical * np.exp(np.clip(row[:n] * SCALE, -2.0, 2.0))
        sigmas = values * np.array(SCALE) * np.exp(np.clip(row[n:], *LOG_SIGMA_RANGE))
        results.sizes = tuple(RegressedSize(*row) for row in zip(NAMES, values.tolist(), sigmas.tolist(), strict=True))


def standardized(output: Tensor, batch: Mapping[str, Tensor]) -> Tensor:
    """Errors (N, 3) of the logarithms in units of their sigmas; NaN where a size is not known."""
    n = len(NAMES)
    return (output[:, :n] - _targets(batch["sizes"])) / output[:, n:].clamp(*LOG_SIGMA_RANGE).exp()


def _targets(sizes: Tensor) -> Tensor:
    import torch

    return (sizes / torch.tensor(TYPICAL)).log() / torch.tensor(SCALE)
