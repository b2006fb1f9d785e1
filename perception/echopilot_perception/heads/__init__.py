"""The heads of the network: one file each, listed here in the order of the exported outputs."""

from echopilot_perception.heads.base import GuidanceView, Head, HeadSpec, Reading
from echopilot_perception.heads.coupling import CouplingHead
from echopilot_perception.heads.embedding import EmbeddingHead
from echopilot_perception.heads.guidance import GuidanceHead
from echopilot_perception.heads.quality import QualityHead
from echopilot_perception.heads.segmentation import SegmentationHead
from echopilot_perception.heads.view import ViewHead

HEADS: tuple[Head, ...] = (
    SegmentationHead(),
    ViewHead(),
    QualityHead(),
    CouplingHead(),
    GuidanceHead(),
    EmbeddingHead(),
)

__all__ = ["HEADS", "GuidanceView", "Head", "HeadSpec", "Reading"]
