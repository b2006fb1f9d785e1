"""Segmentation head: class of every cell, cross-entropy plus soft Dice over the classes present."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from echopilot_core import HeadName, SegmentationClass
from echopilot_perception.heads.base import UNKNOWN_LABEL, Head, HeadResults, HeadSpec, softmax

if TYPE_CHECKING:
    from torch import Tensor, nn

CLASSES = len(SegmentationClass)
CLASS_WEIGHT = (0.7, 1.0, 1.0, 1.0, 1.0, 1.0, 1.2, 1.2, 1.3, 1.2, 1.0, 0.6, 0.7, 1.2)  # mild: weights shift outlines


class SegmentationHead(Head):
    """Class probabilities of every cell."""

    name = "segmentation"
    gives = HeadName.SEGMENTATION
    weight = 1.0
    dense = True

    def build(self, dense_channels: int, features: int, spec: HeadSpec) -> nn.Module:
        from echopilot_perception.heads.layers import OnDenseShuffled

        return OnDenseShuffled(dense_channels, CLASSES)

    def loss(self, output: Tensor, batch: Mapping[str, Tensor]) -> Tensor:
        """Cross-entropy weighted by class, plus half the soft Dice loss of the classes in the batch."""
        import torch

        labels = batch["labels"].long()
        known = (labels != UNKNOWN_LABEL).float()
        labels = labels * known.long()
        log_p = output.log_softmax(dim=1)
        log_true = log_p.gather(1, labels[:, None])[:, 0]
        weight = torch.tensor(CLASS_WEIGHT)[labels] * known
        entropy = -(weight * log_true).sum() / weight.sum().clamp(min=1.0)
        predicted = (log_p.exp() * known[:, None]).sum(dim=(0, 2, 3))
        flat = labels.flatten()
        true = torch.zeros(CLASSES).index_add(0, flat, known.flatten())
        overlap = torch.zeros(CLASSES).index_add(0, flat, (log_true.exp() * known).flatten())
        there = (true > 0).float()
        dice = (1.0 - (2.0 * overlap + 1.0) / (predicted + true + 1.0)) * there
        return entropy + 0.5 * dice.sum() / there.sum().clamp(min=1.0)

    def metric(self, output: Tensor, batch: Mapping[str, Tensor]) -> dict[str, float]:
        labels, found = batch["labels"], output.argmax(dim=1)
        known = labels != UNKNOWN_LABEL
        figures = {}
        for tissue in list(SegmentationClass)[1:]:
            true, predicted = (labels == tissue) & known, (found == tissue) & known
            if bool(true.any()):
                figures[f"dice.{tissue.name}"] = float(2 * (true & predicted).sum() / (true.sum() + predicted.sum()))
        return figures

    def read(self, output: NDArray[np.float32], spec: HeadSpec, results: HeadResults) -> None:
        probability, labels = softmax(output), np.argmax(output, axis=0).astype(np.uint8)
        if len(spec.classes) < CLASSES:
            known = np.array(spec.classes, np.uint8)
            every = np.zeros((CLASSES, *labels.shape), np.float32)
            every[known] = probability
            probability, labels = every, known[labels]
        results.probability, results.labels = probability, labels
