"""Loss by INT8: results of the quantized network compared with those of the FP32 one on the same images."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from echopilot_core import SegmentationClass
from echopilot_perception.heads import HeadSpec, read_heads
from echopilot_perception.runtime import Runtime

MIN_CELLS = 200  # over all images: the overlap of fewer cells says nothing


@dataclass(frozen=True)
class Int8Loss:
    """Agreement over all images; changes are absolute differences of probability and of quality (0..1)."""

    dice: dict[str, float]  # by class name, of the two label maps
    dice_mean: float
    view_change_max: float
    view_change_mean: float  # of the largest change of each image
    view_agreement: float  # share of images with the same top view
    quality_change_max: float
    quality_change_mean: float


def int8_loss(fp32: Runtime, int8: Runtime, spec: HeadSpec, images: NDArray[np.float32]) -> Int8Loss:
    """Compare two active runtimes of one model on images (N, 1, H, W), one at a time."""
    rows = [[read_heads(runtime.infer(image[None]), spec) for image in images] for runtime in (fp32, int8)]
    labels = [np.stack([reading.labels for reading in row]) for row in rows]
    views = [np.stack([reading.view_probability for reading in row]) for row in rows]
    quality = [np.array([reading.quality for reading in row]) for row in rows]
    dice = {
        tissue.name: _dice(labels[0] == tissue, labels[1] == tissue)
        for tissue in SegmentationClass
        if tissue != SegmentationClass.BACKGROUND and int((labels[0] == tissue).sum()) >= MIN_CELLS
    }
    change = np.abs(views[0] - views[1]).max(axis=1)
    gap = np.abs(quality[0] - quality[1])
    return Int8Loss(
        dice=dice,
        dice_mean=float(np.mean(list(dice.values()))) if dice else 1.0,
        view_change_max=float(change.max()),
        view_change_mean=float(change.mean()),
        view_agreement=float((views[0].argmax(axis=1) == views[1].argmax(axis=1)).mean()),
        quality_change_max=float(gap.max()),
        quality_change_mean=float(gap.mean()),
    )


def _dice(a: NDArray[np.bool_], b: NDArray[np.bool_]) -> float:
    return float(2 * (a & b).sum() / max(int(a.sum() + b.sum()), 1))
