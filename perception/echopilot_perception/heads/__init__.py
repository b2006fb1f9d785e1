"""The heads of the network: one file each, listed here in the order of the exported outputs."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from echopilot_perception.grid import STANDARD, NetworkGrid
from echopilot_perception.heads.base import GuidanceView, Head, HeadResults, HeadSpec, RegressedSize
from echopilot_perception.heads.coupling import CouplingHead
from echopilot_perception.heads.disease import DiseaseHead
from echopilot_perception.heads.embedding import EmbeddingHead
from echopilot_perception.heads.enhancement import EnhancementHead
from echopilot_perception.heads.guidance import GuidanceHead
from echopilot_perception.heads.landmarks import LandmarkHead
from echopilot_perception.heads.quality import QualityHead
from echopilot_perception.heads.segmentation import SegmentationHead
from echopilot_perception.heads.sizes import SizeHead
from echopilot_perception.heads.view import ViewHead

HEADS: tuple[Head, ...] = (
    SegmentationHead(),
    ViewHead(),
    QualityHead(),
    CouplingHead(),
    GuidanceHead(),
    LandmarkHead(),
    SizeHead(),
    DiseaseHead(),
    EnhancementHead(),
    EmbeddingHead(),
)


def read_heads(
    outputs: Mapping[str, NDArray[np.float32]],
    spec: HeadSpec,
    grid: NetworkGrid = STANDARD,
    heads: Sequence[Head] = HEADS,
) -> HeadResults:
    """Values of a model's heads from the outputs by name of one image on `grid`, batch axis of length 1 included."""
    results = HeadResults(grid)
    for head in heads:
        head.read(outputs[head.name][0], spec, results)
    return results


__all__ = ["HEADS", "GuidanceView", "Head", "HeadResults", "HeadSpec", "RegressedSize", "read_heads"]
