"""Landmark head: one heat map per point, a peak of 1 where it lies (Zhou et al. 2019, penalty-reduced focal loss)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from echopilot_core import HeadName, Landmark, LandmarkName
from echopilot_perception import grid
from echopilot_perception.heads.base import Head, HeadResults, HeadSpec, sigmoid

if TYPE_CHECKING:
    from torch import Tensor, nn

COARSE, SPACING_M = grid.COARSE_CELLS, grid.STANDARD.coarse_spacing_m
SPREAD_CELLS = 1.2  # of the target's peak
SEEN_FROM = 0.3
WINDOW = 3  # cells on either side of the peak that settle where it is
LEFT_M = 0.5 * (1 - COARSE) * SPACING_M
TOP_M = 0.5 * SPACING_M


class LandmarkHead(Head):
    """Heat maps of landmarks, read as positions with covariance."""

    name = "landmarks"
    gives = HeadName.LANDMARKS
    weight = 0.3

    def build(self, dense_channels: int, features: int, spec: HeadSpec) -> nn.Module:
        from torch import nn

        from echopilot_perception.heads.layers import OnDense

        layer = nn.Conv2d(dense_channels, len(LandmarkName), 1)
        nn.init.constant_(layer.bias, -5.0)
        return OnDense(layer)

    def loss(self, output: Tensor, batch: Mapping[str, Tensor]) -> Tensor:
        """Per known image; the target is a Gaussian of 1.2 cells around each visible point."""
        from torch.nn import functional

        target = _peaks(batch["landmarks"])
        known = batch["landmarks_known"].float()[:, None, None, None]
        p = output.sigmoid().clamp(1e-4, 1.0 - 1e-4)
        hit = (target > 0.8).float()
        found = hit * (1.0 - p).square() * -functional.logsigmoid(output)
        false = (1.0 - hit) * (1.0 - target).pow(4) * p.square() * -functional.logsigmoid(-output)
        return ((found + false) * known).sum() / (hit * known).sum().clamp(min=1.0)

    def metric(self, output: Tensor, batch: Mapping[str, Tensor]) -> dict[str, float]:
        """Median distance [mm] of the peaks of visible points, and the share of points rightly called there or not."""
        import torch

        there = torch.isfinite(batch["landmarks"][..., 0])
        best = output.flatten(2).max(dim=2)
        x = LEFT_M + SPACING_M * (best.indices % COARSE)
        y = TOP_M + SPACING_M * (best.indices // COARSE)
        away = torch.hypot(x - batch["landmarks"][..., 0], y - batch["landmarks"][..., 1])[there]
        right = float(((best.values.sigmoid() > SEEN_FROM) == there).float().mean())
        return {"landmark_presence": right} | ({"landmark_mm": 1e3 * float(away.median())} if len(away) else {})

    def read(self, output: NDArray[np.float32], spec: HeadSpec, results: HeadResults) -> None:
        rows = []
        for name, logits in zip(LandmarkName, output, strict=True):
            row, column = (int(v) for v in np.unravel_index(int(np.argmax(logits)), logits.shape))
            if float(logits[row, column]) < np.log(SEEN_FROM / (1.0 - SEEN_FROM)):
                continue
            top, left = max(row - WINDOW, 0), max(column - WINDOW, 0)
            p = sigmoid(logits[top : row + WINDOW + 1, left : column + WINDOW + 1])
            rows.append(_landmark(name, p / p.sum(), left, top, results.grid.coarse_spacing_m))
        results.landmarks = tuple(rows)


def _landmark(name: LandmarkName, p: NDArray[np.float64], left: int, top: int, spacing_m: float) -> Landmark:
    """Mean and covariance of the peak in the window (H, W) that begins at cell (`top`, `left`).

    The target's own width is part of the covariance and so a floor.
    """
    x = (0.5 * (1 - COARSE) + left + np.arange(p.shape[1])) * spacing_m
    y = (0.5 + top + np.arange(p.shape[0])) * spacing_m
    px, py = p.sum(axis=0), p.sum(axis=1)
    cx, cy = float(px @ x), float(py @ y)
    xy = float((y - cy) @ p @ (x - cx))
    covariance = np.array([[float(px @ (x - cx) ** 2), xy], [xy, float(py @ (y - cy) ** 2)]])
    return Landmark(name.name, np.array([cx, cy]), covariance)


def _peaks(points: Tensor) -> Tensor:
    """Points (N, L, 2) [m], NaN where absent -> targets (N, L, 64, 64), 1 at the cell that holds the point."""
    import torch

    at = torch.stack([(points[..., 0] - LEFT_M) / SPACING_M, (points[..., 1] - TOP_M) / SPACING_M], dim=-1).round()[
        ..., None
    ]
    cells = torch.arange(COARSE, dtype=points.dtype)
    across = ((cells - at[..., 0, :]) / SPREAD_CELLS).square()
    down = ((cells - at[..., 1, :]) / SPREAD_CELLS).square()
    return torch.exp(-0.5 * (down[..., :, None] + across[..., None, :])).nan_to_num(0.0)
