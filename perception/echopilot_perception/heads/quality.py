"""Quality head: how usable the image is, 0..1; binary cross-entropy against the simulated quality."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from echopilot_core import HeadName
from echopilot_perception.heads.base import Head, HeadResults, HeadSpec, sigmoid

if TYPE_CHECKING:
    from torch import Tensor, nn


class QualityHead(Head):
    """Image quality."""

    name = "quality"
    gives = HeadName.QUALITY
    weight = 0.3

    def build(self, dense_channels: int, features: int, spec: HeadSpec) -> nn.Module:
        from torch import nn

        from echopilot_perception.heads.layers import OnFeatures

        return OnFeatures(nn.Linear(features, 1))

    def loss(self, output: Tensor, batch: Mapping[str, Tensor]) -> Tensor:
        from echopilot_perception.heads.layers import known_entropy

        return known_entropy(output[:, 0], batch["quality"])

    def metric(self, output: Tensor, batch: Mapping[str, Tensor]) -> dict[str, float]:
        return {"quality_mae": float((output[:, 0].sigmoid() - batch["quality"]).abs().nanmean())}

    def read(self, output: NDArray[np.float32], spec: HeadSpec, results: HeadResults) -> None:
        results.quality = float(sigmoid(output)[0])
