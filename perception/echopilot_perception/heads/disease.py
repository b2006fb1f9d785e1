"""Disease head: cells of thrombus, dissection and effusion, and a box around each patch of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import cv2
import numpy as np
from numpy.typing import NDArray

from echopilot_core import Box, FindingKind, HeadName
from echopilot_perception.heads.base import UNKNOWN_LABEL, Head, HeadResults, HeadSpec, sigmoid

if TYPE_CHECKING:
    from torch import Tensor, nn

KINDS = (FindingKind.THROMBUS, FindingKind.DISSECTION_FLAP, FindingKind.EFFUSION)  # bits of a cell, lowest first
PATCH_FROM = 0.3  # probability from which a cell belongs to a patch
MIN_PATCH_CELLS = 3
TOP_CELLS = 6  # a patch is as sure as the mean of its surest cells


class DiseaseHead(Head):
    """Probability maps of disease, read as boxes."""

    name = "disease"
    gives = HeadName.BOXES
    weight = 0.3

    def build(self, dense_channels: int, features: int, spec: HeadSpec) -> nn.Module:
        from torch import nn

        from echopilot_perception.heads.layers import OnDense

        layer = nn.Conv2d(dense_channels, len(KINDS), 1)
        nn.init.constant_(layer.bias, -5.0)
        return OnDense(layer)

    def loss(self, output: Tensor, batch: Mapping[str, Tensor]) -> Tensor:
        """Ten times the binary cross-entropy of the cells (few are diseased), plus the soft Dice loss of each kind."""
        from torch.nn import functional

        true, known = _bits(batch["disease"])
        entropy = functional.binary_cross_entropy_with_logits(output, true, reduction="none")
        p = output.sigmoid() * known
        overlap, either = (p * true).sum(dim=(0, 2, 3)), (p + true).sum(dim=(0, 2, 3))
        there = (true.sum(dim=(0, 2, 3)) > 0).float()
        dice = 1.0 - (2.0 * overlap + 1.0) / (either + 1.0)
        return 10.0 * (entropy * known).sum() / (known.sum() * len(KINDS)).clamp(min=1.0) + (
            0.3 * (dice * there).sum() / there.sum().clamp(min=1.0)
        )

    def metric(self, output: Tensor, batch: Mapping[str, Tensor]) -> dict[str, float]:
        true, known = _bits(batch["disease"])
        predicted = (output > 0).float() * known
        figures = {}
        for i, kind in enumerate(KINDS):
            if bool(true[:, i].any()):
                both = (predicted[:, i] * true[:, i]).sum()
                figures[f"patch.{kind.name}"] = float(2.0 * both / (predicted[:, i] + true[:, i]).sum())
        return figures

    def read(self, output: NDArray[np.float32], spec: HeadSpec, results: HeadResults) -> None:
        results.boxes = tuple(
            box
            for kind, p in zip(KINDS, sigmoid(output), strict=True)
            for box in _boxes(kind.name, p, results.grid.coarse_spacing_m)
        )


def _boxes(kind: str, p: NDArray[np.float64], step_m: float) -> list[Box]:
    count, parts, stats, _ = cv2.connectedComponentsWithStats((p > PATCH_FROM).astype(np.uint8), connectivity=8)
    boxes = []
    for i in range(1, count):
        left, top, width, height, area = (int(v) for v in stats[i])
        if area < MIN_PATCH_CELLS:
            continue
        score = float(np.sort(p[parts == i])[-TOP_CELLS:].mean())
        x, y = (left - 0.5 * p.shape[1]) * step_m, top * step_m
        boxes.append(Box(kind, score, x, y, x + width * step_m, y + height * step_m))
    return boxes


def _bits(disease: Tensor) -> tuple[Tensor, Tensor]:
    """Bit map (N, 64, 64) -> targets (N, 3, 64, 64) and what of them is known (N, 1, 64, 64)."""
    import torch

    known = (disease != UNKNOWN_LABEL).float()[:, None]
    true = torch.stack([(disease.int() >> i) & 1 for i in range(len(KINDS))], dim=1).float()
    return true * known, known
