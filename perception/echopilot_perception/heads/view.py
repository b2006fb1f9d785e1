"""View head: which standard view the image shows, or none; cross-entropy."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from echopilot_core import HeadName, View
from echopilot_perception.heads.base import Head, HeadResults, HeadSpec, softmax

if TYPE_CHECKING:
    from torch import Tensor, nn


class ViewHead(Head):
    """Probabilities of the standard views."""

    name = "view"
    gives = HeadName.VIEW
    weight = 0.5

    def build(self, dense_channels: int, features: int, spec: HeadSpec) -> nn.Module:
        from torch import nn

        from echopilot_perception.heads.layers import OnFeatures

        return OnFeatures(nn.Linear(features, len(View)))

    def loss(self, output: Tensor, batch: Mapping[str, Tensor]) -> Tensor:
        from torch.nn import functional

        view = batch["view"].long()
        total = functional.cross_entropy(output, view, ignore_index=-1, label_smoothing=0.02, reduction="sum")
        return total / (view >= 0).sum().clamp(min=1)

    def metric(self, output: Tensor, batch: Mapping[str, Tensor]) -> dict[str, float]:
        known = batch["view"] >= 0
        right = (output.argmax(dim=1) == batch["view"])[known].float()
        return {"view_accuracy": float(right.mean())} if len(right) else {}

    def read(self, output: NDArray[np.float32], spec: HeadSpec, results: HeadResults) -> None:
        probability = softmax(output).astype(np.float64)
        results.view_probability = np.zeros(len(View))
        results.view_probability[list(spec.views)] = probability / probability.sum()
