"""Embedding head: backbone features and channel statistics of the dense map, for out-of-distribution detection.

It has no loss.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from echopilot_core import HeadName
from echopilot_perception.heads.base import Head, HeadResults, HeadSpec

if TYPE_CHECKING:
    from torch import Tensor, nn


class EmbeddingHead(Head):
    """Features for the out-of-distribution score."""

    name = "embedding"
    gives = HeadName.OOD
    weight = 0.0

    def build(self, dense_channels: int, features: int, spec: HeadSpec) -> nn.Module:
        from echopilot_perception.heads.layers import Summary

        return Summary()

    def loss(self, output: Tensor, batch: Mapping[str, Tensor]) -> Tensor:
        return output.sum() * 0.0

    def metric(self, output: Tensor, batch: Mapping[str, Tensor]) -> dict[str, float]:
        return {}

    def read(self, output: NDArray[np.float32], spec: HeadSpec, results: HeadResults) -> None:
        results.embedding = output.astype(np.float64)
