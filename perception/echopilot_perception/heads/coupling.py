"""Coupling head: contact of 16 column groups of the face, left to right; binary cross-entropy."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from echopilot_core import HeadName
from echopilot_perception.heads.base import Head, HeadResults, HeadSpec, sigmoid

if TYPE_CHECKING:
    from torch import Tensor, nn

COLUMNS = 16


class CouplingHead(Head):
    """Contact of the column groups of the transducer face."""

    name = "coupling"
    gives = HeadName.COUPLING
    weight = 0.3

    def build(self, dense_channels: int, features: int, spec: HeadSpec) -> nn.Module:
        from torch import nn

        from echopilot_perception.heads.layers import OnFeatures

        return OnFeatures(nn.Linear(features, COLUMNS))

    def loss(self, output: Tensor, batch: Mapping[str, Tensor]) -> Tensor:
        from echopilot_perception.heads.layers import known_entropy

        return known_entropy(output, batch["coupling"])

    def metric(self, output: Tensor, batch: Mapping[str, Tensor]) -> dict[str, float]:
        return {"coupling_mae": float((output.sigmoid() - batch["coupling"]).abs().nanmean())}

    def read(self, output: NDArray[np.float32], spec: HeadSpec, results: HeadResults) -> None:
        results.coupling = sigmoid(output)
