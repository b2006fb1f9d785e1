"""The heads of the network: one file each, listed here in the order of the exported outputs."""

from echopilot_perception.heads.base import GuidanceView, Head, HeadSpec, Reading, Size
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

__all__ = ["HEADS", "GuidanceView", "Head", "HeadSpec", "Reading", "Size"]
