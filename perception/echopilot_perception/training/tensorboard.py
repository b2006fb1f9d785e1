"""TensorBoard log of a run: losses and learning rate per step, figures and images per epoch."""

import colorsys
from types import TracebackType

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from echopilot_core import SegmentationClass
from echopilot_perception.heads import HEADS
from echopilot_perception.heads.base import UNKNOWN_LABEL
from echopilot_perception.training.batches import on_device, tensors
from echopilot_perception.training.samples import Samples

IMAGES = 4
STEPS_APART = 10
UNKNOWN_COLOR = (60, 60, 60)
OPACITY = 0.5


class Board:
    """Writes event files to a folder; without a folder, or without the package tensorboard, it writes nothing."""

    def __init__(self, folder: str | None) -> None:
        self._writer = None
        if folder is not None:
            try:
                from torch.utils.tensorboard import SummaryWriter
            except ImportError:  # the extra `train` brings it; training continues without
                return
            self._writer = SummaryWriter(folder)

    def __enter__(self) -> "Board":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._writer is not None:
            self._writer.close()

    def step(self, number: int, figures: dict[str, float], learning_rate: float) -> None:
        """Losses of every tenth step."""
        if self._writer is not None and number % STEPS_APART == 0:
            self._writer.add_scalar("step/learning_rate", learning_rate, number)
            for name, value in figures.items():
                self._writer.add_scalar(f"step/{name}", value, number)

    def epoch(self, number: int, figures: dict[str, float], network: nn.Module, shown: Samples | None) -> None:
        """Figures of an epoch, and rows of image, truth and prediction of some held-out samples."""
        if self._writer is None:
            return
        for name, value in figures.items():
            self._writer.add_scalar(f"epoch/{name}", value, number)
        if shown is not None:
            self._writer.add_image("images", overlays(network, shown), number, dataformats="HWC")
        self._writer.flush()


def overlays(network: nn.Module, shown: Samples) -> NDArray[np.uint8]:
    """Rows of image, truth and prediction, RGB (rows * 256, 3 * 256, 3), of at most four samples evenly picked."""
    picked = shown.take(np.unique(np.linspace(0, len(shown) - 1, IMAGES).astype(np.int64)))
    device = next(network.parameters()).device
    network.eval()
    with torch.no_grad():
        outputs = network(on_device(tensors(picked), device)["image"])
    where = [head.name for head in HEADS].index("segmentation")
    found = outputs[where].argmax(dim=1).cpu().numpy().astype(np.uint8)
    rows = [
        np.hstack([cv2.cvtColor(image, cv2.COLOR_GRAY2RGB), painted(image, true), painted(image, predicted)])
        for image, true, predicted in zip(picked.image, picked.labels, found, strict=True)
    ]
    return np.vstack(rows)


def painted(image: NDArray[np.uint8], labels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Image (H, W) with each class in a color of its own, unknown cells in gray."""
    colors = np.zeros((256, 3), np.uint8)
    for tissue in list(SegmentationClass)[1:]:
        colors[tissue] = [round(255 * c) for c in colorsys.hsv_to_rgb((0.381966 * tissue) % 1.0, 0.8, 1.0)]
    colors[UNKNOWN_LABEL] = UNKNOWN_COLOR
    cells = cv2.resize(labels, image.shape[::-1], interpolation=cv2.INTER_NEAREST)
    gray = cv2.cvtColor(image, cv2.COLOR_GRAY2RGB)
    mixed = cv2.addWeighted(gray, 1.0 - OPACITY, colors[cells], OPACITY, 0.0)
    return np.asarray(np.where((cells == SegmentationClass.BACKGROUND)[..., None], gray, mixed), np.uint8)
