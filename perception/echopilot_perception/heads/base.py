"""Interface of a head of the network: layer, loss, metrics, and its part of the perception result."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from echopilot_core import Box, Guidance, HeadName, Landmark, SegmentationClass, View
from echopilot_perception.grid import STANDARD, NetworkGrid

if TYPE_CHECKING:
    from torch import Tensor, nn


UNKNOWN_LABEL = 255
"""Value of cells with unknown content in maps of labels and of disease; they do not contribute to the loss."""


@dataclass(frozen=True)
class GuidanceView:
    """A view that the model guides to; network outputs are multiplied by `scale` (6,) [m, m, m, rad, rad, rad]."""

    view: View
    scale: tuple[float, float, float, float, float, float]


@dataclass(frozen=True)
class HeadSpec:
    """Properties shared by the heads of one model.

    `classes` and `views` are those that its segmentation and its view output tell apart, in their order: a model of one
    task may know a few of them.
    """

    guidance: tuple[GuidanceView, ...]
    classes: tuple[SegmentationClass, ...] = tuple(SegmentationClass)
    views: tuple[View, ...] = tuple(View)


@dataclass(frozen=True)
class RegressedSize:
    """A size read directly from the features: value and standard deviation in SI units."""

    name: str
    value: float
    sigma: float


@dataclass
class HeadResults:
    """Values of all heads for one image on `grid`, filled head by head before it becomes a `PerceptionResult`."""

    grid: NetworkGrid = STANDARD
    probability: NDArray[np.float32] = field(default_factory=lambda: np.zeros((0, 0, 0), np.float32))  # (14, 128, 128)
    labels: NDArray[np.uint8] = field(default_factory=lambda: np.zeros((0, 0), np.uint8))
    view_probability: NDArray[np.float64] = field(default_factory=lambda: np.zeros(0))
    quality: float = 0.0
    coupling: NDArray[np.float64] = field(default_factory=lambda: np.zeros(16))
    guidance: tuple[Guidance, ...] = ()
    landmarks: tuple[Landmark, ...] = ()
    boxes: tuple[Box, ...] = ()
    sizes: tuple[RegressedSize, ...] = ()
    enhanced: NDArray[np.uint8] = field(default_factory=lambda: np.zeros((0, 0), np.uint8))
    embedding: NDArray[np.float64] = field(default_factory=lambda: np.zeros(0))


class Head(ABC):
    """One output of the network. torch is imported only by `build`, `loss` and `metric`, never by `read`."""

    name: str
    gives: HeadName  # the part of a result that it fills
    weight: float = 1.0
    dense: bool = False  # one answer per cell, given as four lattices while training (layers.OnDenseShuffled)

    @abstractmethod
    def build(self, dense_channels: int, features: int, spec: HeadSpec) -> nn.Module:
        """Layer that takes (dense (N, C, 64, 64), features (N, F)) and returns the output `name`."""

    @abstractmethod
    def loss(self, output: Tensor, batch: Mapping[str, Tensor]) -> Tensor:
        """Scalar loss of an output in float32; `batch` holds the arrays of `training.samples` as tensors."""

    @abstractmethod
    def metric(self, output: Tensor, batch: Mapping[str, Tensor]) -> dict[str, float]:
        """Figures for the progress line and the model card."""

    @abstractmethod
    def read(self, output: NDArray[np.float32], spec: HeadSpec, results: HeadResults) -> None:
        """Write the output of one image (no batch axis) to its fields of `results`."""


def softmax(logits: NDArray[np.float32], axis: int = 0) -> NDArray[np.float32]:
    """Stable softmax in float32."""
    e = np.exp(logits - logits.max(axis=axis, keepdims=True))
    return np.asarray(e / e.sum(axis=axis, keepdims=True), dtype=np.float32)


def sigmoid(logits: NDArray[np.float32]) -> NDArray[np.float64]:
    """Stable logistic function."""
    return np.asarray(0.5 * (1.0 + np.tanh(0.5 * logits.astype(np.float64))))
