"""Enhancement head: the image with reduced speckle, for display only.

Learned from pairs of images of one moment with independent speckle: the best guess of the other is the mean over
all speckles (Noise2Noise, Lehtinen et al. 2018).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import cv2
import numpy as np
from numpy.typing import NDArray

from echopilot_core import HeadName
from echopilot_perception.heads.base import Head, HeadResults, HeadSpec

if TYPE_CHECKING:
    from torch import Tensor, nn


WITHOUT_CHECKERBOARD = np.array([0.25, 0.5, 0.25])


class EnhancementHead(Head):
    """Speckle-reduced image."""

    name = "enhancement"
    gives = HeadName.ENHANCEMENT
    weight = 0.5
    dense = True

    def build(self, dense_channels: int, features: int, spec: HeadSpec) -> nn.Module:
        from echopilot_perception.heads.layers import OnDenseShuffled

        return OnDenseShuffled(dense_channels, 1)

    def loss(self, output: Tensor, batch: Mapping[str, Tensor]) -> Tensor:
        """Mean square difference from the other image, where there is one."""
        known = batch["calm_known"].float()[:, None, None]
        error = (output[:, 0] - batch["calm"] / 255.0).square() * known
        return 10.0 * error.sum() / (known.sum() * error[0].numel()).clamp(min=1.0)

    def metric(self, output: Tensor, batch: Mapping[str, Tensor]) -> dict[str, float]:
        known = batch["calm_known"]
        if not bool(known.any()):
            return {}
        error = (output[known, 0] - batch["calm"][known] / 255.0).square().mean()
        return {"enhancement_rms": float(error.sqrt())}

    def read(self, output: NDArray[np.float32], spec: HeadSpec, results: HeadResults) -> None:
        """The layer answers by four lattices of cells that differ a little; the filter takes that checkerboard out."""
        smooth = cv2.sepFilter2D(output[0], -1, WITHOUT_CHECKERBOARD, WITHOUT_CHECKERBOARD)
        results.enhanced = np.round(np.clip(smooth, 0.0, 1.0) * 255.0).astype(np.uint8)
