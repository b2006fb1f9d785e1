"""The layer that answers an application on top of an encoder, its loss, and the marks of its answers."""

from typing import Any

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from echopilot_core import Array
from echopilot_perception.heads.landmarks import LEFT_M, SPACING_M, TOP_M, LandmarkHead
from echopilot_perception.heads.layers import known_entropy
from echopilot_perception.tasks import marks
from echopilot_perception.tasks.applications import CORRELATED, DENSE, TaskApplication
from echopilot_perception.training.distributed import constants_on

UNKNOWN_CLASS = -1
PRESENT_FROM = 0.5  # probability
LEAST_CELLS = 3  # of a box
POSITIVE_WEIGHT = 4.0  # of the few cells of a nodule


class TaskLayer(nn.Module):
    """One linear layer on the standardized features of a whole image, or on those of every cell.

    Statistics are those of the images that it learns from. Numbers to regress are answered in units of their usual
    deviation from their mean.
    """

    mean: Tensor
    deviation: Tensor
    center: Tensor
    unit: Tensor

    def __init__(self, application: TaskApplication, inputs: Tensor, target: Tensor) -> None:
        """`inputs` are features (N, D) or dense maps (N, C, 64, 64) of images to learn from, `target` their truth."""
        super().__init__()
        self.application = application
        self.is_dense = application.kind in DENSE
        over = (0, 2, 3) if self.is_dense else (0,)
        mean, deviation = inputs.float().mean(dim=over), inputs.float().std(dim=over).clamp(min=1e-4)
        shape = (1, -1, 1, 1) if self.is_dense else (1, -1)
        self.register_buffer("mean", mean.view(shape))
        self.register_buffer("deviation", deviation.view(shape))
        values = target[torch.isfinite(target)] if target.is_floating_point() else torch.zeros(2)
        is_regression = application.kind == "regression"
        self.register_buffer("center", values.mean() if is_regression else torch.tensor(0.0))
        self.register_buffer("unit", values.std().clamp(min=1e-6) if is_regression else torch.tensor(1.0))
        width = len(mean)
        self.layer: nn.Module
        if self.is_dense:
            self.layer = nn.Conv2d(width, application.outputs, 1)
        else:
            self.layer = nn.Linear(width, application.outputs)
        nn.init.normal_(self.layer.weight, std=0.01)
        nn.init.constant_(self.layer.bias, -5.0 if application.kind == "landmarks" else 0.0)

    def forward(self, inputs: Tensor) -> Tensor:
        output: Tensor = self.layer((inputs - self.mean) / self.deviation)
        return output

    def loss(self, output: Tensor, target: Tensor) -> Tensor:
        """Mean loss of answers to a target, of which unknown parts do not count."""
        kind = self.application.kind
        if kind == "segmentation":
            return _segmentation_loss(output, target.long())
        if kind == "classification":
            return functional.cross_entropy(output, target.long(), ignore_index=UNKNOWN_CLASS)
        if kind == "detection":
            weight = output.new_tensor(POSITIVE_WEIGHT)
            return functional.binary_cross_entropy_with_logits(output[:, 0], target.float(), pos_weight=weight)
        if kind == "landmarks":
            known = torch.ones(len(target), dtype=torch.bool, device=target.device)
            with constants_on(output.device):
                return LandmarkHead().loss(output, {"landmarks": target, "landmarks_known": known})
        if kind == "report":
            return known_entropy(output, torch.where(target < 0, torch.nan, target.float()))
        if kind == "enhancement":
            return functional.mse_loss(output[:, 0], target)
        return functional.smooth_l1_loss(output[:, 0], (target - self.center) / self.unit)

    def marks(self, output: Tensor, target: NDArray[Any]) -> Array:
        """Marks (N, M) of answers to images whose target is known."""
        kind, found = self.application.kind, output.float().cpu()
        if kind == "segmentation":
            labels = found.argmax(dim=1).numpy().astype(np.uint8)
            return marks.segmentation_marks(labels, target, self.application.outputs)
        if kind == "classification":
            said = found.softmax(1)[:, 1] if self.application.outputs == 2 else found.argmax(1)
            return np.stack([target.astype(np.float64), said.numpy().astype(np.float64)], axis=1)
        if kind == "detection":
            surest = [surest_box(p) for p in found[:, 0].sigmoid().numpy()]
            return marks.detection_marks(surest, [extent_of(mask > 0) for mask in target])
        if kind == "landmarks":
            return _landmark_marks(found, target)
        if kind == "report":
            return marks.statement_marks(found.sigmoid().numpy() >= PRESENT_FROM, target)
        if kind == "enhancement":
            return np.asarray(((found[:, 0].numpy() - target) ** 2).mean(axis=(1, 2))[:, None], np.float64)
        value = (found[:, 0] * self.unit.cpu() + self.center.cpu()).numpy().astype(np.float64)
        if self.application.name in CORRELATED:
            return np.stack([value, target.astype(np.float64)], axis=1)
        return np.asarray(100.0 * np.abs(value - target)[:, None] / np.abs(target)[:, None], np.float64)


def surest_box(probability: NDArray[np.float32]) -> Array | None:
    """Box (left, top, right, bottom) in cells of the patch (H, W) that holds the surest cell; None without a patch."""
    count, parts = cv2.connectedComponents((probability >= PRESENT_FROM).astype(np.uint8))
    if count < 2:
        return None
    row, column = np.unravel_index(int(np.argmax(probability)), probability.shape)
    patch = parts == parts[row, column]
    return extent_of(patch) if parts[row, column] and patch.sum() >= LEAST_CELLS else None


def extent_of(mask: NDArray[np.bool_]) -> Array | None:
    """Box (left, top, right, bottom) in cells around a mask (H, W); None when it is empty."""
    rows, columns = np.nonzero(mask)
    if not len(rows):
        return None
    return np.array([columns.min(), rows.min(), columns.max() + 1, rows.max() + 1], np.float64)


def _segmentation_loss(output: Tensor, target: Tensor) -> Tensor:
    """Cross-entropy, and soft Dice over the classes present."""
    known = (target != 255).float()
    labels = torch.where(target == 255, 0, target)
    entropy = (functional.cross_entropy(output, labels, reduction="none") * known).sum() / known.sum().clamp(min=1.0)
    p = output.softmax(dim=1) * known[:, None]
    true = functional.one_hot(labels, output.shape[1]).movedim(-1, 1).float() * known[:, None]
    both, either = (p * true).sum(dim=(0, 2, 3)), (p + true).sum(dim=(0, 2, 3))
    there = (true.sum(dim=(0, 2, 3)) > 0).float()
    dice = (1.0 - (2.0 * both + 1.0) / (either + 1.0)) * there
    return entropy + 0.5 * dice.sum() / there.sum().clamp(min=1.0)


def _landmark_marks(found: Tensor, target: NDArray[np.float32]) -> Array:
    """Sum of the distances [mm] of the peaks from the points that are there, and how many are (N, 2)."""
    best = found.flatten(2).argmax(dim=2).numpy()
    cells = found.shape[-1]
    x, y = LEFT_M + SPACING_M * (best % cells), TOP_M + SPACING_M * (best // cells)
    away_mm = 1e3 * np.hypot(x - target[..., 0], y - target[..., 1])
    there = np.isfinite(away_mm)
    return np.stack([np.where(there, away_mm, 0.0).sum(axis=1), there.sum(axis=1)], axis=1).astype(np.float64)
